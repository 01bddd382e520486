"""What has come due and is still to be done: much that falls due at once is done in parts, one person after another."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Places
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import Whole, compiled, inlined
from kohort.engines.live.passing import Asked, Lags
from kohort.engines.live.sliding import Indices, Numbers
from kohort.engines.live.table import EVENT, PEOPLE, WHO, Table

DUE, WHOSE, WHAT, LAG, BEFORE = 0, 1, 2, 3, 4
"""The columns of what is owed: from which moment on it is so, to whom, the row or what flips, the number of the lag
after which something happens to the row, `FLIP` for a flip, and what was noted before of the same person."""

FLIP: Final = -1
NOTHING: Final = -1
_NOBODY = np.zeros(0, np.int32)


class Chosen(NamedTuple):
    """What is to be done now, in the order of time: flips, and visits of rows."""

    flips: flipping.Lines
    asked: Asked


class Owed:
    """Visits of rows and flips that are due, each of which is done with all others of the same person.

    What becomes of one person does not depend on another, so that whoever something happens to need not wait until all
    is done: what is owed to them is done first, and what is owed to others may be done later.

    >>> owed, flips = Owed(), np.array([[5, 0, 9], [5, 1, 9], [6, 0, 8]])
    >>> owed.note_flips(flips, people=2)
    >>> owed.choose(np.array([1]), most=1).flips.tolist(), owed.left
    ([[5, 1, 9]], 2)
    >>> owed.choose(np.array([], np.int64), most=1).flips.tolist(), owed.left
    ([[5, 0, 9], [6, 0, 8]], 0)
    """

    def __init__(self) -> None:
        self.left = 0
        """How much is still to be done."""
        self._size = self._looked_at = 0
        self._lines: Numbers = np.empty((0, 5), np.int64)
        self._newest: Places = _NOBODY

    def note_flips(self, flips: flipping.Lines, people: int) -> None:
        """Owe flips, in the order of time, to some of so many `people`."""
        self._make_room(len(flips), people)
        self._noted(note_flips(flips, self._lines, self._newest, self._size))

    def note_visits(self, table: Table, lags: Lags, now: Moment, ranges: Indices, people: int) -> None:
        """Owe all that happens by `now` to rows of a table, the first log of `lags`, which move on."""
        stops = table.until(now - lags.lengths)
        self._make_room(int((stops - lags.next[0]).sum()), people)
        for lag, length in enumerate(lags.lengths.tolist()):
            rows, what = (int(lags.next[0, lag]), int(stops[lag])), (lag, length, lags.spans[lag, 0])
            self._noted(note_visits(table.ts, table.rows, rows, what, ranges, self._lines, self._newest, self._size))
        lags.next[0] = stops

    def choose(self, first: NDArray[np.integer], most: int) -> Chosen:
        """Take out all that is owed to the `first` people, and of others until it is about `most`."""
        room = np.empty(self.left, np.int64)
        found, self._looked_at = choose(
            self._lines, self._newest, (self._looked_at, self._size), np.asarray(first, np.int64), most, room
        )
        its = self._lines[np.sort(room[:found])]
        self.left -= found
        if not self.left:
            self._size = self._looked_at = 0
            self._lines, self._newest = np.empty((0, 5), np.int64), _NOBODY
        are_flips = its[:, LAG] == FLIP
        flips, visits = its[are_flips, : WHAT + 1], its[~are_flips][:, [DUE, LAG, WHAT]]
        return Chosen(
            flips.take(np.argsort(flips[:, DUE], kind="stable"), axis=0),
            Asked(visits.take(np.argsort(visits[:, 0], kind="stable"), axis=0), np.zeros(1, np.int64)),
        )

    def _noted(self, size: int) -> None:
        self.left += size - self._size
        self._size = size

    def _make_room(self, more: int, people: int) -> None:
        if people > len(self._newest):
            added = np.full(people - len(self._newest), NOTHING, np.int32)
            self._newest = np.concatenate([self._newest, added])
        if self._size + more > len(self._lines):
            room = np.empty((max(self._size + more, 3 * self._size // 2), 5), np.int64)
            room[: self._size] = self._lines[: self._size]
            self._lines = room


@inlined
def note(moment: int, person: int, what: int, lag: int, lines: Numbers, newest: Places, size: int) -> None:
    """Put into the row `size` of `lines` what is owed to a person, before whom stands what was noted of them."""
    lines[size, DUE], lines[size, WHOSE], lines[size, WHAT], lines[size, LAG] = moment, person, what, lag
    lines[size, BEFORE] = newest[person]
    newest[person] = size


@compiled
def note_flips(flips: flipping.Lines, lines: Numbers, newest: Places, size: int) -> int:
    """Note flips; return how much is noted then."""
    for row in range(len(flips)):
        note(flips[row, 0], flips[row, 1], flips[row, 2], FLIP, lines, newest, size)
        size += 1
    return size


@compiled
def note_visits(
    ts: Moments,
    rows: Numbers,
    some: tuple[int, int],
    what: tuple[int, int, Whole],
    ranges: Indices,
    lines: Numbers,
    newest: Places,
    size: int,
) -> int:
    """Note what happens to `some` rows, from one to before another: `what` are the lag, its length and its span."""
    lag, length, span = what
    for row in range(some[0], some[1]):
        who = rows[row, WHO]
        event = np.uint32(who >> EVENT)
        if ranges[event, span] < ranges[event, span + np.uint32(1)]:
            note(ts[row] + length, who & PEOPLE, row, lag, lines, newest, size)
            size += 1
    return size


@inlined
def take(lines: Numbers, newest: Places, person: int, chosen: Numbers, found: int) -> int:
    """Choose all that is owed to a person; return how much is chosen then."""
    place = int(newest[person])
    newest[person] = NOTHING
    while place != NOTHING:
        chosen[found] = place
        found += 1
        place = lines[place, BEFORE]
    return found


@compiled
def choose(
    lines: Numbers, newest: Places, looked: tuple[int, int], first: Numbers, most: int, chosen: Numbers
) -> tuple[int, int]:
    """Choose rows of `lines`; `looked` are from which on they may be left, and how many there are.

    Returns how many are chosen, and from which on rows may be left then.
    """
    found, place = 0, looked[0]
    for person in first:
        found = take(lines, newest, person, chosen, found)
    while place < looked[1] and found < most:
        found = take(lines, newest, lines[place, WHOSE], chosen, found)
        place += 1
    return found, place
