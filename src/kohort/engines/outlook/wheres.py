"""Properties of an event for which a `where` holds, as far as they are easily found; who uses them, verifies them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType, decimal_of
from kohort.engines.context import Context
from kohort.engines.evaluation import Shown
from kohort.engines.predicates import AnyText, Element, Equal, Predicate, Present, Within, predicate_of
from kohort.rules.literals import type_of
from kohort.rules.nodes import And, Asked, Between, Comparison, Condition, Not, Or, Property, TextTest

Properties = Mapping[str, Shown]

_CENT: Final = MICRO // 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ANY: Final[Mapping[ValueType, Shown]] = {
    ValueType.NUMBER: Decimal(1),
    ValueType.TEXT: "…",
    ValueType.BOOLEAN: True,
    ValueType.MOMENT: _EPOCH,
    ValueType.TEXT_LIST: ("…",),
}
"""Some value of each type, where any will do."""


def satisfying(where: Condition | None, event: str, context: Context, *, wanted: bool = True) -> Properties | None:
    """Return properties for which `where` is `wanted`, or None where none are found.

    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.literals import Number
    >>> from kohort.rules.nodes import Operator
    >>> catalog = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}})
    >>> more = Comparison(Property("total"), Operator.AT_LEAST, Number(50_000_000))
    >>> satisfying(more, "order", Context(catalog, at=0))
    {'total': Decimal('50')}
    """
    match where:
        case None:
            return {}
        case Not():
            return satisfying(where.part, event, context, wanted=not wanted)
        case And() | Or():
            parts = [satisfying(part, event, context, wanted=wanted) for part in where.parts]
            found = [part for part in parts if part is not None]
            if isinstance(where, And) == wanted:
                return (
                    {name: value for part in found for name, value in part.items()}
                    if len(found) == len(parts)
                    else None
                )
            return found[0] if found else None
        case _:
            return _leaf(cast("Asked", where), event, context, wanted=wanted)


def _leaf(leaf: Asked, event: str, context: Context, *, wanted: bool) -> Properties | None:
    if not isinstance(leaf.value, Property):
        return None
    name = leaf.value.name
    predicate = predicate_of(leaf, context, event)
    if isinstance(predicate, Present):
        (kind, *_) = context.catalog.events[event][name]
        return {name: ANY[kind]} if wanted != predicate.negated else {}
    if not wanted:
        # A comparison with what is missing is false.
        return {}
    value = value_for(leaf, predicate)
    return None if value is None else {name: value}


def value_for(condition: Asked, predicate: Predicate) -> Shown:  # noqa: PLR0911 - one answer a predicate
    """Return a value for which `predicate`, that of `condition`, holds; None where none is found.

    >>> from kohort.rules.nodes import Operator, Trait
    >>> from kohort.rules.literals import Text
    >>> value_for(Comparison(Trait("country"), Operator.DIFFERENT, Text("FR")), Equal("FR", negated=True))
    '…'
    """
    match predicate:
        case Within(low=low, high=high, negated=negated):
            edge = low if low is not None else high
            if edge is None:
                return None
            if negated:
                return in_unit(edge - 1 if edge == low else edge + 1, _kind(condition))
            inside = [one for one in to_the_cent(edge) if (low is None or one >= low) and (high is None or one <= high)]
            return in_unit(inside[0] if inside else edge, _kind(condition))
        case Equal(value=bool() as value, negated=negated):
            return value != negated
        case Equal(value=str() as value, negated=negated):
            return (ANY[ValueType.TEXT] if value != ANY[ValueType.TEXT] else "") if negated else value
        case AnyText(texts=texts):
            if isinstance(condition, TextTest) and condition.operator != "matches":
                return condition.text.value
            return texts[0] if texts else None
        case Element(text=text):
            return (text,)
        case _:
            return None


def to_the_cent(micros: int) -> tuple[int, int]:
    """Return the whole hundredths next to a number, at most and at least as great: such as people name amounts.

    >>> to_the_cent(12_500_001)
    (12500000, 12510000)
    """
    return micros // _CENT * _CENT, -(-micros // _CENT) * _CENT


def in_unit(value: int, kind: ValueType) -> Shown:
    """Return an integer as the number or the moment that it is; None for one that is too large, or in no calendar.

    >>> in_unit(1_500_000, ValueType.NUMBER)
    Decimal('1.5')
    """
    if kind is not ValueType.MOMENT:
        return decimal_of(value) if abs(value) <= LARGEST_MICROS else None
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return None


def _kind(condition: Asked) -> ValueType:
    match condition:
        case Comparison():
            return type_of(condition.literal)
        case Between():
            return type_of(condition.low)
        case _:
            return ValueType.NUMBER
