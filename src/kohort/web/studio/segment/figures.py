"""The charts on the page of a segment, in the reader's words."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from kohort.clock import datetime_of, parse_moment
from kohort.reports import charts, segment_charts
from kohort.reports.chart_words import EffectWords, MoveWords, SizeWords
from kohort.reports.data import IntersectionRow, IntersectionTable
from kohort.reports.figures import Figure
from kohort.reports.palette import ACCENT, SECOND
from kohort.reports.segment_charts import EffectMark, MoveBar, SizeMark
from kohort.web.studio.drawing import figure, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Visit
from kohort.web.studio.segment.models import (
    SegmentFlows,
    SegmentMoves,
    SegmentOverlap,
    SegmentSizes,
)

_: Final[Callable[[str], str]] = marked
_MOST_ROWS: Final = 12


def size_figure(visit: Visit, found: SegmentSizes) -> Figure:
    """Draw the size over time; what was recorded is a dot where it is something else."""
    marks = [
        SizeMark(
            _local(visit, one.at).strftime("%Y-%m-%dT%H:%M:%S"),
            one.size,
            one.recorded if one.recorded is not None and one.recorded != one.size else None,
        )
        for one in found.sizes
    ]
    words = SizeWords(visit.say(_("people")), visit.say(_("by today’s rule")), visit.say(_("recorded then")))
    caption = _("The line follows today’s rule on all that is known today; dots are what was recorded at the time.")
    if not any(one.recorded for one in marks):
        caption = _("By today’s rule, on all that is known today.")
    chart = segment_charts.size_history(marks, words, writing_of(visit.formats))
    return figure("size-over-time", visit.say(_("Size over time")), visit.say(caption), chart)


def moves_figure(visit: Visit, found: SegmentMoves) -> Figure:
    """Draw who entered and left, day by day."""
    bars = [MoveBar(_local(visit, one.since).date().isoformat(), one.entered, one.left) for one in found.days]
    words = MoveWords(visit.say(_("people")), visit.say(_("entered")), visit.say(_("left")))
    caption = visit.say(_("Each day of the last month: upwards who entered, downwards who left."))
    chart = segment_charts.moves(bars, words, writing_of(visit.formats))
    return figure("moves", visit.say(_("Entered and left by day")), caption, chart)


def effects_figure(visit: Visit, marks: Sequence[EffectMark]) -> Figure:
    """Draw the largest effects with their intervals."""
    words = EffectWords(visit.say(_("← less than the others")), visit.say(_("more than the others →")))
    caption = visit.say(
        _("Dots are effects, in standard deviations; bars their 95 % intervals. Beyond 0.8 either way is a lot.")
    )
    chart = segment_charts.effects(marks, words, writing_of(visit.formats))
    return figure("effects", visit.say(_("The largest differences")), caption, chart)


def overlap_figure(visit: Visit, found: SegmentOverlap, labels: dict[str, str]) -> Figure:
    """Draw the largest intersections that hold members, as an UpSet plot."""
    rows = found.intersections[:_MOST_ROWS]
    used = [name for name in found.compared if any(name in row.segments for row in rows)]
    table = IntersectionTable(
        tuple(labels[name] for name in used),
        tuple(IntersectionRow(tuple(used.index(name) for name in row.segments), row.size) for row in rows),
        found.size,
    )
    caption = visit.say(
        _("Each person counts once: a row holds those who are in all the segments of its dots and in no other.")
    )
    chart = charts.intersections(table, visit.say(_("people")), writing_of(visit.formats))
    return figure("overlap", visit.say(_("In which other segments its people are")), caption, chart)


def flow_figures(visit: Visit, found: SegmentFlows, states: Callable[[str], str]) -> list[Figure]:
    """Draw where people came from, and where they went."""
    sides = (
        ("came", _("Where those who entered came from"), [(one.before, one.people) for one in found.came], ACCENT),
        ("went", _("Where those who left went"), [(one.after, one.people) for one in found.went], SECOND),
    )
    people, writing = visit.say(_("people")), writing_of(visit.formats)
    caption = visit.say(_("Of several segments that somebody is in, the first of the project’s files counts."))
    return [
        figure(
            f"flow-{name}",
            visit.say(title),
            caption,
            segment_charts.flows([(states(state), number) for state, number in bars], colour, people, writing),
        )
        for name, title, bars, colour in sides
        if bars
    ]


def _local(visit: Visit, at: str) -> datetime:
    zone = visit.formats.zone
    return datetime_of(parse_moment(at, zone), zone)
