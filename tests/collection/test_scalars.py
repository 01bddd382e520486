"""One value, one meaning: numbers are exact, times follow their zone, texts do not depend on the file's type."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.clock import parse_moment
from kohort.collection.readings import read_column
from kohort.collection.rows import Column
from kohort.collection.scalars import NumberLiteral, Unholdable, boolean_of, moment_in, number_of, text_of
from kohort.definitions.values import ValueType

UTC = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (0.1, 100_000),
        (0.1 + 0.2, 300_000),
        ("0.1", 100_000),
        (" +12.50 ", 12_500_000),
        (".5", 500_000),
        ("5.", 5_000_000),
        ("1e3", 1_000_000_000),
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("-0", 0),
        (-7, -7_000_000),
        (Decimal("1.23"), 1_230_000),
        (NumberLiteral("2.5e-1"), 250_000),
        ("9223372036854.775807", 2**63 - 1),
        ("1e-999999", 0),
    ],
)
def test_a_number_is_exact_to_six_places_half_even(value: object, micros: int) -> None:
    assert number_of(value) == micros


@pytest.mark.parametrize(
    "value", ["NaN", "-inf", "Infinity", float("nan"), 1e300, "1e999", "1e999999999999999999999", 10**13, "9" * 400]
)
def test_a_number_that_cannot_be_held_is_told_apart_from_no_number(value: object) -> None:
    assert number_of(value) is Unholdable.NUMBER


@pytest.mark.parametrize("value", ["", "many", "1,000", "1_000", "١٢", "0x10", "1e", "--1", True, None, [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a number such as"):
        number_of(value)


@settings(deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=9))
def test_a_decimal_text_is_rounded_as_decimal_does(number: Decimal) -> None:
    assert number_of(f"{number:f}") == int((number * 10**6).to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (900, "900"),
        (900.0, "900"),
        (NumberLiteral("9.00e2"), "900"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (-0.0, "0"),
        (Decimal("1.50"), "1.5"),
        (False, "false"),
        (date(2017, 1, 1), "2017-01-01"),
        ("1.50", "1.50"),
        ({"b": NumberLiteral("1.0"), "a": [None]}, '{"a":[null],"b":1.0}'),
    ],
)
def test_the_same_value_is_the_same_text_whatever_its_type(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(("value", "truth"), [("TRUE", True), (" no ", False), (1, True), (0.0, False), (True, True)])
def test_truth_values(value: object, truth: bool) -> None:
    assert boolean_of(value) is truth


def test_two_is_no_truth_value() -> None:
    with pytest.raises(ValueError, match='"2" is not true or false'):
        boolean_of(2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2017-03-12T01:59:59", "2017-03-12T06:59:59Z"),  # the last second before the spring change
        ("2017-03-12T02:30:00", "2017-03-12T07:30:00Z"),  # skipped by it: as if it had not happened yet
        ("2017-03-12T03:00:00", "2017-03-12T07:00:00Z"),
        ("2017-11-05T01:30:00", "2017-11-05T05:30:00Z"),  # repeated by the autumn change: the first passage
        ("2017-11-05T02:00:00", "2017-11-05T07:00:00Z"),
        ("2017-07-04", "2017-07-04T04:00:00Z"),  # a date is local midnight
        ("2017-07-04T12:00+02:00", "2017-07-04T10:00:00Z"),  # an offset outweighs the zone
    ],
)
def test_local_times_on_days_when_the_clocks_change(written: str, meant: str) -> None:
    moment = parse_moment(meant, UTC)
    assert moment_in(written, NEW_YORK) == moment
    if "+" not in written:
        assert moment_in(datetime.fromisoformat(written), NEW_YORK) == moment


@settings(deadline=None)
@given(
    st.lists(
        st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2037-12-31")) | st.none(), max_size=8
    ),
    st.sampled_from(["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_a_column_of_times_is_read_as_the_clock_reads_each(times: list[datetime | None], zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    expected = [None if time is None else parse_moment(time.isoformat(), zone) for time in times]
    typed = read_column(Column(pa.array(times, pa.timestamp("us"))), ValueType.MOMENT, zone)
    texts = pa.array([None if time is None else time.isoformat(" ") for time in times], pa.string())
    assert typed.values.to_pylist() == expected
    assert read_column(Column(texts), ValueType.MOMENT, zone).values.to_pylist() == expected


def test_aware_times_dates_and_impossible_ones() -> None:
    day = timedelta(days=1) // timedelta(microseconds=1)
    aware = pa.array([day, 2**62], pa.int64()).cast(pa.timestamp("us", "UTC"))
    reading = read_column(Column(aware), ValueType.MOMENT, NEW_YORK)
    assert reading.values.to_pylist() == [day, None]
    assert reading.faulty.tolist() == [False, True]
    dates = read_column(Column(pa.array([date(2017, 1, 1)])), ValueType.MOMENT, NEW_YORK)
    assert dates.values.to_pylist() == [parse_moment("2017-01-01T05:00Z", UTC)]


def test_a_column_marks_faults_and_what_cannot_be_held_and_keeps_the_rest() -> None:
    reading = read_column(Column(pa.array(["1", "many", "NaN", "", None])), ValueType.NUMBER, UTC)
    assert reading.values.to_pylist() == [1_000_000, None, None, None, None]
    assert reading.faulty.tolist() == [False, True, False, False, False]
    assert reading.unholdable.tolist() == [False, False, True, False, False]


def test_texts_with_nul_or_beyond_the_limit_are_faults() -> None:
    reading = read_column(Column(pa.array(["a", "a\0b", "x" * 32_769])), ValueType.TEXT, UTC)
    assert reading.faulty.tolist() == [False, True, True]
