"""Events that fall silent, in made-up histories whose silences are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kohort.clock import DAY, HOUR, WEEK
from kohort.quality.cross_checks.silence import HOURS_BACK, Occurrences, Silence, find_silence

WEEKS = 9
HOURS = WEEKS * WEEK // HOUR
NIGHT_AND_DAY = np.tile([0.1] * 7 + [1.0] * 14 + [0.4] * 3, HOURS // 24)


def history(seed: int, a_day: float, dispersion: float = 1.5, hours: int = HOURS) -> NDArray[np.int64]:
    """Return hourly counts, the newest first, of an event that follows day and night and nothing else."""
    rates = NIGHT_AND_DAY[:hours] * a_day / NIGHT_AND_DAY[:24].sum()
    size = rates / (dispersion - 1)
    return np.asarray(np.random.default_rng(seed).negative_binomial(size, 1 / dispersion), np.int64)


def silent(hourly: NDArray[np.int64], first: int = 0) -> list[Silence]:
    return find_silence({"page_viewed": Occurrences(hourly, first, WEEKS * WEEK)})


def test_a_day_without_an_event_that_comes_forty_times_a_day_is_silence() -> None:
    hourly = history(1, 40)
    assert silent(hourly) == []
    hourly[:24] = 0
    found = silent(hourly)[0]
    assert (found.hours, found.count, found.weeks) == (24, 0, 8)
    assert found.expected == pytest.approx(40, abs=6)
    assert found.p_value < 0.001


def test_an_hour_is_enough_where_much_comes_and_a_day_tells_nothing_where_little_does() -> None:
    busy, rare = history(2, 5_000)[7:], history(3, 2)  # the last hour is one of the day
    busy[0], rare[:24] = 0, 0
    assert [one.hours for one in silent(busy)] == [1]
    assert silent(rare) == []


def test_a_quiet_night_is_no_silence() -> None:
    hourly = history(4, 400)
    assert hourly[:6].sum() < hourly[8:14].sum() / 4
    assert silent(hourly) == []


def test_half_of_what_is_usual_is_called_silence_and_less_of_a_fall_is_not() -> None:
    hourly = history(5, 20_000, dispersion=1.1)
    for share, said in ((0.7, 0), (0.4, 1)):
        fallen = hourly.copy()
        fallen[:24] = (fallen[:24] * share).astype(np.int64)
        assert len(silent(fallen)) == said


@pytest.mark.parametrize(("weeks", "said"), [(4, 0), (5, 1), (9, 1)])
def test_nothing_is_said_before_there_are_four_weeks_to_compare_with(weeks: int, said: int) -> None:
    hourly = history(6, 500, hours=weeks * WEEK // HOUR)
    hourly[:24] = 0
    assert len(silent(hourly, first=(WEEKS - weeks) * WEEK)) == said


def test_an_event_that_ended_long_ago_is_not_silent_but_gone() -> None:
    assert silent(np.zeros(HOURS_BACK, np.int64)) == []


def test_false_alarms_are_no_more_than_promised() -> None:
    alarms = 0
    for seed in range(150):
        events = {f"event_{place}": Occurrences(history(seed * 5 + place, 60), 0, WEEKS * WEEK) for place in range(5)}
        alarms += bool(find_silence(events, false_alarms=0.05))
    assert alarms <= 15  # 7.5 are promised at most; more than 15 is p < .01


def test_hours_are_counted_back_from_the_end() -> None:
    found = Occurrences.of(np.array([0, DAY, DAY + 1, DAY + HOUR]), end=DAY + HOUR)
    assert (found.hourly[0], found.hourly[1], found.hourly.sum(), found.first) == (2, 1, 4, 0)
