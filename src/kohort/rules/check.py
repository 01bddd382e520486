"""Whether a rule's names and types are those of a project; nothing is ever cast.

Checking also resolves: another name of an event becomes its key, so that equal rules are equal trees.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn, assert_never

from kohort.definitions.values import ValueType
from kohort.errors import shorten
from kohort.rules.catalog import Catalog
from kohort.rules.languages import nearest_in, say
from kohort.rules.literals import Literal, Node, Number, Text, type_of
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    And,
    Anniversary,
    Asked,
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
    Located,
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
    Trait,
    Value,
)
from kohort.rules.operators import Function, Operator
from kohort.rules.print import print_rule, print_value
from kohort.rules.syntax import rule_error
from kohort.rules.windows import FromTo, InPeriod, Window
from kohort.rules.words import event_in_sentence

_ORDERED = frozenset({ValueType.NUMBER, ValueType.MOMENT})
_NUMERIC = frozenset({Function.SUM, Function.MEAN, Function.MIN, Function.MAX})
_COMPARABLE = frozenset({ValueType.NUMBER, ValueType.MOMENT, ValueType.TEXT, ValueType.BOOLEAN})

Properties = Mapping[str, Mapping[ValueType, str]]


def check_rule(rule: Rule, catalog: Catalog, sentence: str | None = None) -> Rule:
    """Return `rule` with its names resolved by `catalog`.

    `sentence` is what the rule was read from; of a rule built in Python, errors show the printed sentence.
    Raises RuleError for a name that nobody knows, with the nearest one, and for types that do not match.

    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(events={"order_completed": {}}, aliases={"Order Completed": "order_completed"})
    >>> print_rule(check_rule(parse_rule("did `Order Completed`"), catalog))
    'did order_completed'
    """
    return _Checker(catalog, sentence, rule).condition(rule, None)


def types_of(value: Value, catalog: Catalog, properties: Properties | None = None) -> frozenset[ValueType]:
    """Return the types that `value`, whose names are known, can have; `properties` are those of a where's event.

    >>> [one.value for one in types_of(Trait("clv"), Catalog(traits={"clv": ValueType.NUMBER}))]
    ['number']
    """
    match value:
        case Trait():
            return frozenset({catalog.traits[value.name]})
        case Property():
            return frozenset((properties or {})[value.name])
        case Aggregate(function=Function.FIRST | Function.LAST, event=event, property=str(name)):
            return frozenset(catalog.events[event][name])
        case _:
            return frozenset({ValueType.NUMBER})


@dataclass(frozen=True)
class _Checker:
    catalog: Catalog
    sentence: str | None
    rule: Rule

    def condition(self, condition: Condition, event: str | None) -> Condition:  # noqa: C901, PLR0911 - one answer a node
        """Check a condition; `event` is the event whose `where` it stands in, None at the level of people."""
        match condition:
            case And() | Or():
                return replace(condition, parts=tuple(self.condition(part, event) for part in condition.parts))
            case Not():
                return replace(condition, part=self.condition(condition.part, event))
            case Did():
                key = self.event(condition.event, condition, event)
                self.window(condition.window)
                return replace(condition, event=key, where=self.where(condition.where, key))
            case Sequence():
                self.window(condition.window)
                return replace(condition, steps=tuple(self.step(step, event) for step in condition.steps))
            case Near() | InPolygon() | InCell():
                self.outside_where(condition, event)
                self.point(condition)
                return condition
            case InSegment():
                self.outside_where(condition, event)
                if condition.name not in self.catalog.segments:
                    self.unknown("segment", condition.name, self.catalog.segments, condition)
                return condition
            case ConsentTo():
                self.outside_where(condition, event)
                if condition.purpose not in self.catalog.purposes:
                    self.unknown("purpose", condition.purpose, self.catalog.purposes, condition)
                return condition
            case AgainstMean() | AgainstQuantile() | Extreme():
                among = self.among(condition.among)
                return replace(condition, value=self.number(condition.value, event), among=among)
            case Comparison() | Between() | Exists() | Missing() | TextTest() | OneOf() | Includes() | Anniversary():
                return self.asked(condition, event)
            case _:
                assert_never(condition)

    def point(self, located: Located) -> None:
        """Check that a point has a latitude and a longitude."""
        if located.point not in self.catalog.points:
            name = shorten(located.point)
            problem = self.say(
                '"{name}" is no point: it needs the number traits {name}.latitude and {name}.longitude', name=name
            )
            self.refuse(problem, located, self.nearest(located.point, self.catalog.points))

    def step(self, step: Step, event: str | None) -> Step:
        """Check a step of a sequence."""
        key = self.event(step.event, step, event)
        return replace(step, event=key, where=self.where(step.where, key))

    def among(self, among: Everyone | Condition | None) -> Everyone | Condition | None:
        """Check the rule that names a population."""
        return among if among is None or isinstance(among, Everyone) else self.condition(among, None)

    def asked(self, condition: Asked, event: str | None) -> Condition:
        """Check a condition on a value, and that the value's type is one that it can be compared with."""
        value = self.value(condition.value, event)
        types = types_of(value, self.catalog, self.catalog.events[event] if event is not None else None)
        match condition:
            case Comparison():
                self.comparable(value, types, condition.literal)
                if condition.operator not in {Operator.EQUAL, Operator.DIFFERENT}:
                    self.ordered(value, condition.literal)
            case Between():
                self.comparable(value, types, condition.low)
                self.ordered(value, condition.low)
            case TextTest(text=text) | OneOf(texts=(text, *_)):
                self.of_type(value, types, ValueType.TEXT, text)
            case Anniversary():
                self.of_type(value, types, ValueType.MOMENT, condition.value)
            case Includes():
                self.of_type(value, types, ValueType.TEXT_LIST, condition.text)
            case _:
                pass
        return replace(condition, value=value)

    def of_type(self, value: Value, types: frozenset[ValueType], wanted: ValueType, node: Node) -> None:
        """Refuse to ask a value for a text, or a list of text, that it never is."""
        if wanted in types:
            return
        hints = {
            frozenset({ValueType.TEXT_LIST}): 'a list of text is asked so: interests includes "golf"',
            frozenset({ValueType.TEXT}): 'a text is asked so: country = "FR", or: email contains "@example.org"',
        }
        problem = self.say(
            "{value} is {types}; this is asked of {wanted} only",
            value=self.words(value),
            types=self.kinds(types),
            wanted=self.kinds({wanted}),
        )
        self.refuse(problem, node, self.say(hints.get(types, "")))

    def window(self, window: Window | None) -> None:
        """Check the name of a period, and that a window has a beginning before its end."""
        if isinstance(window, InPeriod) and window.name not in self.catalog.periods:
            self.unknown("period", window.name, self.catalog.periods, window)
        if isinstance(window, FromTo):
            zone = self.catalog.zone
            if window.low.moments(zone)[0] > window.high.moments(zone)[1]:
                self.refuse(self.say("the window ends before it begins"), window)

    def value(self, value: Value, event: str | None) -> Value:
        """Check a value's names, and that it is one that can stand here."""
        match value:
            case Property():
                if event is None:
                    self.refuse(
                        self.say("{value} is a property; it stands in a where only", value=self.words(value)), value
                    )
                self.property(event, value.name, value)
                return value
            case Score():
                return replace(value, value=self.number(value.value, event), among=self.among(value.among))
            case _:
                return self.measure(value, event)

    def measure(self, value: Measure, event: str | None) -> Measure:
        """Check the names of a value of a person."""
        match value:
            case Trait():
                self.outside_where(value, event)
                if value.name not in self.catalog.traits:
                    self.unknown_trait(value)
                return value
            case DaysSince():
                key = self.event(value.event, value, event)
                return replace(value, event=key, where=self.where(value.where, key))
            case Aggregate():
                return self.aggregate(value, event)
            case _:
                assert_never(value)

    def aggregate(self, value: Aggregate, outer: str | None) -> Aggregate:
        """Check an aggregate's event, property and where, and that the function can take the property's type."""
        key = self.event(value.event, value, outer)
        if value.property is not None:
            types = self.property(key, value.property, value)
            if value.function in _NUMERIC and ValueType.NUMBER not in types:
                problem = self.say(
                    "only numbers have a sum, mean, min or max, but {name} is {types}",
                    name=f"{shorten(key)}.{shorten(value.property)}",
                    types=self.kinds(types),
                )
                self.refuse(problem, value)
        self.window(value.window)
        return replace(value, event=key, where=self.where(value.where, key))

    def where(self, where: Condition | None, event: str) -> Condition | None:
        """Check the conditions on an event's properties."""
        return None if where is None else self.condition(where, event)

    def event(self, name: str, node: Node, outer: str | None) -> str:
        """Return the key of an event by its key or another of its names."""
        self.outside_where(node, outer)
        key = self.catalog.aliases.get(name, name)
        if key not in self.catalog.events:
            self.unknown("event", name, [*self.catalog.events, *self.catalog.aliases], node)
        return key

    def outside_where(self, node: Node, event: str | None) -> None:
        """Refuse, in the `where` of `event`, what speaks of a person."""
        if event is not None:
            self.refuse(self.say("a where looks at the properties of its own event only"), node)

    def property(self, event: str, name: str, node: Node) -> frozenset[ValueType]:
        """Return the types that a property has been seen with."""
        known = self.catalog.events[event]
        if name not in known:
            problem = self.say('unknown property of {event} "{name}"', event=shorten(event), name=shorten(name))
            self.refuse(problem, node, self.nearest(name, known))
        return frozenset(known[name])

    def comparable(self, value: Value, types: frozenset[ValueType], literal: Literal) -> None:
        """Refuse a literal of a type that the value never has."""
        wanted = type_of(literal)
        if wanted in types & _COMPARABLE:
            return
        hint = ""
        if types == {ValueType.NUMBER} and isinstance(literal, Text):
            hint = "write the number without quotes"
        elif types == {ValueType.TEXT} and isinstance(literal, Number):
            hint = "write the text in double quotes"
        elif types == {ValueType.TEXT_LIST}:
            hint = 'a list of text is asked so: interests includes "golf"'
        elif types == {ValueType.MOMENT}:
            hint = "write a date such as 2026-01-31 or a time such as 2026-01-31T09:30:00+01:00, without quotes"
        problem = self.say(
            "{value} is {types}; it cannot be compared with {wanted}",
            value=self.words(value),
            types=self.kinds(types),
            wanted=self.kinds({wanted}),
        )
        self.refuse(problem, literal, self.say(hint))

    def ordered(self, value: Value, literal: Literal) -> None:
        """Refuse to order what has no order here."""
        if type_of(literal) not in _ORDERED:
            problem = self.say(
                "{value} can only be = or != to {wanted}",
                value=self.words(value),
                wanted=self.kinds({type_of(literal)}),
            )
            self.refuse(problem, literal)

    def number(self, value: Measure, event: str | None) -> Measure:
        """Check a value that is placed in the population, which only numbers can be."""
        measure = self.measure(value, event)
        types = types_of(measure, self.catalog)
        if ValueType.NUMBER not in types:
            problem = self.say(
                "a place in the population needs a number, but {value} is {types}",
                value=self.words(measure),
                types=self.kinds(types),
            )
            self.refuse(problem, value)
        return measure

    def words(self, value: Value) -> str:
        """Return a value in the language of the project."""
        return print_value(value, self.catalog.language)

    def unknown_trait(self, trait: Trait) -> NoReturn:
        """Refuse a trait nobody knows; if an event is called so, say how to speak of it."""
        key = self.catalog.aliases.get(trait.name, trait.name)
        if key in self.catalog.events:
            hint = self.say("write: did {event}, or: count of {event} >= 1", event=event_in_sentence(key))
            self.refuse(self.say("{event} is an event, not a trait", event=shorten(key)), trait, hint)
        self.unknown("trait", trait.name, self.catalog.traits, trait)

    def unknown(self, kind: str, name: str, known: Iterable[str], node: Node) -> NoReturn:
        """Refuse a name nobody knows, with the nearest one."""
        problem = self.say(f'unknown {kind} "{{name}}"', name=shorten(name))
        self.refuse(problem, node, self.nearest(name, known))

    def say(self, template: str, **values: object) -> str:
        """Return a message in the language of the project."""
        return say(self.catalog.language, template, **values)

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """Return the proposal of the nearest known name in the language of the project."""
        return nearest_in(self.catalog.language, name, known)

    def kinds(self, types: Iterable[ValueType]) -> str:
        """Return types, each with its article, in the language of the project."""
        return f" {self.say('or')} ".join(self.say(f"a {one}") for one in sorted(types))

    def refuse(self, problem: str, node: Node, hint: str = "") -> NoReturn:
        """Raise the error at the place of `node`, as narrow as the name or word that is meant."""
        if self.sentence is None or node.span is None:
            sentence = self.sentence if self.sentence is not None else print_rule(self.rule, self.catalog.language)
            raise rule_error(problem, sentence, (0, len(sentence)), hint)
        raise rule_error(problem, self.sentence, node.span, hint)
