"""Ages against birthdays counted one by one, and what told words mean."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.values import MICRO
from kohort.profiles.demographics import OLDEST, age_on, banded, bands_of, date_in, generation_of

DAYS = st.dates(date(1880, 1, 1), date(2030, 12, 31)) | st.sampled_from(
    [date(2000, 2, 29), date(2004, 2, 29), date(2003, 2, 28), date(2003, 3, 1), date(1900, 3, 1)]
)


def birthday(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


@given(DAYS, DAYS)
def test_an_age_is_the_number_of_birthdays_that_there_were(birth: date, day: date) -> None:
    birthdays = sum(birthday(birth, year) <= day for year in range(birth.year + 1, 2032))
    expected = birthdays if birth <= day and birthdays <= OLDEST else None
    assert age_on(birth, day) == expected


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1990-12-31", date(1990, 12, 31)),
        (" 1990-12-31 23:59", date(1990, 12, 31)),
        ("1990-12-31x", None),
        ("31/12/1990", None),
        ("1990-12", None),
        ("19901231", None),
        ("2023-02-29", None),
        ("", None),
    ],
)
def test_a_birth_date_is_one_that_can_be_read_in_one_way_only(text: str, day: date | None) -> None:
    assert date_in(text) == day


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5, unique=True).map(sorted), st.integers(0, 100))
def test_a_band_is_the_one_whose_borders_a_number_stands_between(borders: list[int], number: int) -> None:
    names = bands_of([float(border) for border in borders])
    expected = names[sum(border <= number for border in borders)]
    assert banded(pa.array([number * MICRO, None]), [float(border) for border in borders]).to_pylist() == [
        expected,
        None,
    ]


@pytest.mark.parametrize(
    ("year", "generation"),
    [(1900, None), (1927, "Greatest Generation"), (1945, "Silent Generation"), (1946, "Baby Boomers"),
     (1980, "Generation X"), (1981, "Millennials"), (2012, "Generation Z"), (2013, "Generation Alpha")],
)  # fmt: skip
def test_the_borders_of_generations(year: int, generation: str | None) -> None:
    assert generation_of(date(year, 6, 1)) == generation
