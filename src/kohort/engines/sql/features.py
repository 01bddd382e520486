"""A feature as columns of a narrow table, and its value as an expression over them.

The columns keep apart what SQL would blur: no matching event, a matching event without a value, and a sum
that 64 bits cannot hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.values import LARGEST_MICROS, MICRO
from kohort.engines.context import Context
from kohort.engines.plan import Feature
from kohort.engines.sql.dialects import Dialect, Division
from kohort.engines.sql.terms import (
    Parameters,
    all_of,
    any_of,
    beyond,
    big,
    column,
    in_ranges,
    is_there,
    named,
    number,
    where,
)
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, DaysSince
from kohort.rules.operators import Function, Occurrence

_COUNTED = frozenset({Function.COUNT, Function.SUM, Function.DISTINCT})


def is_counted(feature: Feature) -> bool:
    """Return whether the feature of somebody without a matching event is 0: true of a count, sum and distinct."""
    return isinstance(feature.measure, Aggregate) and feature.measure.function in _COUNTED


def matching_rows(
    feature: Feature, context: Context, parameters: Parameters, first: Moment | None = None
) -> list[exp.Expr]:
    """Return the conditions that the feature's `where` and window set on rows of its event from `first` to the moment.

    Without `first`, rows may be of any time up to the moment.
    """
    measure = feature.measure
    if not isinstance(measure, Aggregate | DaysSince):
        raise TypeError("only a value over events has matching events")
    matching = [] if measure.where is None else [where(measure.where, measure.event, context, parameters)]
    if isinstance(measure, Aggregate) and measure.window is not None:
        ranges = context.ranges(measure.window)
        outside = beyond(ranges, first, context.at)
        if outside or not ranges:
            matching.append(in_ranges(column("ts"), outside))
    return matching


def property_columns(feature: Feature, catalog: Catalog) -> list[exp.Expr]:
    """Return the columns that an aggregate reads: of all types where any will do, else that of the feature's type."""
    measure = feature.measure
    if not isinstance(measure, Aggregate) or measure.property is None:
        return []
    by_type = catalog.events[measure.event][measure.property]
    if measure.function in {Function.COUNT, Function.DISTINCT}:
        return [column(name) for name in by_type.values()]
    return [column(by_type[feature.type])]


def aggregates(
    feature: Feature, index: int, context: Context, parameters: Parameters, first: Moment | None
) -> list[exp.Expr]:
    """Return the aggregate columns of an event feature over its event's rows from `first` to the moment, by person.

    `f<index>` holds the bare aggregate; `n<index>` the number of matching events, or of values for a mean, unless
    that is the same.
    """
    measure = feature.measure
    matching = matching_rows(feature, context, parameters, first)
    read = property_columns(feature, context.catalog)
    find = _Aggregates(parameters.dialect, matching)
    found, counted = f"f{index}", f"n{index}"
    match measure:
        case DaysSince(occurrence=occurrence):
            kind = exp.Max if occurrence is Occurrence.LAST else exp.Min
            return [named(find.of(kind, column("ts")), found)]
        case Aggregate(function=Function.COUNT):
            there = [any_of([is_there(one) for one in read])] if read else []
            # Without a property, the events that count are those that match.
            return [named(find.rows(there), found), *([named(find.rows(), counted)] if there else [])]
        case Aggregate(function=Function.DISTINCT):
            return [named(total_of([find.distinct(one) for one in read]), found), named(find.rows(), counted)]
        case Aggregate(function=Function.SUM):
            return [named(find.total(read[0]), found), named(find.rows(), counted)]
        case Aggregate(function=Function.MEAN):
            return [named(find.total(read[0]), found), named(find.of(exp.Count, read[0]), counted)]
        case Aggregate(function=Function.MIN | Function.MAX as function):
            return [named(find.of(exp.Min if function is Function.MIN else exp.Max, read[0]), found)]
        case _:
            raise TypeError("the first or last value has a table of its own")


def matched(feature: Feature, index: int, table: str) -> exp.Expr:
    """Return the column of `table` with the number of matching events of an aggregate, or of values for a mean."""
    measure = feature.measure
    plain = isinstance(measure, Aggregate) and measure.function is Function.COUNT and measure.property is None
    return column(f"{'f' if plain else 'n'}{index}", table)


def total_of(terms: list[exp.Expr]) -> exp.Expr:
    """Return the sum of `terms`.

    >>> total_of([column("a"), column("b")]).sql("duckdb")
    '("a" + "b")'
    """
    return exp.Paren(this=reduce(lambda left, right: exp.Add(this=left, expression=right), terms))


def value(feature: Feature, index: int, table: str, at: Moment, dialect: Dialect, *, in_population: bool) -> exp.Expr:
    """Return the feature's value, in its unit, over the columns of `table`; NULL where it is missing.

    `in_population` decides what somebody without a matching event has: nothing, or the 0 of a count.
    """
    found: exp.Expr = column(f"f{index}", table)
    if isinstance(feature.measure, DaysSince):
        return exp.Paren(this=exp.Sub(this=number(at), expression=found))
    if not isinstance(feature.measure, Aggregate):
        return found
    if feature.measure.function is Function.MEAN:
        # ClickHouse divides before it looks whether there is anything to divide.
        some = exp.Greatest(this=matched(feature, index, table), expressions=[number(1)])
        return _rounded_mean(found, some, dialect)
    if not is_counted(feature):
        return found
    found = exp.Coalesce(this=found, expressions=[number(0)])
    if feature.measure.function is Function.SUM:
        found = _held(found)
    else:
        found = big(exp.Mul(this=found, expression=number(MICRO)))
    if not in_population:
        return found
    anybody = exp.GT(this=matched(feature, index, table), expression=number(0))
    return exp.Case(ifs=[exp.If(this=anybody, true=found)])


@dataclass(frozen=True)
class _Aggregates:
    """Aggregates over the matching rows only, by FILTER or by CASE."""

    dialect: Dialect
    matching: list[exp.Expr]

    def of(self, kind: type[exp.AggFunc], term: exp.Expr) -> exp.Expr:
        if not self.matching:
            return kind(this=term)
        matching = all_of([one.copy() for one in self.matching])
        if self.dialect.filters:
            return exp.Filter(this=kind(this=term), expression=exp.Where(this=matching))
        return kind(this=exp.Case(ifs=[exp.If(this=matching, true=term)]))

    def rows(self, besides: Sequence[exp.Expr] = ()) -> exp.Expr:
        its = replace(self, matching=[*self.matching, *besides])
        counted = exp.Star() if self.dialect.filters or not its.matching else number(1)
        return its.of(exp.Count, counted)

    def total(self, term: exp.Expr) -> exp.Expr:
        wide = self.dialect.sums_in
        return self.of(exp.Sum, term if wide is None else exp.Cast(this=term, to=wide.copy()))

    def distinct(self, term: exp.Expr) -> exp.Expr:
        if self.matching and not self.dialect.filters:
            term = exp.Case(ifs=[exp.If(this=all_of([one.copy() for one in self.matching]), true=term)])
            return exp.Count(this=exp.Distinct(expressions=[term]))
        return self.of(exp.Count, exp.Distinct(expressions=[term]))


def _rounded_mean(total: exp.Expr, count: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Return total / count rounded half-even to an integer: |total| by whole division, then the sign."""
    size = exp.Abs(this=total)
    rest = exp.Paren(this=exp.Mod(this=size, expression=count))
    whole = exp.Paren(this=_quotient(size.copy(), count.copy(), rest.copy(), dialect.division))
    doubled = exp.Mul(this=number(2), expression=rest)
    odd = exp.EQ(this=exp.Mod(this=whole.copy(), expression=number(2)), expression=number(1))
    up = exp.Case(
        ifs=[
            exp.If(this=exp.GT(this=doubled, expression=count.copy()), true=number(1)),
            exp.If(
                this=exp.And(this=exp.EQ(this=doubled.copy(), expression=count.copy()), expression=odd), true=number(1)
            ),
        ],
        default=number(0),
    )
    rounded = exp.Paren(this=exp.Add(this=whole.copy(), expression=up))
    return big(exp.Mul(this=exp.Sign(this=total.copy()), expression=rounded))


def _held(total: exp.Expr) -> exp.Expr:
    """Return `total` as 64 bits; NULL, so missing, where those cannot hold it."""
    fits = exp.LTE(this=exp.Abs(this=total), expression=number(LARGEST_MICROS))
    return exp.Case(ifs=[exp.If(this=fits, true=big(total.copy()))])


def _quotient(size: exp.Expr, count: exp.Expr, rest: exp.Expr, division: Division) -> exp.Expr:
    """Return size / count without `rest`, exactly: no dialect may go through floating point or round."""
    match division:
        case Division.OPERATOR:
            return exp.IntDiv(this=size, expression=count)
        case Division.FUNCTION:
            return exp.Anonymous(this="intDiv", expressions=[size, count])
        case Division.MULTIPLE:
            return exp.Div(this=exp.Paren(this=exp.Sub(this=size, expression=rest)), expression=count)
