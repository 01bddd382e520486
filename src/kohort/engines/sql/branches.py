"""Many comparisons of one value as one CASE, whose first branch that holds gives the bits of all that hold.

A store compares a value until then, instead of once for each comparison, and adds once.
"""

from collections.abc import Sequence

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.values import LARGEST_MICROS, MICRO
from kohort.engines.plan import Feature
from kohort.engines.predicates import Equal, Within
from kohort.engines.sql import features
from kohort.engines.sql.terms import Parameters, column, is_there, number
from kohort.rules.nodes import Aggregate, DaysSince
from kohort.rules.operators import Function

Branch = tuple[exp.Expr, int]
"""A condition, and the bits where it is the first that holds."""


def first_of(branches: Sequence[Branch], otherwise: int = 0) -> exp.Expr:
    """Return the bits of the first branch that holds; what is NULL does not.

    >>> first_of([(column("x"), 4)]).sql("duckdb")
    'CASE WHEN "x" THEN 4 ELSE 0 END'
    """
    if not branches:
        return number(otherwise)
    ifs = [exp.If(this=condition, true=number(bits)) for condition, bits in branches]
    return exp.Case(ifs=ifs, default=number(otherwise))


def equal(value: exp.Expr, asked: Sequence[tuple[int, Equal]], parameters: Parameters) -> exp.Expr:
    """Return the bits of which of `asked`, each with its bit, hold of a text or boolean.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> asked = [(1, Equal("FR")), (2, Equal("DE")), (4, Equal("DE", negated=True))]
    >>> equal(column("x"), asked, Parameters(dialect_of("duckdb"))).sql("duckdb")
    'CASE WHEN "x" = $1 THEN 5 WHEN "x" = $2 THEN 2 WHEN NOT "x" IS NULL THEN 4 ELSE 0 END'
    """
    branches: list[Branch] = []
    for wanted in dict.fromkeys(one.value for _, one in asked):
        bound = exp.Boolean(this=wanted) if isinstance(wanted, bool) else parameters.bind(wanted)
        bits = sum(bit for bit, one in asked if (one.value == wanted) is not one.negated)
        branches.append((exp.EQ(this=value.copy(), expression=bound), bits))
    others = sum(bit for bit, one in asked if one.negated)
    return first_of([*branches, (is_there(value), others)] if others else branches)


def bounded(
    feature: Feature,
    index: int,
    table: str,
    at: Moment,
    asked: Sequence[tuple[int, Within]],
    parameters: Parameters,
    *,
    in_population: bool,
) -> exp.Expr:
    """Return the bits of which of `asked`, each with its bit, hold of a number or moment: a stair over the value.

    The bounds are put into the unit of the column that holds it, so that the value need not be worked out. The bits
    of a row without a value are those of 0 where the feature counts, as `features.value` has it, else none.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.engines.sql.dialects import dialect_of
    >>> from kohort.rules.parse import parse_rule
    >>> feature = Feature(parse_rule("count of e > 1").value, ValueType.NUMBER)
    >>> asked = [(1, Within(low=1_000_001)), (2, Within(high=3_000_000))]
    >>> parameters = Parameters(dialect_of("duckdb"))
    >>> bounded(feature, 7, "t", 0, asked, parameters, in_population=False).sql("duckdb", identify=True)
    'CASE WHEN "t"."f7" < 2 THEN 2 WHEN "t"."f7" < 4 THEN 3 WHEN "t"."f7" >= 4 THEN 1 ELSE 2 END'
    """
    stored: exp.Expr = column(f"f{index}", table)
    is_total = False
    match feature.measure:
        case DaysSince():
            asked = [(bit, _mirrored(one, at)) for bit, one in asked]
        case Aggregate(function=Function.COUNT | Function.DISTINCT):
            asked = [(bit, _whole(one)) for bit, one in asked]
        case Aggregate(function=Function.SUM):
            is_total = True
        case Aggregate(function=Function.MEAN):
            stored = features.value(feature, index, table, at, parameters.dialect, in_population=in_population)
    without = _bits(asked, 0) if features.is_counted(feature) else 0
    found = first_of(_stair(stored, asked, without, is_total=is_total), without)
    if not (in_population and features.is_counted(feature)):
        return found
    anybody = exp.GT(this=features.matched(feature, index, table), expression=number(0))
    return exp.Case(ifs=[exp.If(this=anybody, true=found)], default=number(0))


def _stair(stored: exp.Expr, asked: Sequence[tuple[int, Within]], without: int, *, is_total: bool) -> list[Branch]:
    """Return a branch for each range of `stored` with bits of its own, from the lowest; none for NULL.

    A total is in a type that holds more than 64 bits: beyond those it is missing.
    """
    ends = {one.low for _, one in asked} | {None if one.high is None else one.high + 1 for _, one in asked}
    # Where a step would be beyond what a column holds, there is nothing.
    edges = sorted(edge for edge in ends if edge is not None and abs(edge) <= LARGEST_MICROS)
    steps = [(edge, _bits(asked, edge)) for edge in edges]
    bits = _bits(asked, -LARGEST_MICROS if not edges else edges[0] - 1)
    branches: list[Branch] = []
    if is_total:
        branches.append((exp.LT(this=stored.copy(), expression=number(-LARGEST_MICROS)), 0))
    reached: exp.Expr = is_there(stored.copy())
    for edge, after in steps:
        if after != bits:
            branches.append((exp.LT(this=stored.copy(), expression=number(edge)), bits))
            reached, bits = exp.GTE(this=stored.copy(), expression=number(edge)), after
    if is_total:
        branches.append((exp.LTE(this=stored.copy(), expression=number(LARGEST_MICROS)), bits))
        return [*branches, (is_there(stored.copy()), 0)]
    return branches if bits == without else [*branches, (reached, bits)]


def _bits(asked: Sequence[tuple[int, Within]], value: int) -> int:
    return sum(bit for bit, one in asked if _holds(one, value))


def _holds(within: Within, value: int) -> bool:
    inside = (within.low is None or within.low <= value) and (within.high is None or value <= within.high)
    return inside is not within.negated


def _whole(within: Within) -> Within:
    """Return the bounds of a number of something from those of its micros."""
    low = None if within.low is None else -(-within.low // MICRO)
    return Within(low, None if within.high is None else within.high // MICRO, within.negated)


def _mirrored(within: Within, at: Moment) -> Within:
    """Return the bounds of a moment from those of the time that has passed since."""
    low = None if within.high is None else at - within.high
    return Within(low, None if within.low is None else at - within.low, within.negated)
