"""Rows that are still to be written to a table: what a process that alone writes holds back, to write much at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from kohort.storage.amended import Amendment


@dataclass
class _Batch:
    rows: pa.Table
    watermark: int
    told: bool = False


class Commit(NamedTuple):
    """Rows to write at once, the watermark that the table has then, and whether they were told."""

    rows: pa.Table
    watermark: int
    told: bool


@dataclass
class Held:
    """What is to be written to one table, in order; `replaces`: in place of all that it has.

    >>> held = Held()
    >>> held.add(pa.table({"n": [1]}), watermark=3)
    >>> held.tell()
    >>> held.add(pa.table({"n": [2]}), watermark=4)
    >>> len(held.untold()), [(one.rows.num_rows, one.watermark, one.told) for one in (held.take(9), held.take(9))]
    (1, [(1, 3, True), (1, 4, False)])
    """

    replaces: bool = False
    _batches: list[_Batch] = field(default_factory=list)

    def add(self, rows: pa.Table, watermark: int) -> None:
        """Hold rows that are to be appended."""
        self._batches.append(_Batch(rows, watermark))

    def replace(self, rows: pa.Table, watermark: int) -> None:
        """Hold rows that are to take the place of all."""
        self.replaces, self._batches = True, [_Batch(rows, watermark)]

    @property
    def watermark(self) -> int:
        """The watermark that the table has once all is written."""
        return self._batches[-1].watermark

    @property
    def rows(self) -> list[pa.Table]:
        """All rows, in parts."""
        return [one.rows for one in self._batches]

    def tell(self) -> None:
        """Remember that whoever follows the table was told of all rows so far."""
        for one in self._batches:
            one.told = True

    def is_told(self) -> bool:
        """Tell whether anybody was told of any of the rows."""
        return any(one.told for one in self._batches)

    def untold(self) -> list[pa.Table]:
        """Return the rows of which nobody was told yet, in parts."""
        return [one.rows for one in self._batches if not one.told]

    def take(self, most: int) -> Commit:
        """Take out what is to be written next: about so many rows at most, or all where they replace others.

        What was told stands apart from what was not, so that its files are known.
        """
        first, size, count = self._batches[0], 0, 0
        for one in self._batches:
            if not self.replaces and count and (one.told != first.told or size + one.rows.num_rows > most):
                break
            size, count = size + one.rows.num_rows, count + 1
        taken, self._batches = self._batches[:count], self._batches[count:]
        rows = pa.concat_tables([one.rows for one in taken], promote_options="default")
        return Commit(rows, taken[-1].watermark, first.told and not self.replaces)

    @property
    def is_taken(self) -> bool:
        """Whether all rows were taken out."""
        return not self._batches


class HeldParts(Held):
    """Rows that take the place of all that a table has, in parts that are made when they are asked for.

    >>> held = HeldParts(iter([pa.table({"n": [1]}), pa.table({"n": [2]})]), watermark=3)
    >>> first = held.next_part()
    >>> [part.num_rows for part in held.rows], held.next_part().to_pylist(), held.next_part(), held.watermark
    ([1, 1], [{'n': 2}], None, 3)
    """

    def __init__(self, parts: Iterator[pa.Table], watermark: int) -> None:
        super().__init__(replaces=True)
        self._parts, self._watermark, self._taken = parts, watermark, 0

    @property
    def watermark(self) -> int:
        """The watermark that the table has once all is written."""
        return self._watermark

    @property
    def rows(self) -> list[pa.Table]:
        """All rows, in parts, each of which is made now."""
        for part in self._parts:
            self._batches.append(_Batch(part, self._watermark))
        return super().rows

    def next_part(self) -> pa.Table | None:
        """Return the next of the parts, which may have no rows; None after the last."""
        if self._taken == len(self._batches):
            part = next(self._parts, None)
            if part is None:
                return None
            self._batches.append(_Batch(part, self._watermark))
        self._taken += 1
        return self._batches[self._taken - 1].rows


@dataclass
class HeldAmendments:
    """Whose rows are others in a table whose rows are told apart by `column`: as `Held`.

    Of ids that nobody had before, `new` rows are to be appended; those of others take the place of what they have.

    >>> held = HeldAmendments("id")
    >>> one, other = (pa.table({"id": ["a"], "n": [n]}) for n in (1, 2))
    >>> held.amend(Amendment(pa.array(["a"]), one), frozenset(), watermark=3)
    >>> held.amend(Amendment(pa.array(["a"]), other), frozenset("a"), watermark=4)
    >>> new, changed = held.parts()
    >>> new.to_pylist(), changed.whose.to_pylist()
    ([{'id': 'a', 'n': 2}], [])
    """

    column: str
    watermark: int = 0
    replaces: bool = field(default=False, init=False)
    _new: set[str] = field(default_factory=set)
    _named: set[str] = field(default_factory=set)
    _amendments: list[Amendment] = field(default_factory=list)
    _told: bool = False

    def amend(self, amendment: Amendment, known: frozenset[str], watermark: int) -> None:
        """Hold other rows for some ids, of which the `known` ones have some already, or had."""
        whose = set(amendment.whose.to_pylist())
        self._new |= whose - known - self._named
        self._named |= whose
        self._amendments.append(amendment)
        while len(self._amendments) > 1 and len(self._amendments[-2].whose) < 2 * len(self._amendments[-1].whose):
            last, before = self._amendments.pop(), self._amendments.pop()
            self._amendments.append(last.after(before, self.column))
        self.watermark = watermark

    @property
    def rows(self) -> list[pa.Table]:
        """All rows, in parts, of which some may have been replaced by those of later ones."""
        return [one.rows for one in self._amendments]

    def parts(self) -> tuple[pa.Table, Amendment]:
        """Return the rows to append, and whose rows are others."""
        all_ = self._amendments[0]
        for one in self._amendments[1:]:
            all_ = one.after(all_, self.column)
        new = pa.array(sorted(self._new), pa.string())
        is_new = pc.is_in(all_.rows.column(self.column), value_set=new)
        whose = all_.whose.filter(pc.invert(pc.is_in(all_.whose, value_set=new)))
        return all_.rows.filter(is_new), Amendment(whose, all_.rows.filter(pc.invert(is_new)))

    def tell(self) -> None:
        """Remember that whoever follows the table was told of all so far."""
        self._told = True

    def is_told(self) -> bool:
        """Tell whether anybody was told of any of it."""
        return self._told

    def untold(self) -> list[pa.Table]:
        """Return no rows: whoever follows is told of changes."""
        return []
