"""The tree of a rule: what a person's values are, and the conditions on them.

Every node is a small frozen declaration, checked when it is built: a tree that exists is well-formed. Whether
its names and types are those of a project is another question (`kohort.rules.check`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kohort.definitions.values import MICRO
from kohort.errors import RefusalError
from kohort.rules.cells import check_cell
from kohort.rules.literals import Duration, Literal, Node, Text, check_unicode, type_of
from kohort.rules.operators import Function, LengthUnit, Occurrence, Operator, Side, TextOperator
from kohort.rules.patterns import check_pattern
from kohort.rules.polygons import Corner, check_place, check_polygon
from kohort.rules.windows import Window

DEEPEST: Final = 16
MOST_CONDITIONS: Final = 500
MOST_LEVELS: Final = 100
MOST_STEPS: Final = 10
MOST_DAYS: Final = 366
DEFAULT_POINT: Final = "location"
MOST_TEXTS: Final = 10_000
_HUNDRED_PERCENT: Final = 100 * MICRO


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

    >>> from kohort.rules.literals import Last
    >>> Aggregate(Function.COUNT, "order_completed", window=Last(7, "day")).property is None
    True
    """

    function: Function
    event: str
    property: str | None = None
    where: "Condition | None" = None
    window: Window | None = None

    def __post_init__(self) -> None:
        _check_name(self.event)
        if self.property is not None:
            _check_name(self.property)
        elif self.function is not Function.COUNT:
            raise RefusalError("all but a count need a property behind the event, as in: sum of order_completed.total")
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
class Everyone(Node):
    """The widest population: all people, so that a count of those without any event is 0 and not left out."""


@dataclass(frozen=True)
class Score(Node):
    """A person's place in the population, from 1 to `levels`; reversed where less is better.

    `among` is the population: by default that of the value, of it the members of a rule, or everyone.
    """

    value: Measure
    levels: int
    reversed: bool = False
    among: "Everyone | Condition | None" = None

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= MOST_LEVELS:  # noqa: PLR2004 - a score of one level says nothing
            raise RefusalError("a score is out of 2 to {most}", most=MOST_LEVELS)
        _check_size(self)


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
            raise RefusalError("the two ends of between are of different types")
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
class TextTest(Node):
    """A text that contains, starts with, ends with or matches another, in the form NFC; RE2 for `matches`.

    >>> TextTest(Trait("email"), TextOperator.ENDS_WITH, Text("@example.org"), ignoring_case=True).text.value
    '@example.org'
    """

    value: Value
    operator: TextOperator
    text: Text
    ignoring_case: bool = False

    def __post_init__(self) -> None:
        if self.operator is TextOperator.MATCHES:
            check_pattern(self.text.value)
        _check_size(self)


@dataclass(frozen=True)
class OneOf(Node):
    """A text that is exactly one of several."""

    value: Value
    texts: tuple[Text, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.texts) <= MOST_TEXTS:
            raise RefusalError("is one of takes 1 to {most:,} texts", most=MOST_TEXTS)
        _check_size(self)


@dataclass(frozen=True)
class Includes(Node):
    """A list of text of which one element is exactly `text`."""

    value: Value
    text: Text

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class Anniversary(Node):
    """A moment whose day comes round, in a later year, today or on one of the `days` days after it.

    >>> Anniversary(Trait("birth_date"), 7).days
    7
    """

    value: Value
    days: int

    def __post_init__(self) -> None:
        if not 0 <= self.days <= MOST_DAYS:
            raise RefusalError("an anniversary is looked for in the next 1 to {most} days", most=MOST_DAYS)
        _check_size(self)


@dataclass(frozen=True)
class AgainstMean(Node):
    """A value compared with the population's `mean + k std`; `deviations` is k in micros, `among` as of a score."""

    value: Measure
    operator: Operator
    deviations: int = 0
    among: "Everyone | Condition | None" = None

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class AgainstQuantile(Node):
    """A value compared with a quantile of the population (micros, 0 to 1; 0.5 is the median), of type 7."""

    value: Measure
    operator: Operator
    quantile: int
    among: "Everyone | Condition | None" = None

    def __post_init__(self) -> None:
        if not 0 <= self.quantile <= MICRO:
            raise RefusalError("a quantile is a number from 0 to 1, such as quantile 0.9")
        _check_size(self)


@dataclass(frozen=True)
class Extreme(Node):
    """A value in the top or bottom `percent` (micros) of the population, ties all in or all out."""

    value: Measure
    side: Side
    percent: int
    among: "Everyone | Condition | None" = None

    def __post_init__(self) -> None:
        if not 0 < self.percent <= _HUNDRED_PERCENT:
            raise RefusalError("top and bottom take more than 0% and at most 100%")
        _check_size(self)


@dataclass(frozen=True)
class Did(Node):
    """At least one such event."""

    event: str
    where: "Condition | None" = None
    window: Window | None = None

    def __post_init__(self) -> None:
        _check_name(self.event)
        _check_size(self)


@dataclass(frozen=True)
class AtPoint(Node):
    """What is asked of a person's point: two number traits, `location.latitude` and `location.longitude` of `location`.

    False where the point is missing or none on Earth.
    """

    point: str

    def __post_init__(self) -> None:
        _check_name(self.point)

    @property
    def coordinates(self) -> tuple[Trait, Trait]:
        """The traits that hold the point's latitude and longitude."""
        return Trait(f"{self.point}.latitude"), Trait(f"{self.point}.longitude")


@dataclass(frozen=True)
class Near(AtPoint):
    """A person's point less, or more, than so far from a place; `latitude` and `longitude` in micros of a degree.

    `distance` is in micros of `unit`.

    >>> Near("location", 48_856_600, 2_352_200, Operator.LESS, 5_000_000, LengthUnit.KILOMETRE).metres
    5000.0
    """

    latitude: int
    longitude: int
    operator: Operator
    distance: int
    unit: LengthUnit

    def __post_init__(self) -> None:
        super().__post_init__()
        check_place(self.latitude, self.longitude)
        if self.operator in {Operator.EQUAL, Operator.DIFFERENT}:
            raise RefusalError("a distance is compared with <, <=, > or >=")
        if self.distance < 0:
            raise RefusalError("a distance is not negative")

    @property
    def metres(self) -> float:
        """The distance in metres."""
        return self.distance / MICRO * (1000 if self.unit is LengthUnit.KILOMETRE else 1)


@dataclass(frozen=True)
class InPolygon(AtPoint):
    """A person's point inside a polygon or on its edge, each corner joined to the next and the last to the first.

    Edges are straight lines on the plane of latitude and longitude; inside is what an odd number of them encloses.

    >>> InPolygon("location", (Corner(0, 0), Corner(0, 2_000_000), Corner(2_000_000, 0))).point
    'location'
    """

    corners: tuple[Corner, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_polygon(self.corners)


@dataclass(frozen=True)
class InCell(AtPoint):
    """A person's point in a cell of the grid H3, of any resolution, by its 15 hexadecimal digits.

    >>> InCell("location", "881fb46625fffff").cell
    '881fb46625fffff'
    """

    cell: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cell(self.cell)


@dataclass(frozen=True)
class Step(Node):
    """An event of a sequence, or, negated, the absence of one; `within` counts from the positive step before."""

    event: str
    where: "Condition | None" = None
    within: Duration | None = None
    negated: bool = False

    def __post_init__(self) -> None:
        _check_name(self.event)


@dataclass(frozen=True)
class Sequence(Node):
    """One event after another: `did add_to_cart then not order_completed within 1 day`.

    `window` is that of the first step, `limit` the longest time from the first to the last positive step. A step that
    is not done either stands between two that are, or, at the end, has the time in which it could have been done.

    >>> Sequence((Step("add_to_cart"), Step("order_completed"))).limit is None
    True
    """

    steps: tuple[Step, ...]
    window: Window | None = None
    limit: Duration | None = None

    def __post_init__(self) -> None:
        if not 2 <= len(self.steps) <= MOST_STEPS:  # noqa: PLR2004 - one event alone is no sequence
            raise RefusalError("a sequence has 2 to {most} steps", most=MOST_STEPS)
        if self.steps[0].negated or self.steps[0].within is not None:
            raise RefusalError("a sequence begins with something that was done, in a window of its own")
        done = [place for place, step in enumerate(self.steps) if not step.negated]
        for place, step in enumerate(self.steps):
            if step.negated and place > done[-1] and step.within is None:
                raise RefusalError("what was not done at the end needs its time, such as within 1 day")
            if step.negated and place < done[-1] and step.within is not None:
                raise RefusalError("what was not done between two steps has no time of its own; they limit it")
        if self.limit is not None and len(done) < 2:  # noqa: PLR2004 - from the first to the last
            raise RefusalError("all within needs two steps that were done")
        _check_size(self)


@dataclass(frozen=True)
class InSegment(Node):
    """A member of another segment at the same moment."""

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class ConsentTo(Node):
    """Consent to a purpose at the moment of evaluation: granted, and by no other choice of theirs refused."""

    purpose: str

    def __post_init__(self) -> None:
        _check_name(self.purpose)


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


Stated = Comparison | Between | Exists | Missing | TextTest | OneOf | Includes
Asked = Stated | Anniversary
Placed = AgainstMean | AgainstQuantile | Extreme
Valued = Asked | Placed
Located = Near | InPolygon | InCell
Basic = Valued | Sequence | Located
Leaf = Basic | Did | ConsentTo | InSegment
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


def among_of(leaf: Node) -> "Everyone | Condition | None":
    """Return the population that a leaf names: everyone, the members of a rule, or None for the usual one."""
    match leaf:
        case AgainstMean() | AgainstQuantile() | Extreme() | Score():
            return leaf.among
        case Comparison(value=Score() as score) | Between(value=Score() as score):
            return score.among
        case Exists(value=Score() as score) | Missing(value=Score() as score):
            return score.among
        case _:
            return None


def populations(rule: Rule) -> Iterator[Rule]:
    """Yield the rules that the leaves of `rule` name as their populations, from left to right."""
    for leaf in leaves(rule):
        among = among_of(leaf)
        if among is not None and not isinstance(among, Everyone):
            yield among


def segments_in(rule: Rule) -> Iterator[InSegment]:
    """Yield every mention of a segment in `rule`, those in populations included."""
    for leaf in leaves(rule):
        if isinstance(leaf, InSegment):
            yield leaf
    for among in populations(rule):
        yield from segments_in(among)


def wheres_of(node: Node) -> tuple[tuple[str, "Condition"], ...]:
    """Return the `where`s below a leaf or a value, each with its event."""
    match node:
        case Aggregate() | DaysSince() | Did() | Step():
            return () if node.where is None else ((node.event, node.where),)
        case Sequence():
            return tuple(found for step in node.steps for found in wheres_of(step))
        case InSegment() | ConsentTo() | And() | Or() | Not():
            return ()
        case _:
            value = getattr(node, "value", None)
            return wheres_of(value) if isinstance(value, Node) else ()


def _measure(node: Node) -> tuple[int, int]:
    """Return the depth of a tree and the number of its conditions, those of wheres and populations included."""
    match node:
        case And() | Or() | Not():
            sizes = [_measure(part) for part in children(node)]
            return 1 + max(depth for depth, _ in sizes), sum(count for _, count in sizes)
        case _:
            among = among_of(node)
            inner = [
                *(where for _, where in wheres_of(node)),
                *([] if among is None or isinstance(among, Everyone) else [among]),
            ]
            sizes = [_measure(one) for one in inner]
            return 1 + max((depth for depth, _ in sizes), default=0), 1 + sum(count for _, count in sizes)


def _check_size(node: Node) -> None:
    depth, conditions = _measure(node)
    if depth > DEEPEST:
        raise RefusalError(
            "the rule is nested more than {most} deep; give a part of it a name, as a segment", most=DEEPEST
        )
    if conditions > MOST_CONDITIONS:
        raise RefusalError(
            "the rule has more than {most} conditions; give a part of it a name, as a segment", most=MOST_CONDITIONS
        )


def _check_parts(parts: tuple[Condition, ...]) -> None:
    if len(parts) < 2:  # noqa: PLR2004 - two is what the words need
        raise RefusalError("and, or combine at least two conditions")


def _check_name(name: str) -> None:
    if not name:
        raise RefusalError("a name cannot be empty")
    check_unicode(name)
