"""Questions about columns, answered for all of their rows."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import reduce
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import ValueType
from kohort.engines.columns import MISSING, Column, Rows
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
)

Mask = NDArray[np.bool_]


def holds(predicate: Predicate, column: Column) -> Mask:  # noqa: PLR0911 - one answer a predicate
    """Return for which rows of `column` a predicate holds, shape (rows,).

    >>> holds(Within(high=5), Column(np.array([3, 7, MISSING]))).tolist()
    [True, False, False]
    >>> holds(AnyText(("Lyon", "Paris")), Column(np.array([1, 0, -1], np.int32), ("Nice", "Paris"))).tolist()
    [True, False, False]
    """
    values = column.values
    match predicate:
        case Present(negated=negated):
            return ~column.present() if negated else column.present()
        case Within(low=low, high=high, negated=negated):
            low = MISSING + 1 if low is None else low
            inside = values >= low if high is None else (values >= low) & (values <= high)
            return ~inside & column.present() if negated else np.asarray(inside)
        case Equal(value=wanted, negated=negated):
            if isinstance(wanted, bool):
                return np.asarray(values == (wanted ^ negated))
            same = _is_any(values, _codes([wanted], column.dictionary), column)
            return ~same & column.present() if negated else same
        case AnyText(texts=texts):
            return _is_any(values, _codes(texts, column.dictionary), column)
        case AnyMoment(moments=moments):
            return np.isin(values, np.array(moments, np.int64))
        case Element(text=text):
            having = [code for code, texts in enumerate(column.dictionary) if text in texts]
            return _is_any(values, having, column)
        case Never():
            return np.zeros(len(values), np.bool_)
        case _:
            assert_never(predicate)


def where_mask(condition: Condition, rows: Rows, event: str, context: Context) -> Mask:
    """Return for which rows of `event` a `where` holds, shape (rows,)."""
    match condition:
        case And():
            return reduce(np.logical_and, [where_mask(part, rows, event, context) for part in condition.parts])
        case Or():
            return reduce(np.logical_or, [where_mask(part, rows, event, context) for part in condition.parts])
        case Not():
            return ~where_mask(condition.part, rows, event, context)
        case Exists() | Missing():
            there = any_present(rows, columns_asked(condition, event, context))
            return there if isinstance(condition, Exists) else ~there
        case Comparison() | Between() | TextTest() | OneOf() | Includes():
            (name,) = columns_asked(condition, event, context)
            if name not in rows.columns:
                return np.zeros(len(rows.people), np.bool_)
            return holds(predicate_of(condition, context, event), rows.columns[name])
        case _:
            raise TypeError("a where compares properties; rules are checked before they are planned")


def any_present(rows: Rows, columns: Sequence[str]) -> Mask:
    """Return which rows have a value in any of `columns`, shape (rows,).

    >>> any_present(Rows(np.zeros(1, np.int32), np.array([4])), ["total"]).tolist()
    [False]
    """
    there = np.zeros(len(rows.people), np.bool_)
    for name in columns:
        if name in rows.columns:
            there |= rows.columns[name].present()
    return there


def columns_asked(condition: Condition, event: str, context: Context) -> list[str]:
    """Return the physical columns that a leaf of a `where` asks: one of its type, or all where any will do."""
    types = context.catalog.events[event]
    match condition:
        case Comparison(value=Property(name=name), literal=literal) | Between(value=Property(name=name), low=literal):
            return [types[name][type_of(literal)]]
        case TextTest(value=Property(name=name)) | OneOf(value=Property(name=name)):
            return [types[name][ValueType.TEXT]]
        case Includes(value=Property(name=name)):
            return [types[name][ValueType.TEXT_LIST]]
        case Exists(value=Property(name=name)) | Missing(value=Property(name=name)):
            return list(types[name].values())
        case _:
            raise TypeError("a where compares properties; rules are checked before they are planned")


def _codes(texts: Sequence[str], dictionary: Sequence[Any]) -> list[int]:
    """Return the places of `texts` in a sorted dictionary, of those that are there."""
    found = []
    for text in texts:
        place = bisect_left(dictionary, text)
        if place < len(dictionary) and dictionary[place] == text:
            found.append(place)
    return found


def _is_any(values: NDArray[Any], codes: Sequence[int], column: Column) -> Mask:
    if len(codes) <= 1:
        return np.asarray(values == codes[0]) if codes else np.zeros(len(values), np.bool_)
    # One place more, for what is missing: its code, -1, is the last place.
    wanted = np.zeros(len(column.dictionary) + 1, np.bool_)
    wanted[list(codes)] = True
    return np.asarray(wanted[values])
