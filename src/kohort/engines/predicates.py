"""Conditions reduced to three questions about one value, so that an engine needs to know no more.

Whatever is compared is an integer (micros, or microseconds), a text or a boolean: every order becomes
inclusive bounds, and a strict bound is the next integer.
"""

from dataclasses import dataclass
from typing import assert_never
from zoneinfo import ZoneInfo

from kohort.clock import DAY
from kohort.definitions.values import MICRO
from kohort.engines.context import Context
from kohort.engines.texts import question_of
from kohort.rules.literals import Boolean, Literal, Number, Text
from kohort.rules.nodes import (
    Anniversary,
    Asked,
    Between,
    Comparison,
    DaysSince,
    Exists,
    Includes,
    Missing,
    OneOf,
    TextTest,
    Value,
)
from kohort.rules.operators import Operator


@dataclass(frozen=True)
class Within:
    """The value is there and low ≤ value ≤ high (None: no bound); negated: it is there and lies outside."""

    low: int | None = None
    high: int | None = None
    negated: bool = False


@dataclass(frozen=True)
class Equal:
    """The value is there and is `value`; negated: it is there and differs."""

    value: str | bool
    negated: bool = False


@dataclass(frozen=True)
class Present:
    """The value is there; negated: it is missing."""

    negated: bool = False


@dataclass(frozen=True)
class AnyText:
    """The value is there and is one of `texts`."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class AnyMoment:
    """The value is there and is one of `moments`."""

    moments: tuple[int, ...]


@dataclass(frozen=True)
class Element:
    """The value, a list, is there and has the element `text`."""

    text: str


@dataclass(frozen=True)
class Never:
    """False for everybody: the threshold to compare with is missing."""


Predicate = Within | Equal | Present | AnyText | AnyMoment | Element | Never


def predicate_of(condition: Asked, context: Context, event: str | None = None) -> Predicate:  # noqa: PLR0911 - one answer a node
    """Return the question that `condition` asks about its value; `event` is the event whose `where` it stands in.

    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.nodes import Trait
    >>> predicate_of(Comparison(Trait("clv"), Operator.MORE, Number(5)), Context(Catalog(), at=0))
    Within(low=6, high=None, negated=False)
    """
    zone = context.catalog.zone
    match condition:
        case Comparison(literal=Text() | Boolean() as literal):
            return Equal(literal.value, condition.operator is Operator.DIFFERENT)
        case Comparison():
            return bounds(condition.operator, *_ends(condition.literal, condition.value, zone))
        case Between():
            low, _ = _ends(condition.low, condition.value, zone)
            _, high = _ends(condition.high, condition.value, zone)
            return Within(low, high)
        case Exists():
            return Present()
        case Missing():
            return Present(negated=True)
        case TextTest():
            return AnyText(context.texts[question_of(condition, event)])
        case OneOf():
            return AnyText(tuple(dict.fromkeys(text.value for text in condition.texts)))
        case Anniversary():
            return AnyMoment(context.anniversaries[condition])
        case Includes():
            return Element(condition.text.value)
        case _:
            assert_never(condition)


def bounds(operator: Operator, first: int, last: int) -> Within:
    """Return the comparison with what lasts from `first` to `last`: a day, or a number, where both are one.

    >>> bounds(Operator.AT_MOST, 10, 19)
    Within(low=None, high=19, negated=False)
    """
    match operator:
        case Operator.EQUAL:
            return Within(first, last)
        case Operator.DIFFERENT:
            return Within(first, last, negated=True)
        case Operator.LESS:
            return Within(high=first - 1)
        case Operator.AT_MOST:
            return Within(high=last)
        case Operator.MORE:
            return Within(low=last + 1)
        case _:
            return Within(low=first)


def _ends(literal: Literal, value: Value, zone: ZoneInfo) -> tuple[int, int]:
    match literal:
        case Number():
            exact = literal.micros * (DAY // MICRO) if isinstance(value, DaysSince) else literal.micros
            return exact, exact
        case Text() | Boolean():
            raise TypeError("texts and booleans have no order; rules are checked before they are planned")
        case _:
            return literal.moments(zone)
