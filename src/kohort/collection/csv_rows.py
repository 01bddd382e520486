"""CSV: rows by numbered lines, each malformed one caught on its own."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from kohort.collection.files import LONGEST_LINE, Line, text_lines
from kohort.collection.rows import CHUNK, Column, MalformedLine, Rows
from kohort.errors import InputError, shorten

_DELIMITERS: Final = (",", ";", "\t", "|")


class _Record(NamedTuple):
    line: int
    cells: list[str]


def csv_rows(path: Path, delimiter: str = "") -> Iterator[Rows]:
    """Yield the rows of a CSV file (RFC 4180, UTF-8, with or without byte order mark, gzip or not) as texts.

    The first line names the columns. `delimiter` empty means whichever of comma, semicolon, tab and bar the
    header has most. An empty cell is missing. A quoted field may hold line ends; a record that cannot be read is
    a malformed line, and reading goes on at the next line. The first stretch comes even without rows.

    Raises InputError for text that is not UTF-8 and for a header that is malformed or names a column twice.
    """
    lines = _Lines(path)
    header = _header(path, lines, delimiter)
    records = _records(lines, header.delimiter, len(header.names))
    first = True
    while True:
        stretch = list(islice(records, CHUNK))
        if not (stretch or first):
            return
        first = False
        yield _rows(header.names, stretch)


class _Header(NamedTuple):
    names: list[str]
    delimiter: str


class _Lines:
    """Feeds the reader line by line, and remembers the lines of the record that it is reading."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._source = text_lines(path)
        self._pushed_back: deque[Line] = deque()
        self.record: list[Line] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pushed_back.popleft() if self._pushed_back else next(self._source)
        self.record.append(line)
        if line.cut:
            raise csv.Error(f"the line is longer than {LONGEST_LINE:,} bytes")
        return self.text(line)

    def text(self, line: Line) -> str:
        try:
            return line.data.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._path}, line {line.number}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
            ) from error

    def retry_after_first(self) -> Line:
        """Push back all lines of the record but the first, which is returned: a stray quote must not eat the rest."""
        first, *rest = self.record
        self._pushed_back.extendleft(reversed(rest))
        return first


def _header(path: Path, lines: _Lines, delimiter: str) -> _Header:
    text = next(lines)
    chosen = delimiter or max(_DELIMITERS, key=text.count)
    try:
        names = [name.strip() for name in next(csv.reader(iter([text]), delimiter=chosen, strict=True))]
    except csv.Error as error:
        raise InputError(f"{path}, line 1: the header is malformed: {error}") from error
    if len(names) == 1 and delimiter and max(text.count(one) for one in _DELIMITERS) > 0:
        raise InputError(f"{path}, line 1: the header has no {delimiter!r}; correct the source's delimiter")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f'{path}, line 1: the column "{shorten(twice[0])}" stands twice; rename one')
    return _Header(names, chosen)


def _records(lines: _Lines, delimiter: str, width: int) -> Iterator[_Record | MalformedLine]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.record = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad = lines.retry_after_first()
            yield MalformedLine(bad.number, str(error), bad.data[:LONGEST_LINE].decode(errors="replace"))
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if not cells:
            continue
        if len(cells) == width:
            yield _Record(lines.record[0].number, cells)
        else:
            text = "".join(lines.text(line) for line in lines.record)
            yield MalformedLine(lines.record[0].number, f"expected {width} fields, found {len(cells)}", text)


def _rows(names: list[str], records: list[_Record | MalformedLine]) -> Rows:
    good = [record for record in records if isinstance(record, _Record)]
    cells = zip(*(record.cells for record in good), strict=True) if good else ((),) * len(names)
    columns = {
        name: Column(pa.array([cell or None for cell in column], pa.string()))
        for name, column in zip(names, cells, strict=True)
    }
    lines = np.array([record.line for record in good], dtype=np.int64)
    return Rows(columns, lines, tuple(record for record in records if isinstance(record, MalformedLine)))
