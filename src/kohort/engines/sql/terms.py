"""The few expressions that every statement is made of; what people wrote is bound, never part of the text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from sqlglot import expressions as exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect

from kohort.clock import Moment
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
from kohort.engines.sql.dialects import Binding, Dialect, Listing
from kohort.errors import GapError
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
from kohort.rules.windows import Range, Window

PERSON = "person_id"

OpenRange = tuple[int | None, int | None]
"""The first and the last of a range of integers; None where it has no end."""


@dataclass(frozen=True)
class Parameters:
    """The values bound to one statement in `dialect`, in order.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> Parameters(dialect_of("duckdb")).bind("x'; DROP TABLE events --").sql("duckdb")
    '$1'
    >>> Parameters(dialect_of("clickhouse")).bind("x").sql("clickhouse")
    '{p1: String}'
    """

    dialect: Dialect
    values: list[object] = field(default_factory=list)

    def bind(self, value: str | int | list[str] | list[int]) -> exp.Expr:
        """Return the placeholder that stands for `value`; raises GapError for a text that the store cannot hold."""
        texts = value if isinstance(value, list) else [value]
        if not self.dialect.holds_nul and any(isinstance(text, str) and "\0" in text for text in texts):
            raise GapError(self.dialect.name, "a text with a NUL character", "it stores none")
        self.values.append(value)
        kind = _type_of(value)
        found = _placeholder(self.dialect.binding, len(self.values), kind)
        return exp.Cast(this=found, to=kind) if self.dialect.casts_bound else found

    def any_of(self, value: exp.Expr, wanted: Sequence[str] | Sequence[int]) -> exp.Expr:
        """Return whether `value` is one of `wanted`; NULL where it is missing.

        >>> from kohort.engines.sql.dialects import dialect_of
        >>> Parameters(dialect_of("snowflake")).any_of(column("x"), ["a", "b"]).sql("snowflake")
        '"x" IN (:1, :2)'
        """
        if not wanted:
            return exp.false()
        match self.dialect.listing:
            case Listing.EACH:
                return exp.In(this=value, expressions=[self.bind(one) for one in wanted])
            case Listing.SUBQUERY:
                return exp.In(this=value, query=exp.select(exp.Explode(this=self.bind([*wanted]))).subquery())
            case Listing.ANY:
                return exp.EQ(this=value, expression=exp.Any(this=exp.Paren(this=self.bind([*wanted]))))
            case Listing.UNNEST:
                return exp.In(this=value, unnest=exp.Unnest(expressions=[self.bind([*wanted])]))


def _type_of(value: str | int | list[str] | list[int]) -> exp.DataType:
    one = value[0] if isinstance(value, list) else value
    kind = exp.DataType(this=exp.DataType.Type.TEXT if isinstance(one, str) else exp.DataType.Type.BIGINT)
    if not isinstance(value, list):
        return kind
    return exp.DataType(this=exp.DataType.Type.ARRAY, expressions=[kind], nested=True)


def _placeholder(binding: Binding, number: int, kind: exp.DataType) -> exp.Expr:
    match binding:
        case Binding.DOLLAR:
            return exp.Parameter(this=exp.Literal.number(number))
        case Binding.NUMBER:
            return exp.Placeholder(this=str(number))
        case Binding.NAME:
            return exp.Placeholder(this=f"p{number}")
        case Binding.AT:
            return exp.Parameter(this=exp.Var(this=f"p{number}"))
        case Binding.BRACES:
            return exp.Placeholder(this=f"p{number}", kind=exp.DataType(this=kind.this, nullable=False))


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a quoted column.

    >>> column("group by").sql("duckdb")
    '"group by"'
    """
    return exp.column(exp.to_identifier(name, quoted=True), table=table, copy=False)


def named(term: exp.Expr, name: str) -> exp.Expr:
    """Return `term` under a name of its own.

    >>> named(number(1), "f1").sql("duckdb")
    '1 AS "f1"'
    """
    return exp.alias_(term, exp.to_identifier(name, quoted=True), copy=False)


def is_there(term: exp.Expr) -> exp.Expr:
    """Return whether `term` is not NULL.

    >>> is_there(column("x")).sql("duckdb")
    'NOT "x" IS NULL'
    """
    return exp.Not(this=exp.Is(this=term, expression=exp.null()))


def big(term: exp.Expr) -> exp.Expr:
    """Return `term` as a 64-bit integer.

    >>> big(column("x")).sql("bigquery")
    'CAST(`x` AS INT64)'
    """
    return exp.Cast(this=term, to=exp.DataType(this=exp.DataType.Type.BIGINT))


def as_text(term: exp.Expr) -> exp.Expr:
    """Return `term` as a text, which ids of people are to whoever asks.

    >>> as_text(column("x")).sql("duckdb")
    'CAST("x" AS TEXT)'
    """
    return exp.Cast(this=term, to=exp.DataType(this=exp.DataType.Type.TEXT))


def ordered(
    dialect: Dialect, name: str, table: str | None = None, *, latest: bool = False, text: bool = False
) -> exp.Expr:
    """Return the order of a column that is never NULL; of texts, by code point.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> ordered(dialect_of("postgres"), "event_id", latest=True, text=True).sql("postgres")
    '"event_id" COLLATE "C" DESC'
    """
    return in_order(dialect, column(name, table), latest=latest, text=text)


def in_order(dialect: Dialect, term: exp.Expr, *, latest: bool = False, text: bool = False) -> exp.Expr:
    """Return the order of a term that is never NULL; of texts, by code point."""
    if text and dialect.collation is not None:
        term = exp.Collate(this=term, expression=exp.to_identifier(dialect.collation, quoted=True))
    usual = SqlglotDialect.get_or_raise(dialect.sqlglot).NULL_ORDERING
    first = latest if usual == "nulls_are_large" else not latest and usual == "nulls_are_small"
    return exp.Ordered(this=term, desc=latest, nulls_first=first)


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

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> parameters = Parameters(dialect_of("duckdb"))
    >>> truth(Within(3, 5, negated=True), [column("x")], parameters).sql("duckdb")
    'COALESCE(NOT ("x" >= 3 AND "x" <= 5), FALSE)'
    """
    met = meets(predicate, values, parameters)
    if isinstance(predicate, Never | Present):
        return met
    return exp.Coalesce(this=met, expressions=[exp.false()])


def meets(predicate: Predicate, values: Sequence[exp.Expr], parameters: Parameters) -> exp.Expr:
    """Return whether `predicate` holds of any of `values`: true where it does, else false or NULL."""
    match predicate:
        case Never():
            return exp.false()
        case Present(negated=negated):
            present = any_of([is_there(value.copy()) for value in values])
            return exp.Not(this=present) if negated else present
        case _:
            (value,) = values
            return _compared(predicate, value, parameters)


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


def with_person(rows: list[exp.Expr], person: str | None, parameters: Parameters) -> list[exp.Expr]:
    """Return the conditions `rows` on a row, and that it is of `person` if one is meant."""
    if person is None:
        return rows
    return [*rows, exp.EQ(this=as_text(column(PERSON)), expression=parameters.bind(person))]


def first_moment(windows: Iterable[Window | None], context: Context) -> Moment | None:
    """Return the first moment that any of `windows` holds; None if one is missing, so that all time is looked at.

    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.literals import Last
    >>> context = Context(Catalog(), at=10)
    >>> first_moment([Last(1, "second"), Last(2, "second")], context), first_moment([None], context)
    (-1999989, None)
    """
    asked = list(windows)
    if None in asked:
        return None
    lows = [low for window in asked if window is not None for low, _ in context.ranges(window)]
    known = [low for low in lows if low is not None]
    return min(known, default=context.at) if len(known) == len(lows) else None


def beyond(ranges: Sequence[Range], first: int | None, last: int) -> list[OpenRange]:
    """Return `ranges` without the ends that rows from `first` to `last` cannot cross; none if every such row is inside.

    >>> beyond([(3, 9)], None, 9), beyond([(3, 9)], 3, 9), beyond([(5, 7)], 3, 9)
    ([(3, None)], [], [(5, 7)])
    """
    left: list[OpenRange] = []
    for low, high in ranges:
        crossed = low is not None and (first is None or low > first)
        left.append((low if crossed else None, high if high < last else None))
    return [] if (None, None) in left else left


def in_ranges(term: exp.Expr, ranges: Sequence[Range | OpenRange]) -> exp.Expr:
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
        case AnyText(texts=texts):
            return parameters.any_of(value, texts)
        case AnyMoment(moments=moments):
            return parameters.any_of(value, moments)
        case Element(text=text):
            return exp.ArrayContains(this=value, expression=parameters.bind(text))
        case Within(low=low, high=high, negated=negated):
            inside = all_of(_within(value, low, high) or [is_there(value.copy())])
            return exp.Not(this=exp.Paren(this=inside)) if negated else inside
