"""JSON lines of plain rows: one object a line; also the rows of dead letters, which are JSON lists of such objects."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from kohort.collection.files import LONGEST_LINE, Line, text_lines
from kohort.collection.rows import CHUNK, Column, MalformedLine, Rows
from kohort.collection.scalars import JSON, container_problem

JsonRow = dict[str, msgspec.Raw]
"""A row by column, each value still the JSON text of the file."""

_ROW: Final = msgspec.json.Decoder(JsonRow)


def json_rows(path: Path) -> Iterator[Rows]:
    """Yield the rows of a file of JSON lines, gzip or not; null is missing.

    A line that is no object is a malformed line. The first stretch comes even without rows.
    """
    lines = (line for line in text_lines(path) if line.data.strip())
    first = True
    while True:
        stretch = list(islice(lines, CHUNK))
        if not (stretch or first):
            return
        first = False
        yield _rows(stretch)


def rows_of(objects: Sequence[tuple[int, JsonRow]], malformed: Sequence[MalformedLine] = ()) -> Rows:
    """Return rows given as their line and their object; a column that a row lacks is missing there.

    >>> rows = rows_of([(1, {"a": msgspec.Raw(b"1.50")}), (2, {"b": msgspec.Raw(b"null")})])
    >>> rows.columns["a"].plain(), rows.columns["b"].plain()
    (['1.50', None], [None, None])
    """
    names = dict.fromkeys(name for _, one in objects for name in one)
    columns = {
        name: Column(pa.array([_literal(one.get(name)) for _, one in objects], pa.string()), is_json=True)
        for name in names
    }
    return Rows(columns, np.array([line for line, _ in objects], dtype=np.int64), tuple(malformed))


def _rows(lines: list[Line]) -> Rows:
    objects, malformed = [], []
    for line in lines:
        try:
            reason = f"the line is longer than {LONGEST_LINE:,} bytes" if line.cut else ""
            if not reason:
                # A value left undecoded could hide an escape or bytes that are no text.
                reason = container_problem(JSON.decode(line.data))
            if not reason:
                objects.append((line.number, _ROW.decode(line.data)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = str(error)
        if reason:
            malformed.append(MalformedLine(line.number, reason, line.data.decode(errors="replace")))
    return rows_of(objects, malformed)


def _literal(value: msgspec.Raw | None) -> str | None:
    if value is None:
        return None
    text = bytes(value).decode()
    return None if text == "null" else text
