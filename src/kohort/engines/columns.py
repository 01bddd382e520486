"""A project's history as the kernel engine reads it: plain arrays, by event name, in the order of time.

One layout serves a whole population and one person, batch and live. People are numbered in the order of their ids
and stand in blocks of consecutive numbers, so that what is found for a block at a time stays in a processor's cache
and memory stays bounded however many people there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Moments = NDArray[np.int64]
Places = NDArray[np.int32]
Values = NDArray[Any]

MISSING: Final = -(2**63)
"""A number or moment that is not there: no number and no moment is so small."""

NO_CODE: Final = -1
"""A text, list or boolean that is not there."""

BLOCK: Final = 2**16
"""The number of people in a block: 8 bytes of each are half of a usual second-level cache."""


@dataclass(frozen=True)
class Column:
    """The values of one property, or trait, of one type: one a row.

    Numbers are int64 micros and moments int64 microseconds UTC, `MISSING` where there is none. Booleans are int8, and
    texts and lists of text (tuples) are places in `dictionary`, which holds each distinct one once, in order, as
    integers of the fewest bytes, 4 at most; `NO_CODE` where there is none.

    >>> Column(np.array([0, -1], np.int32), ("Paris",)).present().tolist()
    [True, False]
    """

    values: Values
    dictionary: Sequence[Any] = ()

    @property
    def missing(self) -> int:
        """The value that stands for none."""
        return MISSING if self.values.dtype == np.int64 else NO_CODE

    @cached_property
    def largest(self) -> int:
        """The greatest magnitude of a number of the column, 0 of none.

        >>> Column(np.array([3, -7, MISSING])).largest
        7
        """
        there = self.values
        if len(there) and there.min() == self.missing:
            there = there[self.present()]
        return max(int(there.max()), -int(there.min())) if len(there) else 0

    def present(self) -> NDArray[np.bool_]:
        """Return which rows have a value, shape (rows,)."""
        return np.asarray(self.values != self.missing)


@dataclass(frozen=True)
class Rows:
    """The events of one name, or the values of one trait, of a block of people, in the order of time.

    `people` gives each row's person as a place in the block, `ts` its moment, that does not decrease; rows of one
    moment stand in the order of their ids, so that of two rows the later one is the one further down. `columns` are
    named as the catalog names them: a property's physical column, or for a trait the column of its type.
    """

    people: Places
    ts: Moments
    columns: Mapping[str, Column] = field(default_factory=dict)

    def until(self, at: int) -> int:
        """Return how many rows there are up to the moment `at`, itself included.

        >>> Rows(np.zeros(3, np.int32), np.array([4, 5, 6])).until(5)
        2
        """
        return int(np.searchsorted(self.ts, at, side="right"))

    def of(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Return the rows that `chosen`, shape (rows,), names."""
        columns = {name: Column(one.values[chosen], one.dictionary) for name, one in self.columns.items()}
        return Rows(self.people[chosen], self.ts[chosen], columns)


@dataclass(frozen=True)
class Block:
    """People one after another: since when each is known, shape (people,), and what all of them did and are."""

    first_seen: Moments
    events: Mapping[str, Rows]
    traits: Mapping[str, Rows]

    @property
    def size(self) -> int:
        """The number of people."""
        return len(self.first_seen)

    def of_people(self, places: Places) -> "Block":
        """Return the block of the people at `places` only, in that order; each may be named once.

        >>> rows = Rows(np.array([0, 1, 1], np.int32), np.array([3, 4, 5]))
        >>> second = Block(np.array([3, 4]), {"visit": rows}, {}).of_people(np.array([1], np.int32))
        >>> second.events["visit"].people.tolist()
        [0, 0]
        """
        renumbered = np.full(self.size, NO_CODE, dtype=np.int32)
        renumbered[places] = np.arange(len(places), dtype=np.int32)
        return Block(self.first_seen[places], _Chosen(self.events, renumbered), _Chosen(self.traits, renumbered))


@dataclass(frozen=True)
class History:
    """Everybody's history. `people` are the person ids; the blocks hold them one after another.

    Every block but the last holds a multiple of eight people, so that its bits begin with a byte. Ids are in order from
    each of `runs` on up to the next one. A place is null where nobody is: who is never seen there.
    """

    people: pa.StringArray
    blocks: Sequence[Block]
    runs: Sequence[int] = (0,)

    def starts(self) -> list[int]:
        """Return the number of each block's first person.

        >>> one = Block(np.array([0, 0]), {}, {})
        >>> History(pa.array(["a", "b", "c", "d"]), [one, one]).starts()
        [0, 2]
        """
        sizes = [block.size for block in self.blocks]
        return [sum(sizes[:place]) for place in range(len(sizes))]

    def find(self, person: str) -> int | None:
        """Return the place of a person; None of one who is not known.

        >>> History(pa.array(["b", None, "a"]), [], (0, 2)).find("a")
        2
        """
        # A twentieth of a second that only who asks for single people should pay.
        import pyarrow.compute as pc  # noqa: PLC0415

        place: int = pc.index(self.people, person).as_py()
        return None if place < 0 else place


class _Chosen(Mapping[str, Rows]):
    """The rows of some people, found when asked for."""

    def __init__(self, rows: Mapping[str, Rows], renumbered: Places) -> None:
        self._rows, self._renumbered = rows, renumbered

    def __getitem__(self, name: str) -> Rows:
        rows = self._rows[name]
        places = self._renumbered[rows.people]
        chosen = rows.of(places != NO_CODE)
        return Rows(places[places != NO_CODE], chosen.ts, chosen.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
