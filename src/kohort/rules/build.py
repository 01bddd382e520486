"""The grammar's productions as nodes of the tree: one method each, called by the parser as it reads."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from lark import Token, Transformer

from kohort.definitions.values import micros_of
from kohort.errors import DefinitionError, RuleError
from kohort.rules.literals import Boolean, Day, Last, Node, Number, Span, Text, Time
from kohort.rules.nodes import (
    AgainstMean,
    Aggregate,
    And,
    Between,
    Comparison,
    Condition,
    DaysSince,
    Did,
    Exists,
    Extreme,
    Function,
    InSegment,
    Missing,
    Not,
    Occurrence,
    Operator,
    Or,
    Property,
    Rule,
    Score,
    Side,
    Trait,
)
from kohort.rules.words import parts_of_name, unquote

Children = Sequence[Any]  # tokens, nodes, and None for an optional part that is not there
N = TypeVar("N", bound=Node)


class Builder(Transformer[Token, Node]):
    """Builds nodes bottom-up; what a node's declaration refuses becomes a RuleError at its place."""

    def start(self, children: Children) -> Rule:
        """Return the rule itself."""
        rule: Rule = children[0]
        return rule

    def any_of(self, children: Children) -> Or:
        """Build `a or b`."""
        return _built(children, lambda span: Or(_conditions(children), span=span))

    def all_of(self, children: Children) -> And:
        """Build `a and b`."""
        return _built(children, lambda span: And(_conditions(children), span=span))

    def negation(self, children: Children) -> Not:
        """Build `not a`."""
        return _built(children, lambda span: Not(children[1], span=span))

    def comparison(self, children: Children) -> Comparison:
        """Build `value >= 3`."""
        value, operator, literal = children
        return _built(children, lambda span: Comparison(value, Operator(operator), literal, span=span))

    def between(self, children: Children) -> Between:
        """Build `value between 2 and 5`."""
        value, _, low, _, high = children
        return _built(children, lambda span: Between(value, low, high, span=span))

    def existence(self, children: Children) -> Exists | Missing:
        """Build `value exists`, `value is missing`."""
        value, word = children
        node = Exists if word.type == "EXISTS" else Missing
        return _built(children, lambda span: node(value, span=span))

    def against_mean(self, children: Children) -> AgainstMean:
        """Build `value > mean + 1 std`."""
        value, operator, _, sign, number, _ = children
        _refuse_score(value)

        def build(span: Span) -> AgainstMean:
            deviations = 0 if number is None else micros_of(str(number))
            return AgainstMean(value, Operator(operator), -deviations if sign == "-" else deviations, span=span)

        return _built(children, build)

    def extreme(self, children: Children) -> Extreme:
        """Build `value in top 5%`."""
        value, side, number, _ = children
        _refuse_score(value)
        return _built(children, lambda span: Extreme(value, Side(_last_word(side)), micros_of(str(number)), span=span))

    def did(self, children: Children) -> Did:
        """Build `did event where … in last …`."""
        _, name, where, window = children
        return _built(children, lambda span: Did(_only_event(name), where, window, span=span))

    def in_segment(self, children: Children) -> InSegment:
        """Build `in segment "name"`."""
        return _built(children, lambda span: InSegment(unquote(children[1]), span=span))

    def trait(self, children: Children) -> Trait:
        """Build a trait from its name."""
        return _built(children, lambda span: Trait(".".join(parts_of_name(children[0])), span=span))

    def property(self, children: Children) -> Property:
        """Build a property, in a `where`, from its name."""
        return _built(children, lambda span: Property(".".join(parts_of_name(children[0])), span=span))

    def aggregate(self, children: Children) -> Aggregate:
        """Build `sum of event.property where … in last …`."""
        function, name, where, window = children

        def build(span: Span) -> Aggregate:
            event, *path = parts_of_name(name)
            word = Function(function.split()[0].lower())
            return Aggregate(word, event, ".".join(path) if path else None, where, window, span=span)

        return _built(children, build)

    def days_since(self, children: Children) -> DaysSince:
        """Build `days since last event where …`."""
        words, name, where = children
        return _built(
            children, lambda span: DaysSince(Occurrence(_last_word(words)), _only_event(name), where, span=span)
        )

    def score(self, children: Children) -> Score:
        """Build `score of value out of 5 reversed`."""
        _, value, _, number, reverse = children
        _refuse_score(value)
        return _built(children, lambda span: Score(value, _whole(number), reverse is not None, span=span))

    def window(self, children: Children) -> Last:
        """Build `in last 7 days`."""
        _, number, unit = children
        return _built(children, lambda span: Last(_whole(number), unit.lower().removesuffix("s"), span=span))

    def where(self, children: Children) -> Condition:
        """Return the conditions of a `where`."""
        condition: Condition = children[1]
        return condition

    simple_where = where

    def number(self, children: Children) -> Number:
        """Build `12.5`."""
        return _built(children, lambda span: Number(micros_of(str(children[0])), span=span))

    def text(self, children: Children) -> Text:
        """Build `"FR"`."""
        return _built(children, lambda span: Text(unquote(children[0]), span=span))

    def boolean(self, children: Children) -> Boolean:
        """Build `true`, `false`."""
        return _built(children, lambda span: Boolean(children[0].type == "TRUE", span=span))

    def time(self, children: Children) -> Day | Time:
        """Build `2026-01-31`, `2026-01-31T09:30:00+01:00`."""
        written = str(children[0])
        if "T" in written:
            return _built(children, lambda span: Time(datetime.fromisoformat(written), span=span))
        return _built(children, lambda span: Day(date.fromisoformat(written), span=span))


def _built(children: Children, build: Callable[[Span], N]) -> N:
    """Build a node; what its declaration refuses becomes an error at the place of `children`."""
    spans = [_span_of(child) for child in children if child is not None]
    start, end = spans[0][0], spans[-1][1]
    try:
        return build((start, end))
    except (DefinitionError, ValueError) as error:
        raise RuleError(str(error), sentence="", start=start, end=end) from error


def _span_of(child: Token | Node) -> Span:
    if isinstance(child, Token):
        return child.start_pos or 0, child.end_pos or 0
    return child.span or (0, 0)


def _conditions(children: Children) -> tuple[Condition, ...]:
    return tuple(child for child in children if not isinstance(child, Token))


def _last_word(token: Token) -> str:
    return token.split()[-1].lower()


def _whole(token: Token) -> int:
    if not token.isdecimal() or len(token) > 9:  # noqa: PLR2004 - what any count of units needs
        raise DefinitionError(f"expected a whole number, not {token[:20]}")
    return int(token)


def _only_event(name: Token) -> str:
    event, *path = parts_of_name(name)
    if path:
        raise DefinitionError("an event stands here alone, without a property; a name with a dot stands in backticks")
    return event


def _refuse_score(value: Node) -> None:
    if isinstance(value, Score):
        start, end = value.span or (0, 0)
        raise RuleError("a score already is a place in the population", sentence="", start=start, end=end)
