"""A feature as columns of a narrow table (aggregates of one event), and its value as an expression over them.

The columns keep apart what SQL would blur: no matching event, a matching event without a value, and a sum
that 64 bits cannot hold.
"""

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.engines.context import Context
from kohort.engines.plan import Feature
from kohort.engines.sql.terms import Parameters, all_of, any_of, column, in_ranges, number, where
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, DaysSince
from kohort.rules.operators import Function, Occurrence

_COUNTED = frozenset({Function.COUNT, Function.SUM, Function.DISTINCT})


def is_counted(feature: Feature) -> bool:
    """Return whether the feature of somebody without a matching event is 0: true of a count, sum and distinct."""
    return isinstance(feature.measure, Aggregate) and feature.measure.function in _COUNTED


def aggregates(feature: Feature, index: int, context: Context, parameters: Parameters) -> list[exp.Expr]:
    """Return the aggregate columns of an event feature over its event's rows up to the moment, by person.

    `f<index>` holds the bare aggregate; `n<index>` the number of matching events, or of values for a mean.
    """
    measure = feature.measure
    if not isinstance(measure, Aggregate | DaysSince):
        raise TypeError("only a value over events is an aggregate")
    matching = [] if measure.where is None else [where(measure.where, measure.event, context, parameters)]
    if isinstance(measure, DaysSince):
        kind = exp.Max if measure.occurrence is Occurrence.LAST else exp.Min
        return [_alias(_filtered(kind(this=column("ts")), matching), f"f{index}")]
    if measure.window is not None:
        matching.append(in_ranges(column("ts"), context.ranges(measure.window)))
    catalog = context.catalog
    found = _aggregate(measure, feature.type, matching, catalog)
    columns = [_alias(found, f"f{index}")]
    if measure.function is Function.MEAN:
        value = _columns(measure, feature.type, catalog)[0]
        columns.append(_alias(_filtered(exp.Count(this=value), matching), f"n{index}"))
    elif is_counted(feature):
        columns.append(_alias(_filtered(exp.Count(this=exp.Star()), matching), f"n{index}"))
    return columns


def value(feature: Feature, index: int, table: str, at: Moment, *, in_population: bool) -> exp.Expr:
    """Return the feature's value, in its unit, over the columns of `table`; NULL where it is missing.

    `in_population` decides what somebody without a matching event has: nothing, or the 0 of a count.
    """
    found: exp.Expr = column(f"f{index}", table)
    matched = column(f"n{index}", table)
    if isinstance(feature.measure, DaysSince):
        return exp.Paren(this=exp.Sub(this=number(at), expression=found))
    if not isinstance(feature.measure, Aggregate):
        return found
    if feature.measure.function is Function.MEAN:
        return _rounded_mean(found, matched)
    if not is_counted(feature):
        return found
    found = exp.Coalesce(this=found, expressions=[number(0)])
    if feature.measure.function is Function.SUM:
        found = _held(found)
    else:
        found = _big(exp.Mul(this=found, expression=number(MICRO)))
    if not in_population:
        return found
    anybody = exp.GT(this=matched, expression=number(0))
    return exp.Case(ifs=[exp.If(this=anybody, true=found)])


def _aggregate(measure: Aggregate, type_: ValueType, matching: list[exp.Expr], catalog: Catalog) -> exp.Expr:
    columns = _columns(measure, type_, catalog)
    match measure.function:
        case Function.COUNT:
            return _filtered(exp.Count(this=exp.Star()), [*matching, *([_any_there(columns)] if columns else [])])
        case Function.SUM | Function.MEAN:
            return _filtered(exp.Sum(this=columns[0]), matching)
        case Function.MIN:
            return _filtered(exp.Min(this=columns[0]), matching)
        case Function.MAX:
            return _filtered(exp.Max(this=columns[0]), matching)
        case Function.DISTINCT:
            return _distinct(measure, matching, catalog)
        case Function.FIRST | Function.LAST:
            kind = exp.ArgMax if measure.function is Function.LAST else exp.ArgMin
            order = exp.Tuple(expressions=[column("ts"), column("event_id")])
            found = kind(this=columns[0], expression=order)
            return _filtered(found, [*matching, _any_there(columns)])


def _columns(measure: Aggregate, type_: ValueType, catalog: Catalog) -> list[exp.Expr]:
    """Return the physical columns that the aggregate reads: all types where any will do, else the one of `type_`."""
    if measure.property is None:
        return []
    by_type = catalog.events[measure.event][measure.property]
    if measure.function is Function.COUNT:
        return [column(name) for name in by_type.values()]
    return [column(by_type[type_])] if type_ in by_type else []


def _distinct(measure: Aggregate, matching: list[exp.Expr], catalog: Catalog) -> exp.Expr:
    """Return the number of distinct values, summed over the types of the property; of lists, of their elements."""
    terms: list[exp.Expr] = []
    for type_, name in catalog.events[measure.event][measure.property or ""].items():
        read = column(name)
        if type_ is ValueType.TEXT_LIST:
            lists = _filtered(exp.ArrayAgg(this=read), [*matching, _any_there([read])])
            elements = exp.Anonymous(this="LIST_DISTINCT", expressions=[exp.Flatten(this=lists)])
            terms.append(exp.Coalesce(this=exp.ArraySize(this=elements), expressions=[number(0)]))
        else:
            terms.append(_filtered(exp.Count(this=exp.Distinct(expressions=[read])), matching))
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    return exp.Paren(this=total)


def _rounded_mean(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    """Return total / count rounded half-even to an integer: |total| by whole division, then the sign."""
    size = exp.Abs(this=total)
    whole = exp.Paren(this=exp.IntDiv(this=size, expression=count))
    rest = exp.Paren(this=exp.Mod(this=size.copy(), expression=count.copy()))
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
    return _big(exp.Mul(this=exp.Sign(this=total.copy()), expression=rounded))


def _held(total: exp.Expr) -> exp.Expr:
    """Return `total` as 64 bits; NULL, so missing, where those cannot hold it."""
    fits = exp.LTE(this=exp.Abs(this=total), expression=number(LARGEST_MICROS))
    return exp.Case(ifs=[exp.If(this=fits, true=_big(total.copy()))])


def _big(term: exp.Expr) -> exp.Expr:
    return exp.Cast(this=term, to=exp.DataType(this=exp.DataType.Type.BIGINT))


def _any_there(columns: list[exp.Expr]) -> exp.Expr:
    return any_of([exp.Not(this=exp.Is(this=one.copy(), expression=exp.null())) for one in columns])


def _filtered(aggregate: exp.Expr, matching: list[exp.Expr]) -> exp.Expr:
    if not matching:
        return aggregate
    terms = all_of([one.copy() for one in matching])
    return exp.Filter(this=aggregate, expression=exp.Where(this=terms))


def _alias(term: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(term, exp.to_identifier(name, quoted=True), copy=False)
