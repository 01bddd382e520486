"""`/models/{score}/training`: what a training would learn from, looked at first, begun exactly so, then followed."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from fastapi import Response
from starlette.responses import RedirectResponse

from kohort.governance.audit import Actor
from kohort.governance.keys import SEGMENTS_READ, SEGMENTS_WRITE
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.training.plan import TrainingPlan as Planned
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.training import Training, TrainingList, TrainingPlan
from kohort.web.api.tokens import plan_of
from kohort.web.api.training import plan_told
from kohort.web.studio.drawing import spoken
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.registry.pages import KINDS, Named

_: Final[Callable[[str], str]] = marked
_OPEN: Final = frozenset({"waiting", "running"})
_STATES: Final[Mapping[str, str]] = {
    "waiting": _("waits for its turn"),
    "running": _("is under way"),
    "done": _("done"),
    "failed": _("failed"),
    "interrupted": _("interrupted"),
}
_STAGES: Final[Mapping[str, str]] = {
    "reading": _("It reads the history."),
    "learning": _("It learns."),
    "keeping": _("It keeps the model."),
}
_COLUMNS: Final = ("training_id", "score", "state", "at", "rows", "asked_at", "began_at", "ended_at", "model", "reason")


class TrainingPage(Answer):
    """The plan of a training, null while one is under way, and the trainings that were asked for."""

    score: str
    plan: TrainingPlan | None
    trainings: list[Training]


def mount_training_pages(pages: Pages) -> None:
    """Add `/models/{score}/training`, and its part `/models/{score}/trainings`."""

    @pages.page("/models/{score}/training", SEGMENTS_READ, listed=True)
    def training(visit: Visiting, score: Named) -> Response:
        with visit.desk.asking(score="path.score", asked="path.score") as project:
            before = [Training.model_validate(one) for one in project.trainings.list(score)]
            is_open = any(one.state in _OPEN for one in before)
            plan = None if is_open else plan_told(project.plan_training(score))
        page = TrainingPage(score=score, plan=plan, trainings=before)
        why = "" if plan is None else spoken(Bilingual(plan.why.en, plan.why.fr), visit.language)
        return visit.shows("models/training", page, Listed.of(_COLUMNS, before), kinds=KINDS, why=why)

    @pages.page("/models/{score}/trainings", SEGMENTS_READ, listed=True)
    def trainings(visit: Visiting, score: Named) -> Response:
        with visit.desk.changing() as project:
            found = TrainingList.model_validate({"trainings": project.trainings.list(score)})
        listed = Listed.of(_COLUMNS, found.trainings)
        return shows_part(
            visit, "models/trainings", found, listed, score=score, stages=_STAGES, states=_STATES, still=_OPEN
        )

    @pages.action("/models/{score}/training", SEGMENTS_WRITE)
    def begin(visit: Visiting, score: Named, body: Body) -> Response:
        plan = plan_of(posted(body).get("token", ""), Planned)
        with visit.desk.asking(score="form.token", asked="form.token") as project:
            project.start_training(plan, by=Actor(visit.visitor.name, "studio"))
        return RedirectResponse(f"/models/{quote(score, safe='')}/training", 303)
