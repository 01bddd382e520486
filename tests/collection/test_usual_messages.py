"""What SDKs usually send is read in a shorter way, which says the same as looking at each value by itself."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import moment_of, parse_moment, zone_of
from kohort.collection import flattening
from kohort.collection.flattening import MOST_VALUES, flatten
from kohort.collection.scalars import NumberLiteral
from kohort.definitions.values import ValueType

UTC, PARIS = zone_of("UTC"), zone_of("Europe/Paris")
NUMBERS = ["1.5", "-0", "1e3", "0.0000005", "12.3456785", "1e999", "9223372036854.775807", "NaN"]
NAMES = st.sampled_from(["total", "a.b", "a", "é", "", "nul\0", "x" * 200, "x" * 201])
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from(NUMBERS).map(NumberLiteral),
    st.sampled_from(["", "text", "nul\0", "2026-01-31", "12"]),
)
ANY = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(NAMES, PLAIN, max_size=2)


@given(st.dictionaries(NAMES, ANY, max_size=4), st.dictionaries(NAMES, st.sampled_from(list(ValueType)), max_size=3))
def test_plain_values_are_what_each_is_by_itself(document: dict[str, Any], types: dict[str, ValueType]) -> None:
    assert flatten(document, "/properties", types, PARIS) == flattening._flattened(
        document, "/properties", types, PARIS
    )


def test_more_values_than_may_be_are_refused_plain_ones_too() -> None:
    assert flatten({str(number): number for number in range(MOST_VALUES)}, "", {}, UTC).breach is None
    assert flatten({str(number): number for number in range(MOST_VALUES + 1)}, "", {}, UTC).breach is not None


@given(st.datetimes(), st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_times_in_utc_are_read_exactly(time: datetime, precision: str) -> None:
    written = time.isoformat(timespec=precision) + "Z"
    assert parse_moment(written, PARIS) == moment_of(datetime.fromisoformat(written))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T10:00:00Z", "2026-02-03T24:00:00Z", "2026-02-03T10:00:60Z", "2026-02-03T10:61:00Z",
        "0000-01-01T00:00:00Z", "2026-02-03T10:00:0٣Z", "٢026-02-03T10:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no ISO 8601 time"):
        parse_moment(text, UTC)


@pytest.mark.parametrize("text", ["2026-02-03 10:00:00Z", "2026-02-03T10:00:00.1234567Z", " 2026-02-03T10:00:00.120Z"])
def test_other_ways_to_write_a_time_mean_what_they_meant(text: str) -> None:
    assert parse_moment(text, PARIS) == moment_of(datetime.fromisoformat(text.strip()))
