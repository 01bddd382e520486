"""Numbers read as they are, and foreign text does no harm."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.reports.formatting import (
    MINUS,
    NARROW_SPACE,
    axis_labels,
    clean,
    count,
    decimal,
    money,
    percent,
    percent_range,
    probability,
)


def plain(text: str) -> str:
    return text.replace(NARROW_SPACE, " ")


@given(st.integers(-(10**15), 10**15))
def test_a_count_reads_back(number: int) -> None:
    assert int(count(number).replace(NARROW_SPACE, "").replace(MINUS, "-")) == number


@given(st.floats(0, 1))
def test_a_share_never_rounds_to_nothing_or_to_everything(share: float) -> None:
    written = plain(percent(share))
    assert (written == "0.0 %") == (share == 0)
    assert (written == "100.0 %") == (share == 1)
    assert abs(float(re.sub("[^0-9.]", "", written)) / 100 - share) <= 0.001


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.05), "5.0 %"),
        (percent(0.16849), "16.8 %"),
        (percent(0.0004), "< 0.1 %"),
        (percent(0.9999), "> 99.9 %"),
        (percent(0.575, 0), "57 %"),
        (percent(-0.031), "−3.1 %"),
        (percent_range(0.961, 0.994), "[96.1–99.4]"),
        (percent_range(-0.02, 0.31), "[−2.0 to 31.0]"),
        (decimal(-0.001), "0.00"),
        (decimal(1234.5, 1), "1 234.5"),
        (money(12_000_000, "EUR"), "12.00 EUR"),
        (money(99_995_000, "EUR"), "100.00 EUR"),
        (money(-1_250_500_000, "EUR"), "−1 250 EUR"),
        (probability(0.0009), "< 0.001"),
        (probability(1.0), "1.000"),
    ],
)
def test_numbers_are_written_as_people_write_them(written: str, expected: str) -> None:
    assert plain(written) == expected


@given(st.text())
def test_clean_text_is_safe_and_stays_clean(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", once)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60))
def test_clean_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(st.lists(st.text(max_size=50), max_size=12), st.integers(4, 40))
def test_axis_labels_are_short_distinct_and_on_one_line(names: list[str], longest: int) -> None:
    labels = axis_labels(names, longest)
    assert len(labels) == len(set(labels)) == len(names)
    assert all(1 <= len(label) <= longest + len(" (12)") for label in labels)
    assert not any("\n" in label for label in labels)
