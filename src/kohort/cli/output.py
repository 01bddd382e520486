"""How the command line shows things: tables, JSON or CSV on standard output; everything else on standard error."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kohort.errors import UsageError
from kohort.reports.spreadsheets import spreadsheet_cell

if TYPE_CHECKING:
    from kohort.stats.intervals import Interval

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

BAR_WIDTH = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Format(StrEnum):
    """The form of a listing."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def show_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], form: Format) -> None:
    """Show rows in the form asked for; JSON is one array, CSV has a header and neutralises formulas.

    A cell that a spreadsheet would take for a formula is prefixed with an apostrophe, numbers excepted.
    """
    if form is Format.JSON:
        sys.stdout.write(_json([{name: row[name] for name in columns} for row in rows]) + "\n")
    elif form is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([spreadsheet_cell(_plain(row[name])) for name in columns] for row in rows)
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in columns:
            numeric = all(isinstance(row[name], int | float | Decimal | None) for row in rows)
            table.add_column(name, justify="right" if numeric and rows else "left", overflow="fold")
        for row in rows:
            table.add_row(*[_shown(name, row[name]) for name in columns])
        out.print(table)


def show_object(value: Mapping[str, object]) -> None:
    """Show one JSON object."""
    sys.stdout.write(_json(value) + "\n")


def interval_object(one: "Interval | None") -> dict[str, float] | None:
    """Return an estimate and its limits as an object of JSON, None where there is none."""
    return None if one is None else {"estimate": one.estimate, "low": one.low, "high": one.high}


def names_in(listed: str) -> tuple[str, ...]:
    """Return the names of an option that takes several, with commas between them.

    >>> names_in("orders, basket,")
    ('orders', 'basket')
    """
    return tuple(one.strip() for one in listed.split(",") if one.strip())


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file for people, without formulas; raises UsageError if it cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([spreadsheet_cell(one) for one in columns])
            writer.writerows([spreadsheet_cell(one) for one in row] for row in rows)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def bar(part: int, whole: int) -> str:
    """Return a bar of at most 20 characters, in eighths of one; what is not nothing shows.

    >>> bar(1, 2), bar(1, 1_000), bar(0, 0)
    ('██████████', '▏', '')
    """
    eighths = max(1, 8 * BAR_WIDTH * part // whole) if part else 0
    return _EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _json(value: object) -> str:
    """Return JSON on one line; decimals are numbers with every digit, moments ISO 8601, NaN null."""
    import msgspec

    encoded = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode(value)
    return msgspec.json.format(encoded, indent=0).decode()


def _plain(value: object) -> object:
    """Return what stands for a value in one cell: moments in ISO 8601, lists and structures in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return _json(value) if isinstance(value, list | dict) else value


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1%}".replace("%", " %") if name == "share" else f"{value:,.2f}"
    if isinstance(value, Decimal):
        whole, _, fraction = f"{value:,f}".partition(".")
        return whole + (f".{rest}" if (rest := fraction.rstrip("0")) else "")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(_plain(value)))
