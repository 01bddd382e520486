"""What the words of `kohort.rules.python` give: values and conditions that Python's operators combine.

They are no nodes, so that `==` of a value can build a condition while nodes stay equal as declarations are.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn, Self

from kohort.definitions.values import MICRO
from kohort.errors import UsageError
from kohort.rules.amounts import Plain, duration_of, length_of, literal_of, number_of
from kohort.rules.literals import Duration, Text
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    And,
    Between,
    Comparison,
    Condition,
    Did,
    Everyone,
    Exists,
    Extreme,
    Includes,
    Measure,
    Missing,
    Near,
    Not,
    OneOf,
    Or,
    Property,
    Rule,
    Score,
    Sequence,
    Step,
    TextTest,
    Value,
)
from kohort.rules.operators import Operator, Side, TextOperator
from kohort.rules.print import print_rule, print_value
from kohort.rules.windows import Window


class RuleExpression(ABC):
    """A condition on a person: `&` is and, `|` is or, `~` is not; `rule` is its tree, `str` its English sentence."""

    @property
    @abstractmethod
    def rule(self) -> Rule:
        """The tree; raises DefinitionError for what makes no rule."""

    def __and__(self, other: "RuleExpression") -> "RuleExpression":
        parts = (*_parts(self, And), *_parts(other, And))
        return Combination(And(parts))

    def __or__(self, other: "RuleExpression") -> "RuleExpression":
        parts = (*_parts(self, Or), *_parts(other, Or))
        return Combination(Or(parts))

    def __invert__(self) -> "RuleExpression":
        return Combination(Not(self.rule))

    def __bool__(self) -> NoReturn:
        raise UsageError(
            "a rule is true of a person, not by itself: combine conditions with & | ~ instead of and, or, not, "
            "and write .between(low, high) instead of low <= value <= high"
        )

    def __str__(self) -> str:
        return print_rule(self.rule)


@dataclass(frozen=True)
class Combination(RuleExpression):
    """A condition that is complete."""

    tree: Rule

    @property
    def rule(self) -> Rule:
        """The tree."""
        return self.tree


@dataclass(frozen=True)
class Happened(RuleExpression):
    """Something that somebody did, and what came then."""

    steps: tuple[Step, ...]
    window: Window | None = None
    limit: Duration | None = None

    @property
    def rule(self) -> Rule:
        """The tree: one event, or a sequence of them; raises DefinitionError for steps that make no sequence."""
        first, *later = self.steps
        if not later and self.limit is None:
            return Did(first.event, first.where, self.window)
        return Sequence(self.steps, self.window, self.limit)

    def then(self, event: str, *, where: RuleExpression | None = None, within: str | None = None) -> Self:
        """Go on with an event that came after, `within` so long after the one before.

        >>> from kohort.rules.python import did
        >>> str(did("add_to_cart").then("order_completed", within="1 day"))
        'did add_to_cart then order_completed within 1 day'
        """
        return replace(self, steps=(*self.steps, Step(event, where_of(where), _length(within))))

    def then_not(self, event: str, *, where: RuleExpression | None = None, within: str | None = None) -> Self:
        """Go on with an event that did not come, `within` so long, or before the next that did.

        >>> from kohort.rules.python import did
        >>> str(did("add_to_cart").then_not("order_completed", within="1 day"))
        'did add_to_cart then not order_completed within 1 day'
        """
        return replace(self, steps=(*self.steps, Step(event, where_of(where), _length(within), negated=True)))

    def all_within(self, length: str) -> Self:
        """Limit the time from the first event to the last.

        >>> from kohort.rules.python import did
        >>> str(did("add_to_cart").then("order_completed").all_within("7 days"))
        'did add_to_cart then order_completed all within 7 days'
        """
        return replace(self, limit=duration_of(length))


@dataclass(frozen=True)
class Threshold:
    """A number of the population that a value is compared with: `mean + 1 * std`, `median`, `quantile(0.9)`.

    `quantile` is in micros, None for the mean, from which `deviations` counts standard deviations in micros.
    """

    quantile: int | None = None
    deviations: int = 0
    population: Everyone | Condition | None = None

    def among(self, population: RuleExpression | Everyone) -> Self:
        """Take another population than the usual one: `everyone`, or the members of a rule.

        >>> from kohort.rules.python import median, trait
        >>> str(trait("clv") > median.among(trait("country") == "FR"))
        'clv > median among country = "FR"'
        """
        return replace(self, population=population_of(population))

    def __add__(self, deviations: "Deviations") -> Self:
        if self.quantile is not None:
            raise UsageError("standard deviations are counted from the mean: mean + 1 * std")
        return replace(self, deviations=self.deviations + deviations.micros)

    def __sub__(self, deviations: "Deviations") -> Self:
        return self + -1 * deviations


@dataclass(frozen=True)
class Deviations:
    """So many standard deviations, in micros."""

    micros: int

    def __mul__(self, times: float | Decimal) -> "Deviations":
        return Deviations(number_of(Decimal(str(times)) * self.micros / MICRO))

    __rmul__ = __mul__


@dataclass(frozen=True, eq=False)
class ValueExpression:
    """A value of a person, or a property of an event. A comparison makes a condition, `==` and `!=` too."""

    value: Value

    # A value is no key and has no equal: what == builds is a condition.
    __hash__ = None  # type: ignore[assignment]  # Python's way to say so

    def __str__(self) -> str:
        return print_value(self.value)

    def __eq__(self, other: object) -> RuleExpression:  # type: ignore[override]  # it builds a condition
        return self._compared(Operator.EQUAL, other)

    def __ne__(self, other: object) -> RuleExpression:  # type: ignore[override]  # as above
        return self._compared(Operator.DIFFERENT, other)

    def __lt__(self, other: Plain | Threshold) -> RuleExpression:
        return self._compared(Operator.LESS, other)

    def __le__(self, other: Plain | Threshold) -> RuleExpression:
        return self._compared(Operator.AT_MOST, other)

    def __gt__(self, other: Plain | Threshold) -> RuleExpression:
        return self._compared(Operator.MORE, other)

    def __ge__(self, other: Plain | Threshold) -> RuleExpression:
        return self._compared(Operator.AT_LEAST, other)

    def between(self, low: Plain, high: Plain) -> RuleExpression:
        """Ask for a value from `low` to `high`, both included."""
        return Combination(Between(self.value, literal_of(low), literal_of(high)))

    def exists(self) -> RuleExpression:
        """Ask whether there is a value."""
        return Combination(Exists(self.value))

    def is_missing(self) -> RuleExpression:
        """Ask whether there is no value."""
        return Combination(Missing(self.value))

    def contains(self, text: str, *, ignoring_case: bool = False) -> RuleExpression:
        """Ask for a text that contains another.

        >>> from kohort.rules.python import trait
        >>> str(trait("email").contains("@example.org", ignoring_case=True))
        'email contains "@example.org" ignoring case'
        """
        return Combination(TextTest(self.value, TextOperator.CONTAINS, Text(text), ignoring_case))

    def starts_with(self, text: str, *, ignoring_case: bool = False) -> RuleExpression:
        """Ask for a text that starts with another."""
        return Combination(TextTest(self.value, TextOperator.STARTS_WITH, Text(text), ignoring_case))

    def ends_with(self, text: str, *, ignoring_case: bool = False) -> RuleExpression:
        """Ask for a text that ends with another."""
        return Combination(TextTest(self.value, TextOperator.ENDS_WITH, Text(text), ignoring_case))

    def matches(self, pattern: str, *, ignoring_case: bool = False) -> RuleExpression:
        """Ask for a text in which an RE2 expression is found."""
        return Combination(TextTest(self.value, TextOperator.MATCHES, Text(pattern), ignoring_case))

    def one_of(self, *texts: str) -> RuleExpression:
        """Ask for a text that is exactly one of several."""
        return Combination(OneOf(self.value, tuple(Text(text) for text in texts)))

    def includes(self, text: str) -> RuleExpression:
        """Ask for a list of which one element is exactly `text`."""
        return Combination(Includes(self.value, Text(text)))

    def in_top(self, percent: float | Decimal, *, among: RuleExpression | Everyone | None = None) -> RuleExpression:
        """Ask for a value in the top of the population, ties all in or all out.

        >>> from kohort.rules.python import everyone, trait
        >>> str(trait("clv").in_top(5, among=everyone))
        'clv in top 5% among everyone'
        """
        return self._extreme(Side.TOP, percent, among)

    def in_bottom(self, percent: float | Decimal, *, among: RuleExpression | Everyone | None = None) -> RuleExpression:
        """Ask for a value in the bottom of the population, ties all in or all out."""
        return self._extreme(Side.BOTTOM, percent, among)

    def _extreme(self, side: Side, percent: float | Decimal, among: RuleExpression | Everyone | None) -> RuleExpression:
        return Combination(Extreme(measure_of(self.value), side, number_of(percent), population_of(among)))

    def _compared(self, operator: Operator, other: object) -> RuleExpression:
        if not isinstance(other, Threshold):
            return Combination(Comparison(self.value, operator, literal_of(other)))
        measure = measure_of(self.value)
        if other.quantile is None:
            return Combination(AgainstMean(measure, operator, other.deviations, other.population))
        return Combination(AgainstQuantile(measure, operator, other.quantile, other.population))


@dataclass(frozen=True)
class Distance:
    """How far a person's point is from a place, to be compared with a length such as "5 km" or "500 m"."""

    point: str
    latitude: int
    longitude: int

    def __lt__(self, length: str) -> RuleExpression:
        return self._compared(Operator.LESS, length)

    def __le__(self, length: str) -> RuleExpression:
        return self._compared(Operator.AT_MOST, length)

    def __gt__(self, length: str) -> RuleExpression:
        return self._compared(Operator.MORE, length)

    def __ge__(self, length: str) -> RuleExpression:
        return self._compared(Operator.AT_LEAST, length)

    def _compared(self, operator: Operator, length: str) -> RuleExpression:
        distance, unit = length_of(length)
        return Combination(Near(self.point, self.latitude, self.longitude, operator, distance, unit))


def tree_of(rule: Rule | RuleExpression) -> Rule:
    """Return a rule, however it was built, as its tree."""
    return rule.rule if isinstance(rule, RuleExpression) else rule


def where_of(where: RuleExpression | None) -> Condition | None:
    """Return the tree of a `where`."""
    return None if where is None else where.rule


def population_of(among: RuleExpression | Everyone | None) -> Everyone | Condition | None:
    """Return the tree of a population."""
    return among.rule if isinstance(among, RuleExpression) else among


def measure_of(value: Value) -> Measure:
    """Return a value that can be placed in the population; raises UsageError for a score and a property."""
    if isinstance(value, Score | Property):
        raise UsageError(f"only a trait, or a value over events, has a place in the population, not {value}")
    return value


def _length(written: str | None) -> Duration | None:
    return None if written is None else duration_of(written)


def _parts(expression: RuleExpression, kind: type[And | Or]) -> tuple[Condition, ...]:
    """Return what an expression adds to an `and` or `or`: the parts of one like it, else itself."""
    rule = expression.rule
    return rule.parts if isinstance(rule, kind) else (rule,)
