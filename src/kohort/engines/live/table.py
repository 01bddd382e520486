"""Rows of all events in one table, as the loops read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled

Numbers = NDArray[np.int64]

WHO, BITS, START, VALUE = 0, 1, 2, 3
"""The columns of a row: event and person in one, streams as bits, where the cells begin, and from then on values."""

EVENT: Final = 32
"""How many bits the person takes of the column of both; the event is in those above."""

PEOPLE: Final = 2**EVENT - 1
"""The bits that the person takes."""


@dataclass(frozen=True)
class Table:
    """Moments of rows, and what they say: a row of `rows` each, so that whoever reads one finds all of it together.

    That is whose row of which event it is, by number, its streams as bits, where the person's cells of the event begin,
    once that is known, and its values; shape (rows, 3 + values).
    """

    ts: Moments
    rows: Numbers

    @staticmethod
    def empty(columns: int) -> "Table":
        """Return a table of no rows with so many values.

        >>> len(Table.empty(2))
        0
        """
        return Table(np.zeros(0, np.int64), np.zeros((0, VALUE + columns), np.int64))

    @staticmethod
    def joined(parts: Sequence["Table"]) -> "Table":
        """Return the rows of several tables, at least one."""
        some = [part for part in parts if len(part)]
        if len(some) <= 1:
            return some[0] if some else parts[0]
        return Table(np.concatenate([part.ts for part in some]), np.concatenate([part.rows for part in some]))

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def people(self) -> Numbers:
        """Whose rows they are."""
        return self.rows[:, WHO] & PEOPLE

    @property
    def events(self) -> Numbers:
        """Of which events they are."""
        return self.rows[:, WHO] >> EVENT

    def of(self, chosen: NDArray[Any] | slice) -> "Table":
        """Return the rows that `chosen`, a mask or a slice, names."""
        if isinstance(chosen, slice):
            return Table(self.ts[chosen], self.rows[chosen])
        return self.at(np.flatnonzero(chosen))

    def at(self, places: NDArray[np.integer]) -> "Table":
        """Return the rows at some places."""
        return Table(self.ts.take(places), self.rows.take(places, axis=0))

    def in_time(self) -> "Table":
        """Return the rows in the order of time."""
        return self.at(np.argsort(self.ts, kind="stable")) if len(self) > 1 else self

    def until(self, moments: Moments) -> NDArray[np.int64]:
        """Return how many rows, which stand in the order of time, there are up to each moment, itself included."""
        return np.searchsorted(self.ts, moments, side="right")


@compiled
def lay_out(  # noqa: PLR0917 - plain arrays, so that it compiles
    people: Places,
    ts: Moments,
    order: Numbers,
    events: Numbers,
    places: Numbers,
    streams: Numbers,
    values: Numbers,
    first: int,
    into_ts: Moments,
    into: Numbers,
) -> int:
    """Put rows, which stand one event after another, in `order` into a table; those of events below 0 are left out.

    `events` has the number of each, how many rows, and where its part of `streams` begins, in which `places` are that
    of each row. People are numbered from `first` on. Returns how many rows there are.
    """
    event_of = np.empty(len(people), np.int32)
    row = 0
    for event in range(events.shape[1]):
        for _ in range(events[1, event]):
            event_of[row] = event
            row += 1
    size = 0
    for row in order:
        event = event_of[row]
        number = events[0, event]
        if number < 0:
            continue
        into_ts[size] = ts[row]
        into[size, WHO] = (number << EVENT) + people[row] + first
        into[size, BITS] = streams[places[row] + events[2, event]]
        for value in range(values.shape[1]):
            into[size, VALUE + value] = values[row, value]
        size += 1
    return size


class Log:
    """A table in the order of time to which later rows are added, and whose oldest rows can be forgotten.

    >>> log = Log(1)
    >>> log.add(Table(np.arange(2), np.zeros((2, 4), np.int64)))
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
            room = size + size // 4
            self._room = Table(np.empty(room, np.int64), np.empty((room, old.rows.shape[1]), np.int64))
            self._first, self._end = 0, len(old)
            self._put(old, 0)
        self._put(table, self._end)
        self._end += len(table)

    def forget(self, rows: int) -> None:
        """Forget the first rows; their room is used again."""
        self._first += rows

    def _put(self, table: Table, place: int) -> None:
        self._room.ts[place : place + len(table)] = table.ts
        self._room.rows[place : place + len(table)] = table.rows


def spread(now: Moment, lengths: Moments, forever: int) -> Moments:
    """Return the moments that lie each length before `now`; of what is for ever, the beginning of time.

    >>> spread(9, np.array([2, 99]), forever=99).tolist() == [7, -(2**63)]
    True
    """
    return np.where(lengths == forever, -(2**63), now - np.where(lengths == forever, 0, lengths))
