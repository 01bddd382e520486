"""Home: what needs attention, and what there is."""

from fastapi import Response

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.pages import Pages, Visiting


class Home(Answer):
    """A project at a glance."""

    people: int
    segments: int
    last_run: IsoMoment | None
    stalled: list[str]
    dead_letters: int
    behind: int


def mount_home(pages: Pages) -> None:
    """Add `/`."""

    @pages.page("/", name="/home")
    def home(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found = Home.model_validate(project.status())
        return visit.shows("home", found)
