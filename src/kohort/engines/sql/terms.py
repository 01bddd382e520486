"""The few expressions that every statement is made of; what people wrote is bound, never part of the text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

from sqlglot import expressions as exp

from kohort.definitions.values import ValueType
from kohort.engines.context import Context
from kohort.engines.predicates import (
    AnyMoment,
    AnyText,
    Element,
    Equal,
    Never,
    Predicate,
    Present,
    Within,
    predicate_of,
)
from kohort.rules.literals import type_of
from kohort.rules.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Exists,
    Includes,
    Missing,
    Not,
    OneOf,
    Or,
    Property,
    TextTest,
    children,
)
from kohort.rules.windows import Range


@dataclass(frozen=True)
class Parameters:
    """The values bound to one statement, in order."""

    values: list[object] = field(default_factory=list)

    def bind(self, value: object) -> exp.Expr:
        """Return the placeholder that stands for `value`.

        >>> Parameters().bind("x'; DROP TABLE events --").sql("duckdb")
        '$1'
        """
        self.values.append(value)
        return exp.Parameter(this=exp.Literal.number(len(self.values)))


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a quoted column.

    >>> column("group by").sql("duckdb")
    '"group by"'
    """
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def number(value: int) -> exp.Expr:
    """Return an integer literal."""
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def all_of(terms: Sequence[exp.Expr]) -> exp.Expr:
    """Return the conjunction of `terms`; of none, true."""
    return reduce(lambda left, right: exp.And(this=left, expression=right), terms) if terms else exp.true()


def any_of(terms: Sequence[exp.Expr]) -> exp.Expr:
    """Return the disjunction of `terms`, in parentheses; of none, false."""
    return exp.Paren(this=reduce(lambda left, right: exp.Or(this=left, expression=right), terms or [exp.false()]))


def truth(predicate: Predicate, values: Sequence[exp.Expr], parameters: Parameters) -> exp.Expr:
    """Return whether `predicate` holds of any of `values`: true or false, never NULL.

    >>> truth(Within(3, 5, negated=True), [column("x")], Parameters()).sql("duckdb")
    'COALESCE(NOT ("x" >= 3 AND "x" <= 5), FALSE)'
    """
    match predicate:
        case Never():
            return exp.false()
        case Present(negated=negated):
            present = any_of([exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())) for value in values])
            return exp.Not(this=present) if negated else present
        case _:
            (value,) = values
            return exp.Coalesce(this=_compared(predicate, value, parameters), expressions=[exp.false()])


def where(condition: Condition, event: str, context: Context, parameters: Parameters) -> exp.Expr:
    """Return the condition of a `where` on the columns of `event`: true or false, never NULL."""
    parts = [where(part, event, context, parameters) for part in children(condition)]
    types = context.catalog.events[event]
    match condition:
        case And():
            return exp.Paren(this=all_of(parts))
        case Or():
            return any_of(parts)
        case Not():
            return exp.Not(this=exp.Paren(this=parts[0]))
        case Comparison(value=Property(name=name)):
            columns = [types[name][type_of(condition.literal)]]
        case Between(value=Property(name=name)):
            columns = [types[name][type_of(condition.low)]]
        case TextTest(value=Property(name=name)) | OneOf(value=Property(name=name)):
            columns = [types[name][ValueType.TEXT]]
        case Includes(value=Property(name=name)):
            columns = [types[name][ValueType.TEXT_LIST]]
        case Exists(value=Property(name=name)) | Missing(value=Property(name=name)):
            columns = list(types[name].values())
        case _:
            raise TypeError("a where compares properties; rules are checked before they are planned")
    return truth(predicate_of(condition, context, event), [column(one) for one in columns], parameters)


def in_ranges(term: exp.Expr, ranges: Sequence[Range]) -> exp.Expr:
    """Return whether an integer lies in any of `ranges`, both ends included.

    >>> in_ranges(column("ts"), [(3, 5)]).sql("duckdb")
    '("ts" >= 3 AND "ts" <= 5)'
    """
    return any_of([all_of(_within(term, low, high)) for low, high in ranges])


def _within(term: exp.Expr, low: int | None, high: int | None) -> list[exp.Expr]:
    low_end = [] if low is None else [exp.GTE(this=term.copy(), expression=number(low))]
    high_end = [] if high is None else [exp.LTE(this=term.copy(), expression=number(high))]
    return [*low_end, *high_end]


def _compared(
    predicate: Within | Equal | AnyText | AnyMoment | Element, value: exp.Expr, parameters: Parameters
) -> exp.Expr:
    match predicate:
        case Equal(value=wanted, negated=negated):
            bound = exp.Boolean(this=wanted) if isinstance(wanted, bool) else parameters.bind(wanted)
            kind = exp.NEQ if negated else exp.EQ
            return kind(this=value, expression=bound)
        case AnyText(texts=found) | AnyMoment(moments=found):
            listed = exp.select(exp.Explode(this=parameters.bind(list(found))))
            return exp.In(this=value, query=listed.subquery())
        case Element(text=text):
            return exp.ArrayContains(this=value, expression=parameters.bind(text))
        case Within(low=low, high=high, negated=negated):
            there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
            inside = all_of(_within(value, low, high) or [there])
            return exp.Not(this=exp.Paren(this=inside)) if negated else inside
