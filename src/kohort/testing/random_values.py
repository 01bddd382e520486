"""Values, moments and windows as Hypothesis strategies: few, so that ties, equalities and edges are common.

Times stand on a coarse grid around noon, one microsecond to either side included, so that every window's edge
is hit. Times off the grid find nothing: mutants of a window's edge survive them.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st

from kohort.clock import HOUR, Moment
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.engines.reference import Typed
from kohort.rules.literals import Boolean, Day, Last, Literal, Number, Text, Time

NOON: Final[Moment] = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z

_NUMBERS: Final = (0, 1, -1, MICRO, -MICRO, 2 * MICRO, 50 * MICRO, 50 * MICRO + 1, LARGEST_MICROS, -LARGEST_MICROS)
_TEXTS: Final = ("FR", "fr", "", "x' OR 1=1 --", "nul\0nul", "é😀")
_GRID: Final = 6 * HOUR


def numbers() -> st.SearchStrategy[int]:
    """Numbers in micros: often a tie or an edge, sometimes any."""
    return st.sampled_from(_NUMBERS) | st.integers(-LARGEST_MICROS, LARGEST_MICROS)


def moments() -> st.SearchStrategy[Moment]:
    """Moments on the grid within days of noon, or a microsecond off it."""
    return st.builds(lambda steps, off: NOON + steps * _GRID + off, st.integers(-16, 4), st.sampled_from((0, 0, -1, 1)))


def windows() -> st.SearchStrategy[Last]:
    """Windows whose edges fall on the grid."""
    hours = st.integers(1, 12).map(lambda steps: Last(6 * steps, "hour"))
    return hours | st.integers(1, 4).map(lambda days: Last(days, "day"))


def typed_values(type_: ValueType) -> st.SearchStrategy[Typed]:
    """Values of one type."""
    match type_:
        case ValueType.NUMBER:
            return numbers().map(lambda micros: Typed(type_, Fraction(micros, MICRO)))
        case ValueType.TEXT:
            return st.sampled_from(_TEXTS).map(lambda text: Typed(type_, text))
        case ValueType.BOOLEAN:
            return st.booleans().map(lambda truth: Typed(type_, truth))
        case ValueType.MOMENT:
            return moments().map(lambda moment: Typed(type_, moment))
        case ValueType.TEXT_LIST:
            return st.lists(st.sampled_from(_TEXTS), max_size=3).map(lambda texts: Typed(type_, tuple(texts)))


def literals(type_: ValueType) -> st.SearchStrategy[Literal]:
    """Literals that a value of `type_` can be compared with."""
    match type_:
        case ValueType.NUMBER:
            return numbers().map(Number)
        case ValueType.BOOLEAN:
            return st.booleans().map(Boolean)
        case ValueType.MOMENT:
            days = st.integers(-4, 2).map(lambda days: Day(date(2026, 3, 1) + timedelta(days=days)))
            times = moments().map(lambda moment: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment))
            return days | times.map(Time) | times.map(lambda time: Time(time.replace(tzinfo=None)))
        case _:
            return st.sampled_from(_TEXTS).map(Text)
