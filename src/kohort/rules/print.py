"""A rule as a sentence: the inverse of `kohort.rules.parse`."""

from typing import assert_never

from kohort.definitions.values import format_micros
from kohort.rules.literals import Boolean, Day, Last, Literal, Number, Text, Time
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
    InSegment,
    Leaf,
    Missing,
    Not,
    Or,
    Property,
    Rule,
    Score,
    Trait,
    Value,
    Valued,
)
from kohort.rules.words import event_in_sentence, name_in_sentence, quote


def print_rule(rule: Rule) -> str:
    """Return the English sentence of `rule`; `parse_rule` reads it back to an equal tree.

    >>> from kohort.rules.nodes import Function, Operator
    >>> orders = Aggregate(Function.COUNT, "order_completed", window=Last(7, "day"))
    >>> print_rule(Not(Comparison(orders, Operator.AT_LEAST, Number(3_000_000))))
    'not count of order_completed in last 7 days >= 3'
    """
    match rule:
        case And():
            return " and ".join(_inside(part, And, Or) for part in rule.parts)
        case Or():
            return " or ".join(_inside(part, Or) for part in rule.parts)
        case Not():
            return f"not {_inside(rule.part, And, Or)}"
        case _:
            return _leaf(rule)


def print_value(value: Value) -> str:
    """Return the words for a value.

    >>> print_value(Score(Trait("clv"), 5))
    'score of clv out of 5'
    """
    match value:
        case Trait() | Property():
            return name_in_sentence(value.name)
        case Aggregate():
            subject = event_in_sentence(value.event, value.property)
            return f"{value.function} of {subject}{_where(value.where)}{_window(value.window)}"
        case DaysSince():
            return f"days since {value.occurrence} {event_in_sentence(value.event)}{_where(value.where)}"
        case Score():
            return f"score of {print_value(value.value)} out of {value.levels}{' reversed' if value.reversed else ''}"
        case _:
            assert_never(value)


def print_literal(literal: Literal) -> str:
    """Return the words for a literal.

    >>> print_literal(Text("FR")), print_literal(Number(500_000))
    ('"FR"', '0.5')
    """
    match literal:
        case Number():
            return format_micros(literal.micros)
        case Text():
            return quote(literal.value, '"')
        case Boolean():
            return "true" if literal.value else "false"
        case Day():
            return literal.date.isoformat()
        case Time():
            return literal.time.isoformat()
        case _:
            assert_never(literal)


def print_deviations(deviations: int) -> str:
    """Return the words for `mean + k std`, k in micros.

    >>> print_deviations(0), print_deviations(1_000_000), print_deviations(-500_000)
    ('mean', 'mean + 1 std', 'mean - 0.5 std')
    """
    if not deviations:
        return "mean"
    return f"mean {'+' if deviations > 0 else '-'} {format_micros(abs(deviations))} std"


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Did():
            return f"did {event_in_sentence(leaf.event)}{_did_where(leaf.where)}{_window(leaf.window)}"
        case InSegment():
            return f"in segment {quote(leaf.name, chr(34))}"
        case _:
            return f"{print_value(leaf.value)} {_predicate(leaf)}"


def _predicate(leaf: Valued) -> str:
    match leaf:
        case Comparison():
            return f"{leaf.operator} {print_literal(leaf.literal)}"
        case Between():
            return f"between {print_literal(leaf.low)} and {print_literal(leaf.high)}"
        case Exists():
            return "exists"
        case Missing():
            return "is missing"
        case AgainstMean():
            return f"{leaf.operator} {print_deviations(leaf.deviations)}"
        case Extreme():
            return f"in {leaf.side} {format_micros(leaf.percent)}%"
        case _:
            assert_never(leaf)


def _inside(part: Condition, *weaker: type[Condition]) -> str:
    return f"({print_rule(part)})" if isinstance(part, weaker) else print_rule(part)


def _where(where: Condition | None) -> str:
    return "" if where is None else f" where {print_rule(where)}"


def _did_where(where: Condition | None) -> str:
    return "" if where is None else f" where {_inside(where, And, Or)}"


def _window(window: Last | None) -> str:
    if window is None:
        return ""
    return f" in last {window.count} {window.unit}{'' if window.count == 1 else 's'}"
