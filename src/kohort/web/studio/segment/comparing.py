"""A segment beside others: what sets it apart, what it is worth, in which others its people are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.definitions.privacy import holds_identifier
from kohort.governance.keys import SEGMENTS_READ
from kohort.measurement.distinctions import Distinction
from kohort.pipeline.learning.segment_insights import FEWEST, Distinctions
from kohort.project import Project
from kohort.reports.segment_charts import EffectMark
from kohort.web.disclosure import names_people
from kohort.web.studio.drawing import kept
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, labels_of, may_see_people, summary_of
from kohort.web.studio.segment.figures import effects_figure, overlap_figure
from kohort.web.studio.segment.models import Difference, SegmentDifferences, SegmentOverlap, SegmentValue
from kohort.web.studio.segment.telling import Teller

_: Final[Callable[[str], str]] = marked
_MOST_SHOWN: Final = 30
_MOST_DRAWN: Final = 12
_MOST_COMPARED: Final = 12
_SIDES: Final = ("kind", "subject", "value", "members", "others", "everybody")
_APART: Final = (*_SIDES, "effect", "effect_low", "effect_high", "lift", "lift_low", "lift_high")
_SHARED: Final = ("segments", "size")
Other = Annotated[str, Query(alias="with", max_length=1_000)]


def mount_comparing(pages: Pages) -> None:
    """Add `/segments/{name}/apart`, `/value` and `/overlap`."""

    @pages.page("/segments/{name}/apart", SEGMENTS_READ, listed=True)
    def apart(visit: Visiting, name: Name, other: Other = "") -> Response:
        with visit.desk.asking(**PLACES) as project:
            _summary, segments = summary_of(project, name)
        with visit.desk.asking(segment="query.with" if other else "path.name", asked="query.with") as project:
            found = project.distinctions(name, other or None)
        page = _differences(_without_identifiers(visit, found))
        labels = labels_of(visit, segments)
        teller = Teller(visit, found)
        shown = [one for one in page.differences if _clear(one)][:_MOST_SHOWN]
        marks = [
            EffectMark(teller.label(one), one.effect.estimate, one.effect.low, one.effect.high)
            for one in shown[:_MOST_DRAWN]
        ]
        return shows_part(
            visit,
            "segment/apart",
            page,
            Listed(_APART, [_row(one) for one in page.differences]),
            label=labels[name],
            labels=labels,
            others=[one.name for one in segments if one.size is not None and one.name != name],
            shown=shown,
            teller=teller,
            figure=kept("effects", lambda: effects_figure(visit, marks), visit.formats, marks)
            if marks and visit.form == "html"
            else None,
        )

    @pages.page("/segments/{name}/value", SEGMENTS_READ)
    def value(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            summary, _segments = summary_of(project, name)
            page = _value(project, name, few=0 if may_see_people(visit) else FEWEST)
        return shows_part(visit, "segment/value", page, label=summary.labels[visit.language.value])

    @pages.page("/segments/{name}/overlap", SEGMENTS_READ, listed=True)
    def overlap(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            _summary, segments = summary_of(project, name)
            page = _overlap(project, name, [one.name for one in segments if one.size is not None])
        labels = labels_of(visit, segments)
        rows = [[" + ".join(one.segments), one.size] for one in page.intersections]
        drawn = visit.form == "html" and len(page.compared) > 1 and bool(page.intersections)
        return shows_part(
            visit,
            "segment/overlap",
            page,
            Listed(_SHARED, rows),
            label=labels[name],
            labels=labels,
            figure=kept("overlap", lambda: overlap_figure(visit, page, labels), visit.formats, page, labels)
            if drawn
            else None,
        )


def _without_identifiers(visit: Visit, found: Distinctions) -> Distinctions:
    """Return differences without values that say who somebody is, for who may not know that."""
    if names_people(visit.visitor):
        return found
    privacy = visit.project.settings.privacy
    told = [
        one
        for one in found.found
        if not one.value or not (privacy.is_personal(one.subject, trait=True) or holds_identifier(one.value))
    ]
    return replace(found, found=tuple(told))


def _differences(found: Distinctions) -> SegmentDifferences:
    told = [_difference(one, named=one.subject in found.named) for one in found.found]
    return SegmentDifferences.model_validate({**vars(found), "few": found.few, "differences": told})


def _difference(one: Distinction, *, named: bool) -> Difference:
    return Difference.model_validate({**vars(one), "kind": one.kind.value, "named": named})


def _clear(one: Difference) -> bool:
    return not one.effect.low <= 0 <= one.effect.high


def _row(one: Difference) -> list[object]:
    lift = [None, None, None] if one.lift is None else [one.lift.estimate, one.lift.low, one.lift.high]
    effect = [one.effect.estimate, one.effect.low, one.effect.high]
    sides = [one.members.estimate, one.others.estimate, one.everybody]
    return [one.kind, one.subject, one.value, *sides, *effect, *lift]


def _value(project: Project, name: str, *, few: int) -> SegmentValue:
    """Return what a segment is worth; nothing of fewer than `few` people, whose purses it would show."""
    found, currency = project.worth(name), project.settings.currency
    worth = found.worth
    told = {"segment": name, "at": found.at, "currency": currency}
    if worth is None or worth.members < few:
        nothing = dict.fromkeys(set(SegmentValue.model_fields) - set(told))
        return SegmentValue.model_validate({**nothing, **told, "members": None if worth is None else worth.members})
    share = worth.members / worth.people if worth.people else None
    return SegmentValue.model_validate({**vars(worth), **told, "share_of_people": share})


def _overlap(project: Project, name: str, names: list[str]) -> SegmentOverlap:
    """Return how a segment lies in those with which it shares the most people."""
    found = project.nearest(name, names, _MOST_COMPARED - 1)
    return SegmentOverlap.model_validate(
        {
            "segment": name,
            "at": project.snapshot(name).at,
            "size": found.population,
            "compared": list(found.sizes),
            "intersections": found.intersections,
            "pairs": sorted(found.pairs, key=lambda one: -one.shared),
        }
    )
