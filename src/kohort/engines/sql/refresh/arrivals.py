"""The rows of a relation by when they were loaded: those that are new, and those that were there already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import expressions as exp

from kohort.engines.sql.refresh.feeds import Part
from kohort.engines.sql.terms import Parameters, all_of, any_of, column, named
from kohort.rules.windows import Range

_IS_NEW: Final = "kohort_is_new"


@dataclass(frozen=True)
class Arriving:
    """A part, of which the rows up to the cursor `upto` are there, and those above `since` are new (None: all)."""

    part: Part
    since: int | None
    upto: int

    def rows(self, columns: Sequence[str], ranges: Sequence[Range], parameters: Parameters) -> exp.Select:
        """Return the rows that are there with whether each is new; of the others, at least those in `ranges`."""
        cursor = self.part.load.cursor
        wanted: list[exp.Expr] = [column(one) for one in columns] or [exp.Star()]
        if self.part.name is not None:
            text = exp.DataType.build("TEXT")
            wanted.append(named(exp.Cast(this=parameters.bind(self.part.name), to=text), "name"))
        there = [cursor.upto(self.upto)]
        is_new: exp.Expr = exp.true()
        if self.since is not None:
            is_new = cursor.above(self.since)
            if self.part.time is not None:
                among = [self.part.time.within(ranges)] if ranges else []
                there.append(any_of([is_new.copy(), *among]))
        return exp.select(*wanted, named(is_new, _IS_NEW)).from_(self.part.relation).where(all_of(there))


@dataclass(frozen=True)
class Arrivals:
    """The rows of `relation`, which come by `parts`.

    `time` is the column of a row's moment, `id` that which decides between rows of one moment, `columns` those that
    every part shows (none: all).
    """

    relation: str
    time: str
    id: str
    columns: tuple[str, ...]
    parts: tuple[Arriving, ...]

    def rows(
        self, parameters: Parameters, names: Iterable[str] | None, ranges: Sequence[Range] | None = None
    ) -> exp.Subquery:
        """Return the rows that are there, in place of the relation: of `names` if only those are asked for.

        Of rows that are not new, those that lie in `ranges` are among them, and any may be; None: all are.
        """
        asked = None if names is None else set(names)
        parts = [one for one in self.parts if asked is None or one.part.name is None or one.part.name in asked]
        looked: Sequence[Range] = [] if ranges is None else ranges
        if ranges is None:
            parts = [replace(one, part=replace(one.part, time=None)) for one in parts]
        selects = [one.rows(self.columns, looked, parameters) for one in parts]
        if not selects:
            nothing = exp.select(exp.Star(), named(exp.false(), _IS_NEW)).from_(self.relation).where(exp.false())
            selects = [nothing]
        together = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False, copy=False)
        return together.subquery(self.relation)

    def new(self) -> exp.Expr:
        """Return whether a row of `rows` is new."""
        return column(_IS_NEW)

    def old(self) -> exp.Expr:
        """Return whether a row of `rows` was there already."""
        return exp.Not(this=column(_IS_NEW))

    @property
    def anew(self) -> "Arrivals":
        """The same, every row being new."""
        return replace(self, parts=tuple(replace(one, since=None) for one in self.parts))
