"""Values, moments and windows as Hypothesis strategies: few, so that ties, equalities and edges are common.

Times stand on a coarse grid around noon, one microsecond to either side included, so that every window's edge
is hit. Times off the grid find nothing: mutants of a window's edge survive them.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, Moment
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.engines.reference import Typed
from kohort.rules.literals import Boolean, Day, Duration, Last, Literal, Number, Text, Time
from kohort.rules.nodes import TextTest, Value
from kohort.rules.operators import TextOperator
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window

NOON: Final[Moment] = 1_775_044_800_000_000  # 2026-04-01T12:00:00Z, days after Paris goes to summer time

_NUMBERS: Final = (0, 1, -1, MICRO, -MICRO, 2 * MICRO, 50 * MICRO, 50 * MICRO + 1, LARGEST_MICROS, -LARGEST_MICROS)
_TEXTS: Final = ("FR", "fr", "", "x' OR 1=1 --", "nul\0nul", "é😀", "E\u0301", "straße", "STRASSE")
_PATTERNS: Final = ("^F", "R$", "[a-z]{2}", "(?i:fr|é)", "^$", r"\d", "x' OR .=1 --")
ZONES: Final = ("UTC", "Europe/Paris", "America/New_York")
_GRID: Final = 6 * HOUR
# Midnight in Paris and in New York, in winter and in summer time.
_MIDNIGHTS: Final = tuple(hours * HOUR for hours in (-14, -13, -8, -7))


# Those of `_NUMBERS` that are places on Earth, so that points stand on corners and edges; cells that hold some.
DEGREES: Final = tuple(number for number in _NUMBERS if abs(number) <= 90 * MICRO)
CELLS: Final = ("8075fffffffffff", "81757ffffffffff", "857541affffffff", "8f1093b761a2c2a", "8f754e64992d6d8")


def numbers() -> st.SearchStrategy[int]:
    """Numbers in micros: often a tie or an edge, sometimes any."""
    return st.sampled_from(_NUMBERS) | st.integers(-LARGEST_MICROS, LARGEST_MICROS)


def moments() -> st.SearchStrategy[Moment]:
    """Moments on the grid or at a midnight within days of noon, or a microsecond off it."""
    off = st.sampled_from((0, 0, -1, 1))
    on_grid = st.builds(lambda steps, off: NOON + steps * _GRID + off, st.integers(-16, 4), off)
    midnights = st.builds(
        lambda days, time, off: NOON + days * DAY + time + off, st.integers(-4, 1), st.sampled_from(_MIDNIGHTS), off
    )
    return on_grid | midnights


def durations() -> st.SearchStrategy[Duration]:
    """Durations that lie between moments of the grid, so that deadlines fall on events."""
    return st.sampled_from((Duration(6, "hour"), Duration(12, "hour"), Duration(1, "day"), Duration(2, "day")))


def windows(periods: Iterable[str] = ()) -> st.SearchStrategy[Window]:
    """Windows whose edges fall on the grid, and those of the calendar."""
    days = literals(ValueType.MOMENT).filter(lambda literal: isinstance(literal, Day | Time))
    ends = st.tuples(days, days).map(lambda found: sorted(found, key=_first_moment)).filter(_in_order)
    kinds: list[st.SearchStrategy[Window]] = [
        st.integers(1, 12).map(lambda steps: Last(6 * steps, "hour")),
        st.integers(1, 4).map(lambda days: Last(days, "day")),
        st.sampled_from(Named).map(Calendar),
        st.integers(3, 4).map(InMonth),
        days.map(Since),  # type: ignore[arg-type]  # filtered above
        ends.map(lambda found: FromTo(*found)),  # type: ignore[arg-type]  # as above
    ]
    if periods:
        kinds.append(st.sampled_from(sorted(periods)).map(InPeriod))
    return st.one_of(kinds)


def text_tests(value: Value) -> st.SearchStrategy[TextTest]:
    """Questions about the text that `value` is."""
    plain = st.sampled_from([one for one in TextOperator if one is not TextOperator.MATCHES])
    asked = st.tuples(plain, st.sampled_from(_TEXTS)) | st.tuples(
        st.just(TextOperator.MATCHES), st.sampled_from(_PATTERNS)
    )
    return st.builds(lambda found, ignoring: TextTest(value, found[0], Text(found[1]), ignoring), asked, st.booleans())


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
            years = st.sampled_from((0, 0, 365 * DAY, 6 * 365 * DAY + DAY))
            return st.builds(lambda moment, ago: Typed(type_, moment - ago), moments(), years)
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
            days = st.integers(-4, 2).map(lambda days: Day(date(2026, 4, 1) + timedelta(days=days)))
            times = moments().map(lambda moment: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment))
            return days | times.map(Time) | times.map(lambda time: Time(time.replace(tzinfo=None)))
        case _:
            return st.sampled_from(_TEXTS).map(Text)


def _in_order(ends: list[Literal]) -> bool:
    """Return whether the first end is before the other in every zone: a time without an offset moves with it."""
    low, high = (end for end in ends if isinstance(end, Day | Time))
    return all(low.moments(ZoneInfo(zone))[0] <= high.moments(ZoneInfo(zone))[1] for zone in ZONES)


def _first_moment(literal: Literal) -> Moment:
    return literal.moments(ZoneInfo("UTC"))[0] if isinstance(literal, Day | Time) else 0
