"""A preview: size, share, a few members, and the funnel of the rule, with a bar a line."""

from collections.abc import Callable

from kohort.cli.output import Format, bar, out, show_rows
from kohort.clock import Moment
from kohort.pipeline.segments.preview import Preview
from kohort.segments.funnel import FunnelLine

COLUMNS = ["condition", "before", "kept", "dropped", "alone", "without_it"]
_WHOLE = "the whole rule"
_INDENT = "  "


def show_preview(found: Preview, form: Format, show_moment: Callable[[Moment | None], str]) -> None:
    """Show what a rule gives; in CSV one row, without the funnel."""
    row: dict[str, object] = {
        "size": found.size,
        "population": found.population,
        "share": found.share,
        "at": show_moment(found.at),
        "rule": found.sentence,
        "members": " ".join(found.sample) if form is not Format.JSON else list(found.sample),
    }
    if form is Format.JSON:
        row["funnel"] = [_plain(line) for line in found.funnel]
    show_rows([row], list(row), form)
    if form is Format.TABLE and len(found.funnel) > 1:
        out.print()
        _show_table(found)


def show_funnel(found: Preview, form: Format) -> None:
    """Show what each condition of a rule keeps and drops."""
    if form is Format.JSON:
        rows = [_plain(line) for line in found.funnel]
        show_rows(rows, list(rows[0]), form)
    elif form is Format.CSV:
        show_rows([_row(line) for line in found.funnel], COLUMNS, form)
    else:
        out.print(found.sentence, markup=False)
        out.print()
        _show_table(found)


def _show_table(found: Preview) -> None:
    rows = [_row(line) | {"": bar(line.kept, found.population)} for line in found.funnel]
    show_rows([rows[0] | {"condition": _WHOLE}, *rows[1:]], [*COLUMNS, ""], Format.TABLE)


def _plain(line: FunnelLine) -> dict[str, object]:
    return {
        "depth": line.depth,
        "role": str(line.role),
        "condition": line.sentence,
        "before": line.before,
        "kept": line.kept,
        "dropped": line.dropped,
        "alone": line.alone,
        "without_it": line.without,
    }


def _row(line: FunnelLine) -> dict[str, object]:
    return {
        "condition": _INDENT * line.depth + f"{line.joined} {line.sentence}".strip(),
        "before": line.before,
        "kept": line.kept,
        "dropped": line.dropped,
        "alone": line.alone,
        "without_it": line.without,
    }
