"""Which streams each row of an event belongs to: one bit a stream."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Column, Rows
from kohort.engines.context import Context
from kohort.engines.kernel.masks import any_present, columns_asked, where_mask
from kohort.engines.live.layout import Stream
from kohort.engines.texts import TextQuestion, matching_texts, question_of
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import TextTest, leaves

Bits = NDArray[np.uint64]
_FIRST = np.full(2**12, -1, np.int8)


@dataclass
class Streams:
    """The streams of one event, and what is known of the texts met so far.

    >>> rows = Rows(np.zeros(2, np.int32), np.zeros(2, np.int64), {"total": Column(np.array([5, -(2**63)]))})
    >>> Streams("order", (Stream(None), Stream(None, ("total",))), Catalog(events={"order": {}})).bits(rows).tolist()
    [3, 1]
    """

    event: str
    streams: Sequence[Stream]
    catalog: Catalog
    _known: dict[str, tuple[Sequence[Any], Bits]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the streams: those of every row, those of one column's own values, and others."""
        context = Context(self.catalog, 0)
        self._always = np.uint64(0)
        self._looked_up: dict[str, list[int]] = {}
        self._asked: list[int] = []
        for number, stream in enumerate(self.streams):
            asked = [] if stream.where is None else list(leaves(stream.where))
            columns = {column for leaf in asked for column in columns_asked(leaf, self.event, context)}
            if stream == Stream(None):
                self._always |= np.uint64(1 << number)
            elif len(columns) == 1 and not stream.columns:
                self._looked_up.setdefault(columns.pop(), []).append(number)
            else:
                self._asked.append(number)
        self._only = next(iter(self._looked_up)) if len(self._looked_up) == 1 and not self._asked else None
        self._same = np.array([self._always])

    def bits(self, rows: Rows) -> Bits:
        """Return the streams of each row, shape (rows,)."""
        table, places = self.looked_up(rows)
        return np.asarray(table[places + 1])

    def looked_up(self, rows: Rows) -> tuple[Bits, NDArray[np.integer]]:
        """Return a table of streams, and for each row its place there, -1 being the first: what `bits` looks up."""
        if self._only is not None:
            column = rows.columns.get(self._only)
            if column is not None and len(column.dictionary):
                return self._table(self._only, self._looked_up[self._only], column), column.values
        elif not self._looked_up and not self._asked:
            size = len(rows.ts)
            return self._same, _FIRST[:size] if size <= len(_FIRST) else np.full(size, -1, np.int8)
        columns = [(rows.columns.get(name), name, numbers) for name, numbers in self._looked_up.items()]
        bits = np.full(len(rows.ts), self._always, np.uint64)
        for column, name, numbers in columns:
            if column is None or not len(column.dictionary):
                bits |= self._ask(numbers, rows)
            else:
                bits |= self._table(name, numbers, column)[column.values.astype(np.int64) + 1]
        if self._asked:
            bits |= self._ask(self._asked, rows)
        return np.concatenate([np.zeros(1, np.uint64), bits]), np.arange(len(bits))

    def _table(self, name: str, numbers: Sequence[int], column: Column) -> Bits:
        """Return the streams of a row without a text, and those of each text of a dictionary."""
        dictionary, table = self._known.get(name, ((), np.zeros(0, np.uint64)))
        if dictionary is not column.dictionary:
            size = len(column.dictionary) + 1
            codes = np.append(np.int32(column.missing), np.arange(size - 1, dtype=np.int32))
            texts = Rows(np.zeros(size, np.int32), np.zeros(size, np.int64), {name: Column(codes, column.dictionary)})
            table = self._always | self._ask(numbers, texts)
            self._known[name] = column.dictionary, table
        return table

    def _ask(self, numbers: Sequence[int], rows: Rows) -> Bits:
        bits = np.zeros(len(rows.ts), np.uint64)
        for number in numbers:
            stream = self.streams[number]
            met = np.ones(len(bits), np.bool_) if not stream.columns else any_present(rows, stream.columns)
            if stream.where is not None:
                met &= where_mask(stream.where, rows, self.event, self._context(stream, rows))
            bits[met] |= np.uint64(1 << number)
        return bits

    def _context(self, stream: Stream, rows: Rows) -> Context:
        answers: dict[TextQuestion, tuple[str, ...]] = {}
        plain = Context(self.catalog, 0)
        for leaf in leaves(stream.where) if stream.where is not None else ():
            if isinstance(leaf, TextTest):
                (name,) = columns_asked(leaf, self.event, plain)
                question = question_of(leaf, self.event)
                answers[question] = matching_texts(
                    question, list(rows.columns[name].dictionary if name in rows.columns else ())
                )
        return Context(self.catalog, 0, answers)
