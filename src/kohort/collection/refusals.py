"""What is said about rows: why some were refused, and what was found in the others."""

from collections.abc import Mapping
from itertools import islice

import msgspec
import numpy as np

from kohort.collection.batches import InputFinding, Origin
from kohort.collection.groups import Groups, Positions
from kohort.collection.rows import MalformedLine, Rows
from kohort.collection.typed_rows import NO_FAULT, TypedRows
from kohort.storage.records import Rejection


def refused_groups(
    chosen: Positions, lacking: Mapping[int, str], groups: Groups, rows: Rows, typed: TypedRows, origin: Origin
) -> list[Rejection]:
    """Return one dead letter, with all its rows, for each chosen group: for its first faulty row.

    `lacking` names, by group, the required property that it misses; all others have a faulty row.
    """
    rejections: list[Rejection] = []
    if not len(chosen):
        return rejections
    members = groups.members(chosen)
    objects = iter(rows.objects(np.concatenate(members)))
    for positions in members:
        missing = lacking.get(int(groups.codes[positions[0]]))
        if missing is None:
            bad = int(positions[np.argmax(typed.faults[positions] != NO_FAULT)])
            field, reason = typed.reason(rows, bad)
        else:
            bad, field = int(positions[0]), missing
            reason = f'{rows.place(bad)}: the required property "{missing}" is missing'
        raw = msgspec.json.encode(list(islice(objects, len(positions)))).decode()
        rejections.append(origin.rejection(int(rows.lines[bad]), field, reason, raw))
    return rejections


def malformed_line(bad: MalformedLine, origin: Origin) -> Rejection:
    """Return the dead letter of a line that is no row; its raw is the line's text as a JSON text.

    >>> malformed_line(MalformedLine(7, "expected 3 fields, found 2", "a,b"), Origin("orders", "orders.csv")).raw
    '"a,b"'
    """
    raw = msgspec.json.encode(bad.text).decode()
    return origin.rejection(bad.line, "", f"line {bad.line}: malformed: {bad.reason}", raw)


def unholdable_numbers(typed: TypedRows, rows: Rows, origin: Origin) -> list[InputFinding]:
    """Return a finding for each column with numbers that cannot be held."""
    return [unholdable(origin, column, rows.lines[flags]) for column, flags in typed.unholdable]


def unholdable(origin: Origin, column: str, lines: Positions) -> InputFinding:
    """Return the finding that numbers of some lines cannot be held.

    >>> unholdable(Origin("orders", "orders.csv"), "total", np.array([4, 9])).count
    2
    """
    message = "NaN, infinite or too large a number; it counts as missing"
    return origin.finding(int(lines[0]), column, "unholdable_number", len(lines), message)


def duplicate_rows(origin: Origin, line: int, count: int) -> InputFinding:
    """Return the finding that rows are identical to earlier ones.

    >>> duplicate_rows(Origin("orders", "orders.csv"), 4, 2).check
    'duplicate_rows'
    """
    return origin.finding(line, "", "duplicate_rows", count, "rows equal to an earlier one; all are kept")
