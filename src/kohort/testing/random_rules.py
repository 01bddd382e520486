"""Random rules over a catalog, as a Hypothesis strategy: every kind of node, well typed."""

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Listed
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from hypothesis import strategies as st

from kohort.definitions.values import MICRO, ValueType
from kohort.rules.catalog import Catalog
from kohort.rules.literals import Duration, Literal, Number, Text
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    And,
    Anniversary,
    Between,
    Comparison,
    Condition,
    ConsentTo,
    DaysSince,
    Did,
    Everyone,
    Exists,
    Extreme,
    InCell,
    Includes,
    InPolygon,
    InSegment,
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
    Trait,
    Value,
)
from kohort.rules.operators import Function, LengthUnit, Occurrence, Operator, Side
from kohort.rules.polygons import Corner
from kohort.rules.windows import Window
from kohort.testing.random_values import CELLS, DEGREES, durations, literals, text_tests, windows

_ORDERED: Final = frozenset({ValueType.NUMBER, ValueType.MOMENT})
_EQUALITY: Final = (Operator.EQUAL, Operator.DIFFERENT)
_NUMERIC: Final = (Function.SUM, Function.MEAN, Function.MIN, Function.MAX)
_ENDS: Final = (Function.FIRST, Function.LAST)
_COUNTS: Final = (Function.COUNT, Function.DISTINCT)
_DEVIATIONS: Final = (0, MICRO, -MICRO, MICRO // 2, 2 * MICRO, 1, 10**18)
_QUANTILES: Final = (0, MICRO // 4, MICRO // 2, 900_000, 333_333, MICRO)
_PERCENTS: Final = (1, MICRO, 5 * MICRO, 33_333_333, 50 * MICRO, 99_999_999, 100 * MICRO)
_DEEPEST: Final = 3

T = TypeVar("T")


@st.composite
def rules(draw: st.DrawFn, catalog: Catalog) -> Rule:
    """Rules whose names and types are those of `catalog`, which has at least one event."""
    return _Draw(draw, catalog).combination(_Draw(draw, catalog).leaf)


@dataclass(frozen=True)
class _Draw:
    """Draws the parts of one rule."""

    draw: st.DrawFn
    catalog: Catalog

    def one_of(self, choices: Iterable[T]) -> T:
        return self.draw(st.sampled_from(list(choices)))

    def number(self, lowest: int, highest: int) -> int:
        return self.draw(st.integers(lowest, highest))

    def combination(self, leaf: Callable[[], Condition], deepest: int = _DEEPEST) -> Condition:
        kind = self.one_of(("leaf", "leaf", "leaf", "and", "or", "not")) if deepest else "leaf"
        if kind == "leaf":
            return leaf()
        if kind == "not":
            return Not(self.combination(leaf, deepest - 1))
        parts = tuple(self.combination(leaf, deepest - 1) for _ in range(self.number(2, 3)))
        return And(parts) if kind == "and" else Or(parts)

    def leaf(self) -> Condition:
        makers = [self.typed_leaf, self.counted_leaf, self.recent_leaf, self.placed_leaf, self.scored_leaf, self.did]
        makers += [self.sequence, self.sequence]
        if "home.latitude" in self.catalog.traits:
            makers += [self.near, self.in_polygon, self.in_cell]
        if self.catalog.purposes:
            makers.append(lambda: ConsentTo(self.one_of(self.catalog.purposes)))
        if self.catalog.segments:
            makers.append(lambda: InSegment(self.one_of(self.catalog.segments)))
        return self.one_of(makers)()

    def typed_leaf(self) -> Condition:
        choices: list[tuple[ValueType, Callable[[], Value]]] = [
            (type_, lambda name=name: Trait(name))  # type: ignore[misc]  # mypy cannot infer a lambda's default
            for name, type_ in self.catalog.traits.items()
        ]
        choices += [
            (type_, lambda event=event, name=name: self.aggregate(_ENDS, event, name))  # type: ignore[misc]  # as above
            for event, name, type_ in self.properties()
        ]
        choices.append((ValueType.NUMBER, self.measure))
        type_, value = self.one_of(choices)
        return self.asked(value(), type_)

    def counted_leaf(self) -> Condition:
        return Comparison(self.count(), self.one_of(Operator), Number(self.number(0, 4) * MICRO))

    def recent_leaf(self) -> Condition:
        return Comparison(self.days_since(), self.one_of(Operator), Number(self.number(0, 16) * MICRO // 4))

    def placed_leaf(self) -> Condition:
        match self.one_of(("mean", "quantile", "extreme")):
            case "mean":
                return AgainstMean(self.measure(), self.one_of(Operator), self.one_of(_DEVIATIONS), self.among())
            case "quantile":
                return AgainstQuantile(self.measure(), self.one_of(Operator), self.one_of(_QUANTILES), self.among())
            case _:
                return Extreme(self.measure(), self.one_of(Side), self.one_of(_PERCENTS), self.among())

    def among(self) -> Everyone | Condition | None:
        match self.one_of(("usual", "usual", "everyone", "rule")):
            case "everyone":
                return Everyone()
            case "rule":
                return self.combination(self.leaf, deepest=1)
            case _:
                return None

    def scored_leaf(self) -> Condition:
        score = Score(self.measure(), self.number(2, 6), self.draw(st.booleans()), self.among())
        if self.draw(st.booleans()):
            return self.asked(score, ValueType.NUMBER)
        return Comparison(score, self.one_of(Operator), Number(self.number(0, 14) * MICRO // 2))

    def did(self) -> Condition:
        event = self.one_of(self.catalog.events)
        return Did(event, self.where(event), self.window())

    def near(self) -> Condition:
        operators = (Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
        latitude, longitude = self.number(-90, 90) * MICRO, self.number(-180, 180) * MICRO
        far = self.number(0, 9_000) * MICRO + 1
        return Near("home", latitude, longitude, self.one_of(operators), far, self.one_of(LengthUnit))

    def in_polygon(self) -> Condition:
        corners = [Corner(self.one_of(DEGREES), self.one_of(DEGREES)) for _ in range(self.number(3, 6))]
        return InPolygon("home", tuple(corners))

    def in_cell(self) -> Condition:
        return InCell("home", self.one_of(CELLS))

    def sequence(self) -> Condition:
        first, *later = [self.step(negated=False) for _ in range(self.number(1, 3))]
        steps = [replace(first, within=None)]
        for step in later:
            steps += [replace(self.step(negated=True), within=None) for _ in range(self.number(0, 3) // 2)] + [step]
        ends = self.number(0 if later else 1, 2)
        steps += [replace(self.step(negated=True), within=self.length()) for _ in range(ends)]
        limit = self.length() if later and self.number(0, 1) else None
        return Sequence(tuple(steps), self.window(), limit)

    def step(self, *, negated: bool) -> Step:
        event = self.one_of(self.catalog.events)
        within = self.length() if self.number(0, 1) else None
        return Step(event, self.where(event), within, negated)

    def length(self) -> Duration:
        return self.draw(durations())

    def asked(self, value: Value, type_: ValueType) -> Condition:  # noqa: PLR0911 - one answer a kind
        kinds = ["exists", "missing"]
        kinds += ["comparison"] * 4 if type_ is not ValueType.TEXT_LIST else []
        kinds += ["between"] * 2 if type_ in _ORDERED else []
        kinds += ["text", "text", "one of"] if type_ is ValueType.TEXT else []
        kinds += ["anniversary"] if type_ is ValueType.MOMENT and not isinstance(value, Property) else []
        kinds += ["includes"] * 4 if type_ is ValueType.TEXT_LIST else []
        match self.one_of(kinds):
            case "exists":
                return Exists(value)
            case "missing":
                return Missing(value)
            case "text":
                return self.draw(text_tests(value))
            case "one of":
                return OneOf(value, tuple(self.text() for _ in range(self.number(1, 3))))
            case "anniversary":
                return Anniversary(value, self.one_of((0, 1, 3, 366)))
            case "includes":
                return Includes(value, self.text())
            case "between":
                return Between(value, self.literal(type_), self.literal(type_))
            case _:
                operators = tuple(Operator) if type_ in _ORDERED else _EQUALITY
                return Comparison(value, self.one_of(operators), self.literal(type_))

    def measure(self) -> Measure:
        numeric = [(event, name) for event, name, type_ in self.properties() if type_ is ValueType.NUMBER]
        traits = [name for name, type_ in self.catalog.traits.items() if type_ is ValueType.NUMBER]
        makers: list[Callable[[], Measure]] = [self.count, self.days_since]
        if numeric:
            makers += [lambda: self.aggregate((*_NUMERIC, *_ENDS), *self.one_of(numeric))] * 2
        if traits:
            makers.append(lambda: Trait(self.one_of(traits)))
        return self.one_of(makers)()

    def count(self) -> Aggregate:
        event = self.one_of(self.catalog.events)
        name = self.one_of([None, *self.catalog.events[event]])
        if name is None:
            return Aggregate(Function.COUNT, event, None, self.where(event), self.window())
        return self.aggregate(_COUNTS, event, name)

    def aggregate(self, functions: Listed[Function], event: str, name: str) -> Aggregate:
        return Aggregate(self.one_of(functions), event, name, self.where(event), self.window())

    def days_since(self) -> DaysSince:
        event = self.one_of(self.catalog.events)
        return DaysSince(self.one_of(Occurrence), event, self.where(event))

    def where(self, event: str) -> Condition | None:
        choices = [(name, type_) for name, types in self.catalog.events[event].items() for type_ in types]
        if not choices or self.number(0, 2):
            return None

        def leaf() -> Condition:
            name, type_ = self.one_of(choices)
            return self.asked(Property(name), type_)

        return self.combination(leaf, deepest=2)

    def window(self) -> Window | None:
        return self.draw(st.none() | windows(self.catalog.periods))

    def text(self) -> Text:
        literal = self.literal(ValueType.TEXT)
        return literal if isinstance(literal, Text) else Text("")

    def literal(self, type_: ValueType) -> Literal:
        return self.draw(literals(type_))

    def properties(self) -> list[tuple[str, str, ValueType]]:
        return [
            (event, name, type_)
            for event, properties in self.catalog.events.items()
            for name, types in properties.items()
            for type_ in types
        ]
