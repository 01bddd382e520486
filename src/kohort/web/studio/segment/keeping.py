"""What keeps a segment right: its versions, its tests and guard rails."""

from collections.abc import Callable
from typing import Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.web.api.models.segments import Version
from kohort.web.disclosure import names_people
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, labels_of, summary_of
from kohort.web.studio.segment.models import GuardRail, SegmentTests, SegmentVersions

_: Final[Callable[[str], str]] = marked
_VERSIONS: Final = ("version", "sentence", "in_force", "applied_at", "at", "size", "entered", "left", "cause", "reason")
_CHECKS: Final = ("kind", "check", "state", "found", "limit")
_PERSONAL: Final = ("in: ", "out: ")
"""How the tests begin that name a person."""


def mount_keeping(pages: Pages) -> None:
    """Add `/segments/{name}/versions` and `/checks`."""

    @pages.page("/segments/{name}/versions", SEGMENTS_READ, listed=True)
    def versions(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            summary, _all = summary_of(project, name)
            found = [Version.model_validate(one) for one in reversed(project.history(name))]
        page = SegmentVersions(segment=name, versions=found)
        label = summary.labels[visit.language.value]
        return shows_part(visit, "segment/versions", page, Listed.of(_VERSIONS, found), label=label)

    @pages.page("/segments/{name}/checks", SEGMENTS_READ, listed=True)
    def checks(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            _summary, segments = summary_of(project, name)
            page = SegmentTests.model_validate(project.checks(name))
        if not names_people(visit.visitor):
            page = _without_people(page)
        rows: list[list[object]] = [["test", one.test, one.state, one.found, None] for one in page.verdicts]
        rows += [["guard", one.guard, _state(one), one.found, one.limit] for one in page.guards]
        labels = labels_of(visit, segments)
        return shows_part(
            visit, "segment/checks", page, Listed(_CHECKS, rows), label=labels[name], labels=labels, guard=_guard(visit)
        )


def _state(one: GuardRail) -> str:
    return "" if one.holds is None else "holds" if one.holds else "broken"


def _without_people(page: SegmentTests) -> SegmentTests:
    """Return the checks without the ids of those whom tests name."""
    told = [
        one.model_copy(update={"test": one.test.partition(":")[0]}) if one.test.startswith(_PERSONAL) else one
        for one in page.verdicts
    ]
    return page.model_copy(update={"verdicts": told})


def _guard(visit: Visit) -> Callable[[str], str]:
    """Return what tells of a guard rail in the language of the page."""
    words = {
        "smallest": _("at least this many people"),
        "broadest": _("at most this share of everybody"),
        "alike": _("at most this like another segment (Jaccard)"),
        "change": _("at most this share enters or leaves by a change"),
        "empty_for": _("not empty for longer than this"),
    }
    return lambda guard: visit.say(words[guard]) if guard in words else guard
