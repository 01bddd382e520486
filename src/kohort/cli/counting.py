"""Overlap, flows and sizes over time, as tables with bars, or as JSON or CSV."""

from collections.abc import Callable, Mapping, Sequence

from kohort.cli.output import Format, bar, err, show_rows
from kohort.clock import Moment
from kohort.pipeline.segments.counting import SizeAt
from kohort.segments.flows import NONE, Flows
from kohort.segments.intersections import Intersections

_WHOLE = 10_000  # what a share of one is drawn as


def show_overlap(found: Intersections, form: Format, *, pairs: bool, most: int) -> None:
    """Show every intersection, the largest first, or with `pairs` every pair; at most so many rows in a table."""
    if pairs:
        ordered = sorted(found.pairs, key=lambda one: (-one.jaccard, -one.shared))
        rows: list[dict[str, object]] = [
            {
                "first": one.first,
                "second": one.second,
                "in_first": found.sizes[one.first],
                "in_second": found.sizes[one.second],
                "in_both": one.shared,
                "jaccard": round(one.jaccard, 6),
                "overlap_coefficient": round(one.overlap_coefficient, 6),
            }
            for one in ordered
        ]
        columns = ["first", "second", "in_first", "in_second", "in_both", "jaccard", "overlap_coefficient"]
        _show(rows, columns, form, [round(_WHOLE * row.jaccard) for row in ordered], _WHOLE, most)
        return
    rows = [
        {
            "in_exactly": list(one.segments) if form is Format.JSON else " + ".join(one.segments) or NONE,
            "size": one.size,
            "share": one.size / found.population,
        }
        for one in found.intersections
    ]
    sizes = [one.size for one in found.intersections]
    _show(rows, ["in_exactly", "size", "share"], form, sizes, max(sizes, default=0), most)


def show_flows(found: Flows, form: Format, *, transitions: bool) -> None:
    """Show who entered, left and stayed, a segment a line, or with `transitions` from which to which."""
    if transitions:
        rows: list[dict[str, object]] = [
            {"before": one.before, "after": one.after, "people": one.people} for one in found.transitions
        ]
        people = [one.people for one in found.transitions]
        _show(rows, ["before", "after", "people"], form, people, max(people, default=0))
        return
    columns = ["segment", "before", "entered", "left", "stayed", "after"]
    rows = [{name: getattr(one, name) for name in columns} for one in found.segments]
    after = [one.after for one in found.segments]
    _show(rows, columns, form, after, max(after, default=0))


def show_sizes(found: Sequence[SizeAt], form: Format, show_moment: Callable[[Moment | None], str]) -> None:
    """Show a size a line, with a bar against the largest."""
    rows: list[dict[str, object]] = [
        {
            "at": show_moment(one.at),
            "size": one.size,
            "population": one.population,
            "share": one.share,
            "recorded": one.recorded,
            "recorded_at": show_moment(one.recorded_at),
        }
        for one in found
    ]
    sizes = [one.size for one in found]
    columns = ["at", "size", "population", "share", "recorded", "recorded_at"]
    _show(rows, columns, form, sizes, max(sizes, default=0))


def _show(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    form: Format,
    parts: Sequence[int],
    largest: int,
    most: int | None = None,
) -> None:
    """Show rows; in a table each with a bar for its part of the largest, and at most so many, saying how many more."""
    if form is not Format.TABLE:
        show_rows(rows, columns, form)
        return
    drawn = [{**row, "": bar(part, largest)} for row, part in zip(rows, parts, strict=True)]
    show_rows(drawn[:most], [*columns, ""], form)
    if most is not None and len(drawn) > most:
        err.print(f"left out: {len(drawn) - most:,} smaller; see all with --rows {len(drawn)}", markup=False)
