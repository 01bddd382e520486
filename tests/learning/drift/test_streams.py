"""200 simulated streams each: planted drift is proposed for retraining within two windows, a season hardly ever."""

import numpy as np
import pytest

from kohort.learning.drift.alarm import find_drift
from kohort.learning.drift.windows import Calendar, compared
from kohort.testing.streams import MONTHS, Planted, counted, stream

STREAMS = 200
pytestmark = pytest.mark.slow

PEOPLE, FEATURES = 2_000, 4
ALONE = Calendar(learnt=2 * MONTHS - 1, first=2 * MONTHS - 1)
YEARS = Calendar(learnt=2 * MONTHS - 1, season=MONTHS)


def proposed(planted: Planted, windows: range, calendar: Calendar, seed: int) -> bool:
    """Tell whether any of these windows of one stream proposes to train again."""
    values = stream(planted, windows=windows.stop, people=PEOPLE, features=FEATURES, seed=seed)
    counts = counted(values, calendar.learnt)
    for window in windows:
        looks = {name: one for name, its in counts.items() if (one := compared(its, window, calendar))}
        if any(one.found for one in find_drift(looks, seed=seed)):
            return True
    return False


@pytest.mark.parametrize("swing", [0.0, 0.5])
def test_planted_drift_is_proposed_within_two_windows_in_95_of_100_streams(swing: float) -> None:
    at = 2 * MONTHS + 4
    planted = Planted(shift=0.3, at=at, swing=swing)
    calendar = YEARS if swing else Calendar(learnt=2 * MONTHS - 1)
    found = sum(proposed(planted, range(at, at + 2), calendar, seed) for seed in range(STREAMS))
    assert found >= 0.95 * STREAMS


def test_a_seasonal_swing_is_proposed_in_at_most_5_of_100_streams_over_a_whole_year() -> None:
    year = range(2 * MONTHS, 3 * MONTHS)
    found = sum(proposed(Planted(swing=0.5), year, YEARS, seed) for seed in range(STREAMS))
    assert found <= 0.05 * STREAMS


def test_the_same_swing_would_be_proposed_in_every_stream_if_the_season_were_not_known() -> None:
    year = range(2 * MONTHS, 3 * MONTHS)
    found = [proposed(Planted(swing=0.5), year, ALONE, seed) for seed in range(20)]
    assert np.mean(found) > 0.9
