"""Rows of all events in one table, as the loops read them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Places
from kohort.engines.live.sliding import Lines


@dataclass(frozen=True)
class Table:
    """Whose row of which event, by number, its streams as bits, its values, shape (rows, columns), and its moment.

    `starts` are where the person's cells of the event begin, once they are known.
    """

    people: Places
    events: NDArray[np.int16]
    bits: NDArray[np.uint64]
    values: NDArray[np.int64]
    ts: Moments
    starts: Places

    @staticmethod
    def empty(columns: int) -> "Table":
        """Return a table of no rows.

        >>> len(Table.empty(2))
        0
        """
        nobody, never = np.zeros(0, np.int32), np.zeros(0, np.int64)
        kinds, bits, values = np.zeros(0, np.int16), np.zeros(0, np.uint64), np.zeros((0, columns), np.int64)
        return Table(nobody, kinds, bits, values, never, nobody)

    @staticmethod
    def joined(parts: Sequence["Table"]) -> "Table":
        """Return the rows of several tables, at least one."""
        some = [part for part in parts if len(part)]
        if len(some) <= 1:
            return some[0] if some else parts[0]
        return Table(*(np.concatenate([getattr(part, name) for part in some]) for name in _COLUMNS))

    def __len__(self) -> int:
        return len(self.ts)

    def lines(self) -> Lines:
        """Return the rows as the loops read them."""
        return Lines(self.people, self.events, self.bits, self.values, self.ts, self.starts)

    def of(self, chosen: NDArray[Any] | slice) -> "Table":
        """Return the rows that `chosen`, a mask, places or a slice, names."""
        return Table(*(getattr(self, name)[chosen] for name in _COLUMNS))

    def in_time(self) -> "Table":
        """Return the rows in the order of time."""
        return self.of(np.argsort(self.ts, kind="stable")) if len(self) > 1 else self

    def until(self, moments: Moments) -> NDArray[np.int64]:
        """Return how many rows, which stand in the order of time, there are up to each moment, itself included."""
        return np.searchsorted(self.ts, moments, side="right")


_COLUMNS = tuple(one.name for one in fields(Table))


class Log:
    """A table in the order of time to which later rows are added, and whose oldest rows can be forgotten.

    >>> log = Log(1)
    >>> nobody = np.zeros(2, np.int32)
    >>> kinds, bits, values = np.zeros(2, np.int16), np.zeros(2, np.uint64), np.zeros((2, 1), np.int64)
    >>> log.add(Table(nobody, kinds, bits, values, np.arange(2), nobody))
    >>> log.forget(1)
    >>> log.table.ts.tolist()
    [1]
    """

    def __init__(self, columns: int) -> None:
        self._room = Table.empty(columns)
        self._first = self._end = 0

    @property
    def table(self) -> Table:
        """The rows."""
        return self._room.of(slice(self._first, self._end))

    def __len__(self) -> int:
        return self._end - self._first

    def has_room(self, rows: int) -> bool:
        """Return whether so many more rows fit without moving those that are there."""
        return self._end + rows <= len(self._room)

    def add(self, table: Table) -> None:
        """Take in rows, none of them before those that are there."""
        if not self.has_room(len(table)):
            old = self.table
            size = len(old) + len(table)
            columns = [getattr(old, name) for name in _COLUMNS]
            room = [np.empty((size + size // 4, *column.shape[1:]), column.dtype) for column in columns]
            self._room = Table(*room)
            self._first, self._end = 0, len(old)
            self._put(old, 0)
        self._put(table, self._end)
        self._end += len(table)

    def forget(self, rows: int) -> None:
        """Forget the first rows; their room is used again."""
        self._first += rows

    def _put(self, table: Table, place: int) -> None:
        for name in _COLUMNS:
            getattr(self._room, name)[place : place + len(table)] = getattr(table, name)


def spread(now: Moment, lengths: Moments, forever: int) -> Moments:
    """Return the moments that lie each length before `now`; of what is for ever, the beginning of time.

    >>> spread(9, np.array([2, 99]), forever=99).tolist() == [7, -(2**63)]
    True
    """
    return np.where(lengths == forever, -(2**63), now - np.where(lengths == forever, 0, lengths))
