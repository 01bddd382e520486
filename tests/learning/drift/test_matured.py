"""Calibration, Brier score and AUC of people whose time to act is over, and when their fall is an alarm."""

import numpy as np
import pytest

from kohort.clock import DAY
from kohort.errors import UsageError
from kohort.learning.drift.matured import Foretold, performance_drift, performance_of

PEOPLE = 4_000
NOW = 400 * DAY
MONTH = 30 * DAY


def foretold(seed: int, *, times: float = 1.0, blind: bool = False, people: int = PEOPLE) -> Foretold:
    """Return people scored over 60 days, who act `times` as often as foretold; `blind` chances know nothing of them."""
    random = np.random.default_rng(seed)
    truth = random.beta(1, 6, people)
    told = random.permutation(truth) if blind else truth
    reached = random.random(people) < np.minimum(1, times * truth)
    return Foretold(random.integers(NOW - 60 * DAY, NOW, people), told, reached)


def test_only_labels_whose_window_is_over_count() -> None:
    everyone = foretold(1)
    # Whoever was scored lately has not had the time: half of what they will do is not there yet.
    young = everyone.scored_at + MONTH > NOW
    seen = Foretold(everyone.scored_at, everyone.chances, everyone.reached & ~young)
    mature = performance_of(seen.matured(MONTH, NOW))
    assert mature.people == int((~young).sum())
    assert mature.ratio.low < 1 < mature.ratio.high
    censored = performance_of(seen)
    assert censored.ratio.high < 0.7, "with the others the model would seem to promise twice too much"


def test_a_label_is_mature_at_the_very_end_of_its_window() -> None:
    one = Foretold(np.array([NOW - MONTH, NOW - MONTH + 1]), np.array([0.5, 0.5]), np.array([True, True]))
    assert len(one.matured(MONTH, NOW).chances) == 1


def test_right_chances_lie_within_their_intervals() -> None:
    inside = 0
    for seed in range(60):
        found = performance_of(foretold(seed, people=1_000))
        inside += found.ratio.low <= 1 <= found.ratio.high
        assert found.auc is not None
        assert found.auc.low < found.auc.estimate < found.auc.high
        assert found.brier.low < found.brier.estimate < found.brier.high
    assert inside >= 54


def test_what_came_half_as_often_again_is_found_and_quiet_months_are_not() -> None:
    learnt = performance_of(foretold(10))
    for seed in range(11, 41):
        assert not any(one.found for one in performance_drift(learnt, performance_of(foretold(seed))))
    for times in (1.5, 0.6):
        found = {one.measure: one for one in performance_drift(learnt, performance_of(foretold(50, times=times)))}
        assert found["calibration"].found
        assert found["calibration"].change == pytest.approx(times, abs=0.15)


def test_chances_that_order_nobody_any_more_are_found_though_their_mean_is_right() -> None:
    found = {
        one.measure: one
        for one in performance_drift(performance_of(foretold(10)), performance_of(foretold(60, blind=True)))
    }
    assert not found["calibration"].found
    assert found["auc"].found
    assert found["auc"].change > 0.1


def test_of_very_many_people_a_ratio_that_does_not_matter_is_no_alarm() -> None:
    many = performance_of(foretold(70, times=1.05, people=400_000))
    assert many.ratio.low > 1, "it is sure"
    assert not any(one.found for one in performance_drift(many, many))


def test_months_that_differ_by_themselves_widen_the_error() -> None:
    learnt, now = performance_of(foretold(10)), performance_of(foretold(80, times=1.35))
    past = [performance_of(foretold(90 + place, times=times)) for place, times in enumerate((0.7, 1.4, 0.8, 1.3))]
    assert performance_drift(learnt, now)[0].found
    assert not performance_drift(learnt, now, past)[0].found


def test_nobody_who_acts_is_drift_and_no_auc() -> None:
    none = foretold(20, times=0.0)
    found = performance_of(none)
    assert found.auc is None
    assert found.ratio.estimate == 0
    assert [(one.measure, one.found) for one in performance_drift(performance_of(foretold(10)), found)] == [
        ("calibration", True)
    ]


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="time to act is over"):
        performance_of(foretold(1).matured(MONTH, 0))
    with pytest.raises(UsageError, match="from 0 to 1"):
        Foretold(np.array([1]), np.array([1.2]), np.array([True]))
    with pytest.raises(UsageError, match="cannot be judged"):
        Foretold(np.array([1]), np.array([0.2, 0.3]), np.array([True]))
