"""When somebody will do something next, with an interval: by how long people of the same chance took.

Nobody is waited for longer than they were watched: whoever has not done it yet counts for as long as they were seen
(Kaplan and Meier 1958, JASA 53:457).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.prediction.judged import Chances
from kohort.learning.prediction.reliability import bins_of
from kohort.stats.intervals import Interval, wilson_interval

CONFIDENCE: Final = 0.8
"""How many people of ten do it within their interval: eight."""
_GROUPS: Final = 10
_FEWEST: Final = 30

Days = npt.NDArray[np.float64]
"""Days from a cut-off, float64 of shape (people,)."""


@dataclass(frozen=True)
class DateRanges:
    """By groups of rising chance, each from `least`: the days by which a tenth, half and nine tenths have done it.

    None: as long as people were watched fewer had. `covered` is how many others did it within the interval
    of a half of people that they were not in, of intervals that end.
    """

    least: tuple[float, ...]
    low: tuple[float | None, ...]
    middle: tuple[float | None, ...]
    high: tuple[float | None, ...]
    covered: Interval | None

    def of(self, chances: Chances) -> tuple[Days, Days, Days]:
        """Return the low, middle and high days of people by their chances, infinity where nobody was watched so long.

        >>> ranges = DateRanges((0.0, 0.5), (3.0, 1.0), (9.0, 2.0), (None, 8.0), Interval(0.8, 0.7, 0.9, 99))
        >>> [one.tolist() for one in ranges.of(np.array([0.2, 0.5]))]
        [[3.0, 1.0], [9.0, 2.0], [inf, 8.0]]
        """
        places = np.maximum(np.searchsorted(np.array(self.least), chances, side="right") - 1, 0)
        low, middle, high = (_days(one)[places] for one in (self.low, self.middle, self.high))
        return low, middle, high


def quantile_days(days: Days, happened: npt.NDArray[np.bool_], shares: Sequence[float]) -> list[float]:
    """Return the days by which each share of people have done it, by Kaplan and Meier; infinity where it is not seen.

    `days` is how long until each did it, or until they were seen last where it has not `happened`.

    >>> quantile_days(np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, True, False, True]), [0.25, 0.5, 0.9])
    [1.0, 2.0, 5.0]
    """
    moments = np.unique(days[happened])
    at_risk = len(days) - np.searchsorted(np.sort(days), moments, side="left")
    events = np.searchsorted(np.sort(days[happened]), moments, side="right") - np.searchsorted(
        np.sort(days[happened]), moments, side="left"
    )
    done = 1 - np.cumprod(1 - events / at_risk)
    places = np.searchsorted(done, np.asarray(shares) - 1e-12)
    return [float(moments[place]) if place < len(moments) else float("inf") for place in places.tolist()]


def date_ranges(chances: Chances, days: Days, happened: npt.NDArray[np.bool_], *, seed: int) -> DateRanges:
    """Return when people of each chance do it, from people whom the model that told the chances did not learn from.

    >>> random = np.random.default_rng(0)
    >>> days = random.exponential(20, 400)
    >>> found = date_ranges(np.full(400, 0.5), np.minimum(days, 60), days <= 60, seed=0)
    >>> 11 < found.middle[0] < 17, 0.75 < found.covered.estimate < 0.85
    (True, True)
    """
    half = np.random.default_rng(seed).permutation(len(days)) % 2 == 0
    inside = judged = 0
    for side in (half, ~half):
        ranges = _ranges(chances[side], days[side], happened[side])
        places = np.maximum(np.searchsorted(np.array(ranges[0]), chances[~side], side="right") - 1, 0)
        low, high = _days(ranges[1])[places], _days(ranges[3])[places]
        # An interval without an end cannot be missed by who comes late: only those that end are judged.
        ends = np.isfinite(high)
        judged += int(ends.sum())
        inside += int((happened[~side] & ends & (days[~side] >= low) & (days[~side] <= high)).sum())
    return DateRanges(*_ranges(chances, days, happened), wilson_interval(inside, judged) if judged else None)


_Seen = tuple[float | None, ...]


def _days(seen: _Seen) -> Days:
    return np.array([np.inf if one is None else one for one in seen], dtype=np.float64)


def _ranges(
    chances: Chances, days: Days, happened: npt.NDArray[np.bool_]
) -> tuple[tuple[float, ...], _Seen, _Seen, _Seen]:
    # People of equal chances are never parted: they could not be told from each other later.
    places = bins_of(chances, max(1, min(_GROUPS, len(chances) // _FEWEST)))
    groups = [np.flatnonzero(places == place) for place in range(int(places.max()) + 1)]
    tail = (1 - CONFIDENCE) / 2
    found = [quantile_days(days[one], happened[one], (tail, 0.5, 1 - tail)) for one in groups]
    low, middle, high = (tuple(None if np.isinf(day) else day for day in one) for one in zip(*found, strict=True))
    return tuple(float(chances[one].min()) for one in groups), low, middle, high
