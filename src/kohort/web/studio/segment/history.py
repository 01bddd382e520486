"""A segment in time: its size, who entered and left, where they came from and went."""

from collections.abc import Callable, Iterable
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.clock import DAY, format_moment, step_from
from kohort.errors import UsageError
from kohort.governance.keys import SEGMENTS_READ
from kohort.segments.flows import NOBODY_YET, NONE, Transition
from kohort.web.api.models.segments import SizeAt
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.drawing import kept
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, labels_of, may_see_people, summary_of
from kohort.web.studio.segment.figures import flow_figures, moves_figure, size_figure
from kohort.web.studio.segment.models import Change, SegmentFlows, SegmentMoves, SegmentSizes

_: Final[Callable[[str], str]] = marked
STEPS: Final = {"day": "1 day", "week": "7 days", "month": "30 days"}
"""How far apart sizes are, by what the page calls it."""
_USUAL_DAYS: Final = 30
_SIZES: Final = ("at", "size", "population", "share", "recorded", "recorded_at")
_MOVES: Final = ("since", "until", "entered", "left")
_FLOWS: Final = ("before", "after", "people")
Day = Annotated[str, Query(max_length=40)]


def mount_history(pages: Pages) -> None:
    """Add `/segments/{name}/sizes`, `/moves` and `/flows`."""

    @pages.page("/segments/{name}/sizes", SEGMENTS_READ, listed=True)
    def sizes(visit: Visiting, name: Name, every: Annotated[str, Query(max_length=20)] = "day") -> Response:
        with visit.desk.asking(**PLACES, asked="query.every") as project:
            if every not in STEPS:
                raise UsageError(f"sizes are shown by {', '.join(STEPS)}; choose one of them")
            summary, _all = summary_of(project, name)
            found = [SizeAt.model_validate(one) for one in project.size_history(name, summary.at, STEPS[every])]
        page = SegmentSizes(segment=name, every=every, sizes=found)
        label = summary.labels[visit.language.value]
        more = (
            {"figure": kept("sizes", lambda: size_figure(visit, page), visit.formats, page)}
            if visit.form == "html"
            else {}
        )
        return shows_part(
            visit, "segment/sizes", page, Listed.of(_SIZES, found), label=label, steps=list(STEPS), **more
        )

    @pages.page("/segments/{name}/moves", SEGMENTS_READ, listed=True)
    def moves(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            summary, _all = summary_of(project, name)
            page = SegmentMoves.model_validate(project.moves(name))
        newest = _told(visit, page.newest or []) if may_see_people(visit) else None
        page = page.model_copy(update={"newest": newest})
        label = summary.labels[visit.language.value]
        more = (
            {"figure": kept("moves", lambda: moves_figure(visit, page), visit.formats, page)}
            if visit.form == "html"
            else {}
        )
        return shows_part(visit, "segment/moves", page, Listed.of(_MOVES, page.days), label=label, **more)

    @pages.page("/segments/{name}/flows", SEGMENTS_READ, listed=True)
    def flows(visit: Visiting, name: Name, since: Day = "", until: Day = "") -> Response:
        page, labels = _flows(visit, name, since, until)

        def state(one: str) -> str:
            return {NONE: visit.say(_("in none")), NOBODY_YET: visit.say(_("not known yet"))}.get(one) or labels[one]

        more = {"figures": flow_figures(visit, page, state)} if visit.form == "html" else {}
        days = {key: format_moment_day(visit, moment) for key, moment in (("since", page.since), ("until", page.until))}
        return shows_part(
            visit,
            "segment/flows",
            page,
            Listed.of(_FLOWS, (*page.came, *page.went)),
            label=labels[name],
            state=state,
            days=days,
            **more,
        )


def _told(visit: Visit, changes: Iterable[Change]) -> list[Change]:
    """Return changes as they may be told: to analysts under pseudonyms."""
    told = disclosure_to(visit.project, visit.visitor)
    return [
        one.model_copy(update={"person_id": told.person_id(one.person_id), "user_id": told.user_id(one.user_id)})
        for one in changes
    ]


def format_moment_day(visit: Visit, moment: str) -> str:
    """Return the day of a moment as a field for dates has it."""
    zone = visit.formats.zone
    return format_moment(visit.desk.moment_of(moment, ""), zone)[:10]


def _flows(visit: Visit, name: str, since: str, until: str) -> tuple[SegmentFlows, dict[str, str]]:
    """Return the flows of a segment; by default of the last month up to the moment of its members."""
    first, last = (
        visit.desk.moment(one or None, f"query.{where}") for one, where in ((since, "since"), (until, "until"))
    )
    with visit.desk.asking(**PLACES, asked="query.since") as project:
        summary, all_of_them = summary_of(project, name)
        end = project.moment() if summary.at is None else summary.at
        end = end if last is None else last
        start = step_from(end, -_USUAL_DAYS, DAY, project.zone) if first is None else first
        # Its own state first: whoever is in it is in it, whatever else they are in.
        others = [one.name for one in all_of_them if one.size is not None and one.name != name]
        found = project.flows(start, end, [name, *others])
    page = SegmentFlows.model_validate(
        {
            "segment": name,
            "since": found.since,
            "until": found.until,
            "flow": next(one for one in found.segments if one.segment == name),
            "came": _largest(one for one in found.transitions if one.after == name and one.before != name),
            "went": _largest(one for one in found.transitions if one.before == name and one.after != name),
        }
    )
    return page, labels_of(visit, all_of_them)


def _largest(found: Iterable[Transition]) -> list[Transition]:
    return sorted(found, key=lambda one: -one.people)
