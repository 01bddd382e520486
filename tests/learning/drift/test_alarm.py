"""Alarms: silent for what is usual, however sure; loud for what matters, at once."""

from dataclasses import replace

import numpy as np
import pytest

from kohort.errors import UsageError
from kohort.learning.drift.alarm import Compared, find_drift, null_indices
from kohort.learning.drift.bins import number_bins, word_bins
from kohort.learning.drift.windows import Calendar, compared
from kohort.stats.divergences import kolmogorov_smirnov, stability_index
from kohort.testing.streams import Planted, counted, stream

WEEKS = 52


def alarms(values: np.ndarray, calendar: Calendar) -> dict[int, list[str]]:
    """Return what alarms in each window after the one learnt from, in those where anything does."""
    counts = counted(values, calendar.learnt)
    found = {}
    for window in range(calendar.learnt + 1, len(values)):
        looks = {name: compared(one, window, calendar) for name, one in counts.items()}
        drift = find_drift({name: one for name, one in looks.items() if one}, seed=window)
        if names := [one.feature for one in drift if one.found]:
            found[window] = names
    return found


def test_a_year_of_weeks_in_which_nothing_happens_has_at_most_one_alarm() -> None:
    """Twenty features, 52 weekly windows: at a level of 5 % each there would be an alarm in two of three windows."""
    values = stream(Planted(), windows=8 + WEEKS, people=1_000, features=20, seed=43)
    assert len(alarms(values, Calendar(learnt=7))) <= 1


def test_a_shift_of_a_quarter_of_a_standard_deviation_is_found_in_its_first_window() -> None:
    values = stream(Planted(shift=0.25, at=20), windows=22, people=2_000, features=20, seed=44)
    assert alarms(values, Calendar(learnt=7)) == {20: ["feature 1"], 21: ["feature 1"]}


def test_of_a_million_people_a_hundredth_of_a_standard_deviation_is_sure_and_no_alarm() -> None:
    random = np.random.default_rng(45)
    reference, now = random.normal(size=1_000_000), random.normal(0.01, 1, 1_000_000)
    assert kolmogorov_smirnov(reference, now) * np.sqrt(500_000) > 1.95  # beyond the critical value of p = .001
    bins = number_bins(reference)
    before, after = bins.counts(reference), bins.counts(now)
    [found] = find_drift({"x": Compared(before, after, before[None], before[None])}, seed=0)
    assert not found.found
    assert found.index < 0.001
    assert found.p_value is None


@pytest.mark.slow
def test_windows_that_differ_by_themselves_raise_no_alarm_for_it() -> None:
    """Where past windows have moved by a fifth of a standard deviation each, another that does so is as usual."""
    restless = stream(Planted(restless=0.2), windows=60, people=2_000, features=5, seed=46)
    assert len(alarms(restless, Calendar(learnt=24))) <= 1
    naive = len(alarms(restless, Calendar(learnt=24, first=24)))
    assert naive > 10, "without past windows the same are alarms, so the test can fail"
    shifted = stream(Planted(restless=0.2, shift=1.5, at=40), windows=41, people=2_000, features=5, seed=46)
    assert alarms(shifted, Calendar(learnt=24)) == {40: ["feature 1"]}


def test_a_season_is_no_drift_where_it_is_compared_with_the_year_before() -> None:
    seasonal = stream(Planted(swing=0.6), windows=36, people=2_000, features=4, seed=47)
    assert alarms(seasonal, Calendar(learnt=23, season=12)) == {}
    assert len(alarms(seasonal, Calendar(learnt=23, first=23))) > 6, "beside the window learnt from it would be drift"


def test_drift_within_a_season_is_found_all_the_same() -> None:
    values = stream(Planted(swing=0.6, shift=0.3, at=30), windows=32, people=2_000, features=4, seed=48)
    assert alarms(values, Calendar(learnt=23, season=12)) == {30: ["feature 1"], 31: ["feature 1"]}


def test_who_has_no_value_any_more_and_new_words_are_drift() -> None:
    ages = np.append(np.arange(20.0, 70.0).repeat(20), np.full(20, np.nan))
    gone = np.where(np.arange(len(ages)) % 8 == 0, np.nan, ages)
    bins, cities = number_bins(ages), ["Lyon"] * 700 + ["Paris"] * 300
    words = word_bins(cities)
    moved = ["Lyon"] * 700 + ["Paris"] * 210 + ["Rome"] * 90
    looks = {
        "age": (bins, bins.counts(ages), bins.counts(gone)),
        "city": (words, words.counts(cities), words.counts(moved)),
    }
    quiet = {name: Compared(before, after, before[None], before[None]) for name, (_, before, after) in looks.items()}
    found = {one.feature: one for one in find_drift(quiet, seed=1)}
    assert found["age"].found
    assert bins.names[found["age"].furthest] == "(missing)"
    assert found["city"].found
    assert words.names[found["city"].furthest] in {"(new)", "Paris"}


def test_bins_are_those_of_the_reference_and_not_of_each_window() -> None:
    """Quantiles of the window itself hold a tenth each whatever has happened: refitted bins would never alarm."""
    reference, doubled = np.arange(1_000.0), 2 * np.arange(1_000.0)
    bins = number_bins(reference)
    assert float(stability_index(bins.counts(reference), bins.counts(doubled))) > 0.25
    own = number_bins(doubled)
    assert float(stability_index(bins.counts(reference), own.counts(doubled))) < 0.001


def test_the_null_of_two_windows_alone_is_that_of_sampling() -> None:
    """Of n people in B bins each, the index of two samples has the mean 2 (B - 1) / n, as a chi-square has."""
    reference = np.full(10, 200)
    drawn = null_indices(Compared(reference, reference, reference[None], reference[None]), draws=4_000, seed=2)
    assert drawn.mean() == pytest.approx(2 * 9 / 2_000, rel=0.05)
    assert drawn.var() == pytest.approx(2 * 9 * (2 / 2_000) ** 2, rel=0.15)


def test_features_looked_at_together_are_adjusted_together() -> None:
    january, later = np.array([500, 500]), np.array([420, 580])
    one = Compared(january, later, january[None], january[None])
    still = replace(one, now=january)
    [alone] = find_drift({"x": one}, seed=3)
    among = find_drift({"x": one, **{f"still {place}": still for place in range(19)}}, seed=3)
    assert alone.p_value is not None
    assert among[0].p_value is not None
    assert among[0].p_value > 5 * alone.p_value
    assert find_drift({}, seed=3) == ()


def test_the_same_seed_gives_the_same_answer() -> None:
    january, later = np.array([500, 500]), np.array([440, 560])
    looks = {"x": Compared(january, later, january[None], january[None])}
    assert find_drift(looks, seed=5) == find_drift(looks, seed=5)


def test_a_calendar_that_cannot_be_is_refused() -> None:
    for wrong in ({"learnt": -1}, {"learnt": 2, "first": 3}, {"learnt": 2, "season": -1}):
        with pytest.raises(UsageError):
            Calendar(**wrong)
    assert compared(np.ones((3, 2), np.int64), 2, Calendar(learnt=1, season=12)) is None
