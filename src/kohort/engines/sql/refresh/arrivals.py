"""The rows of a relation by when they were loaded: those that are new, and those that were there already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import expressions as exp

from kohort.engines.sql.refresh.feeds import Part
from kohort.engines.sql.terms import Parameters, all_of, any_of, column, named
from kohort.rules.windows import Range

_IS_NEW: Final = "kohort_is_new"
_IS_THERE: Final = "kohort_is_there"


@dataclass(frozen=True)
class Arriving:
    """A part, of which the rows up to the cursor `upto` are there, and those above `since` are new (None: all)."""

    part: Part
    since: int | None
    upto: int

    def rows(self, columns: Sequence[str], ranges: Sequence[Range], parameters: Parameters, *, new: bool) -> exp.Select:
        """Return the rows, with whether each is new, and whether it is there and may be asked for; see `Arrivals`."""
        part, cursor = self.part, self.part.load.cursor
        wanted: list[exp.Expr] = [column(one) for one in columns] or [exp.Star()]
        if part.name is not None:
            text = exp.DataType.build("TEXT")
            wanted.append(named(exp.Cast(this=parameters.bind(part.name), to=text), "name"))
        is_new: exp.Expr = exp.true() if self.since is None else cursor.above(self.since)
        there = [cursor.upto(self.upto), *([] if part.taken is None else [column(part.taken)])]
        if part.time is not None and not (new and self.since is None):
            there.append(any_of([*([is_new] if new else []), *([part.time.within(ranges)] if ranges else [])]))
        return exp.select(*wanted, named(is_new.copy(), _IS_NEW), named(all_of(there), _IS_THERE)).from_(part.relation)


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
        self, parameters: Parameters, names: Iterable[str] | None, ranges: Sequence[Range], *, new: bool = True
    ) -> exp.Subquery:
        """Return the rows that are there, in place of the relation: of `names` if only those are asked for.

        At least those in `ranges` are among them, and with `new` all that are new; others may be. No part has a WHERE
        of its own, since PostgreSQL then would not use its indexes for a join.
        """
        asked = None if names is None else set(names)
        parts = [one for one in self.parts if asked is None or one.part.name is None or one.part.name in asked]
        selects = [one.rows(self.columns, ranges, parameters, new=new) for one in parts]
        if not selects:
            nothing = exp.select(exp.Star(), named(exp.false(), _IS_NEW), named(exp.false(), _IS_THERE))
            selects = [nothing.from_(self.relation)]
        together = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False, copy=False)
        there = exp.select(exp.Star()).from_(together.subquery("loaded")).where(column(_IS_THERE))
        return there.subquery(self.relation)

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
