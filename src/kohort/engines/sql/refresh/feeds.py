"""What is loaded into a store: tables that grow in an order of their own, and what the engine reads of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import expressions as exp

from kohort.clock import DAY
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.terms import all_of, any_of, big, column, number
from kohort.rules.windows import Range

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Axis:
    """A column along which the rows of a table lie in order, of a type of its own: here an integer.

    A bound is written in that type, so that an index on the column serves. What the engine calls a row's moment is at
    most `greatest` less, and at least `least` less, than the column says: 0 where the column says the moment itself.
    `days` is the column with the day of the same, a date, by which the table is partitioned; None if it is not. It lies
    at most `days_off` days off the day in UTC.

    >>> print(Axis("sold", days="sold_on").above(86_400_000_000).sql("spark"))
    `sold` > 86400000000 AND `sold_on` >= CAST('1970-01-02' AS DATE)
    >>> print(Axis("sold", days="sold_on", days_off=1).upto(86_400_000_000).sql("spark"))
    `sold` <= 86400000000 AND `sold_on` <= CAST('1970-01-03' AS DATE)
    """

    column: str
    least: int = 0
    greatest: int = 0
    days: str | None = None
    days_off: int = 0

    def bound(self, value: int) -> exp.Expr:
        """Return `value` in the type of the column."""
        return number(value)

    def read(self, term: exp.Expr, dialect: Dialect) -> exp.Expr:  # noqa: ARG002 - times differ by dialect
        """Return a value of the column, now `term`, as an integer."""
        return big(term)

    def above(self, value: int) -> exp.Expr:
        """Return whether a row lies above `value`."""
        return self._on(exp.GT, value, exp.GTE, -self.days_off)

    def since(self, value: int) -> exp.Expr:
        """Return whether a row lies at `value` or above."""
        return self._on(exp.GTE, value, exp.GTE, -self.days_off)

    def upto(self, value: int) -> exp.Expr:
        """Return whether a row lies at `value` or below."""
        return self._on(exp.LTE, value, exp.LTE, self.days_off)

    def _on(self, compare: type[exp.Binary], value: int, compare_days: type[exp.Binary], off: int) -> exp.Expr:
        """Compare the column, and the day by which the store leaves out files that cannot hold such a row."""
        found = compare(this=column(self.column), expression=self.bound(value))
        if self.days is None:
            return found
        return all_of([found, compare_days(this=column(self.days), expression=_day(value, off))])

    def within(self, ranges: Sequence[Range]) -> exp.Expr:
        """Return whether the moment of a row may lie in any of `ranges`, both ends included.

        >>> Axis("sold", least=-1, greatest=2).within([(10, 20), (None, 5)]).sql("duckdb")
        '("sold" >= 9 AND "sold" <= 22 OR "sold" <= 7)'
        """
        return any_of([all_of(self._between(low, high)) for low, high in ranges])

    def _between(self, low: int | None, high: int) -> list[exp.Expr]:
        upper = [self.upto(high + self.greatest)]
        return upper if low is None else [self.since(low + self.least), *upper]


@dataclass(frozen=True)
class Load:
    """A table that is loaded: `relation` shows its rows, and `cursor` is greater in each that is loaded later.

    `meaning` stands for how its columns are read; what was kept of another meaning is of no use.
    """

    name: str
    relation: str
    cursor: Axis
    meaning: str = ""


@dataclass(frozen=True)
class Part:
    """The rows of a load that are events or values of traits, shown by `relation` with the load's cursor beside.

    `name` is that of the event or trait, None where a column `name` tells. `time` is the table's own column of the
    moments, None where there is none but the relation's. `taken` is the column that says whether a row counts, None
    where all do.
    """

    load: Load
    relation: str
    name: str | None = None
    time: Axis | None = None
    taken: str | None = None


@dataclass(frozen=True)
class Feed:
    """All that is loaded.

    `event_columns` and `trait_columns` are those that every part of the kind shows, `name` left out; none where the one
    part shows them all.
    """

    events: tuple[Part, ...]
    traits: tuple[Part, ...]
    event_columns: tuple[str, ...] = ()
    trait_columns: tuple[str, ...] = ()

    @property
    def loads(self) -> Mapping[str, Load]:
        """The tables that are loaded, by name."""
        return {one.load.name: one.load for one in (*self.events, *self.traits)}


@dataclass(frozen=True)
class Cursors:
    """The columns that tell in which order rows were loaded: `events` of the events, `traits` of the trait values.

    Each is an integer, never NULL, and greater in a row that is loaded than in all rows that could be read before it.
    Where the relations are tables partitioned by days, `days` says it: for a column of moments, `ts`, `set_at`, or a
    cursor in microseconds too, the column with its day in UTC, a date that is never NULL.
    """

    events: str = "received_at"
    traits: str = "recorded_at"
    days: Mapping[str, str] = field(default_factory=dict)

    def feed(self) -> Feed:
        """Return the engine's own relations as what is loaded."""
        return Feed((self._part("events", self.events, "ts"),), (self._part("trait_values", self.traits, "set_at"),))

    def _part(self, relation: str, cursor: str, time: str) -> Part:
        load = Load(relation, relation, Axis(cursor, days=self.days.get(cursor)))
        return Part(load, relation, time=Axis(time, days=self.days[time]) if time in self.days else None)


def _day(value: int, off: int) -> exp.Expr:
    """Return the day of a moment, in UTC, or one `off` days later; of one without a date the first or last that is."""
    day = date.fromordinal(min(max(_EPOCH + value // DAY + off, 1), date.max.toordinal()))
    return exp.Cast(this=exp.Literal.string(day.isoformat()), to=exp.DataType.build("DATE"))
