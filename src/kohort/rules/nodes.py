"""The tree of a rule: what a person's values are, and the conditions on them.

Every node is a small frozen declaration, checked when it is built: a tree that exists is well-formed. Whether
its names and types are those of a project is another question (`kohort.rules.check`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.definitions.values import MICRO
from kohort.errors import DefinitionError
from kohort.rules.literals import Last, Literal, Node, check_unicode, type_of

DEEPEST: Final = 16
MOST_CONDITIONS: Final = 500
MOST_LEVELS: Final = 100
_HUNDRED_PERCENT: Final = 100 * MICRO


class Function(StrEnum):
    """How many events, or many values, become one value."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"


class Occurrence(StrEnum):
    """Which of a person's events is meant."""

    FIRST = "first"
    LAST = "last"


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Side(StrEnum):
    """Which end of the population."""

    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True)
class Trait(Node):
    """A person's trait or score at the moment of evaluation.

    >>> Trait("country")
    Trait(name='country')
    """

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Property(Node):
    """A property of the event that a `where` looks at."""

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Aggregate(Node):
    """A value over a person's events: `sum of order_completed.total where total > 50 in last 90 days`.

    >>> Aggregate(Function.COUNT, "order_completed", window=Last(7, "day")).property is None
    True
    """

    function: Function
    event: str
    property: str | None = None
    where: "Condition | None" = None
    window: Last | None = None

    def __post_init__(self) -> None:
        _check_name(self.event)
        if self.property is not None:
            _check_name(self.property)
        elif self.function is not Function.COUNT:
            raise DefinitionError(f"{self.function} needs a property: {self.function} of EVENT.PROPERTY")
        _check_size(self)


@dataclass(frozen=True)
class DaysSince(Node):
    """The time since a person's first or last such event, a real number of days of 24 hours."""

    occurrence: Occurrence
    event: str
    where: "Condition | None" = None

    def __post_init__(self) -> None:
        _check_name(self.event)
        _check_size(self)


Measure = Trait | Aggregate | DaysSince


@dataclass(frozen=True)
class Score(Node):
    """A person's place in the population, from 1 to `levels`; reversed where less is better."""

    value: Measure
    levels: int
    reversed: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= MOST_LEVELS:  # noqa: PLR2004 - a score of one level says nothing
            raise DefinitionError(f"a score is out of 2 to {MOST_LEVELS}")


Value = Trait | Property | Aggregate | DaysSince | Score


@dataclass(frozen=True)
class Comparison(Node):
    """A value compared with a literal; false where the value is missing."""

    value: Value
    operator: Operator
    literal: Literal

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class Between(Node):
    """A value from `low` to `high`, both ends included (a day wholly)."""

    value: Value
    low: Literal
    high: Literal

    def __post_init__(self) -> None:
        if type_of(self.low) is not type_of(self.high):
            raise DefinitionError(f"between compares with a {type_of(self.low)} and a {type_of(self.high)}")
        _check_size(self)


@dataclass(frozen=True)
class Exists(Node):
    """The value is there."""

    value: Value

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class Missing(Node):
    """The value is not there."""

    value: Value

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class AgainstMean(Node):
    """A value compared with the population's `mean + k std`; `deviations` is k in micros."""

    value: Measure
    operator: Operator
    deviations: int = 0

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class Extreme(Node):
    """A value in the top or bottom `percent` (micros) of the population, ties all in or all out."""

    value: Measure
    side: Side
    percent: int

    def __post_init__(self) -> None:
        if not 0 < self.percent <= _HUNDRED_PERCENT:
            raise DefinitionError(f"{self.side} takes more than 0% and at most 100%")
        _check_size(self)


@dataclass(frozen=True)
class Did(Node):
    """At least one such event."""

    event: str
    where: "Condition | None" = None
    window: Last | None = None

    def __post_init__(self) -> None:
        _check_name(self.event)
        _check_size(self)


@dataclass(frozen=True)
class InSegment(Node):
    """A member of another segment at the same moment."""

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class And(Node):
    """All of two or more conditions."""

    parts: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)
        _check_size(self)


@dataclass(frozen=True)
class Or(Node):
    """At least one of two or more conditions."""

    parts: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)
        _check_size(self)


@dataclass(frozen=True)
class Not(Node):
    """The opposite of a condition: true also where that one met a missing value."""

    part: "Condition"

    def __post_init__(self) -> None:
        _check_size(self)


Valued = Comparison | Between | Exists | Missing | AgainstMean | Extreme
Leaf = Valued | Did | InSegment
Condition = Leaf | And | Or | Not
Rule = Condition


def children(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that `condition` combines; none for a leaf.

    >>> children(Not(InSegment("vip")))
    (InSegment(name='vip'),)
    """
    match condition:
        case And() | Or():
            return condition.parts
        case Not():
            return (condition.part,)
        case _:
            return ()


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Yield the leaves of `rule` from left to right, those of a `where` not included."""
    match rule:
        case And() | Or() | Not():
            for part in children(rule):
                yield from leaves(part)
        case _:
            yield rule


def where_of(node: Node) -> "Condition | None":
    """Return the `where` below a leaf or a value, if there is one."""
    match node:
        case Aggregate() | DaysSince() | Did():
            return node.where
        case Score() | Comparison() | Between() | Exists() | Missing() | AgainstMean() | Extreme():
            return where_of(node.value)
        case _:
            return None


def _measure(node: Node) -> tuple[int, int]:
    """Return the depth of a tree and the number of its conditions, those of every `where` included."""
    match node:
        case And() | Or() | Not():
            sizes = [_measure(part) for part in children(node)]
            return 1 + max(depth for depth, _ in sizes), sum(count for _, count in sizes)
        case _:
            where = where_of(node)
            depth, count = _measure(where) if where is not None else (0, 0)
            return 1 + depth, 1 + count


def _check_size(node: Node) -> None:
    depth, conditions = _measure(node)
    if depth > DEEPEST:
        raise DefinitionError(f"the rule is nested more than {DEEPEST} deep; give a part of it a name, as a segment")
    if conditions > MOST_CONDITIONS:
        raise DefinitionError(f"the rule has more than {MOST_CONDITIONS} conditions; give a part a name, as a segment")


def _check_parts(parts: tuple[Condition, ...]) -> None:
    if len(parts) < 2:  # noqa: PLR2004 - two is what the words need
        raise DefinitionError("and, or combine at least two conditions")


def _check_name(name: str) -> None:
    if not name:
        raise DefinitionError("a name cannot be empty")
    check_unicode(name)
