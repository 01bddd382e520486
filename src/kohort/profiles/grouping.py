"""Rows grouped by person, and the arithmetic of traits on them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import DAY
from kohort.definitions.values import MICRO

EVENING_FROM: Final = 17
WEEKEND_FROM: Final = 5

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Groups:
    """Rows grouped by person: the first row of each person, how many each has, and the person of each row.

    `index` numbers the people that have rows from 0 on.

    >>> two = Groups.of(np.array([4, 4, 9]))
    >>> two.counts.tolist(), two.index.tolist(), two.total(np.array([1, 2, 3])).tolist()
    ([2, 1], [0, 0, 1], [3, 3])
    """

    starts: Numbers
    counts: Numbers
    index: Numbers

    @staticmethod
    def of(people: Numbers) -> "Groups":
        """Return the groups of rows whose people, any integers, stand together."""
        starts = np.flatnonzero(np.diff(people, prepend=people[:1] - 1)) if len(people) else np.zeros(0, np.int64)
        counts = np.diff(np.append(starts, len(people)))
        return Groups(starts, counts, np.repeat(np.arange(len(starts)), counts))

    def total(self, values: Numbers) -> Numbers:
        """Add up `values`, one a row, by person."""
        if not len(self.starts):
            return values[:0]
        total: Numbers = np.add.reduceat(values, self.starts)
        return total

    def table(self, codes: Numbers, kinds: int, weights: Numbers | None = None) -> Numbers:
        """Return how many rows of each person have each code from 0 to `kinds` - 1, shape (people, kinds).

        A code of -1 counts nowhere; with `weights` they are added up instead, as float64.
        """
        there = codes >= 0
        places = self.index[there] * kinds + codes[there]
        weighed = None if weights is None else weights[there]
        return np.bincount(places, weighed, minlength=len(self.starts) * kinds).reshape(-1, kinds)

    def most_frequent(self, codes: Numbers, kinds: int) -> Numbers:
        """Return each person's most frequent code, the smallest of equals; -1 for who has none.

        >>> Groups.of(np.array([1, 1, 1, 2])).most_frequent(np.array([2, 0, 2, -1]), 3).tolist()
        [2, -1]
        """
        table = self.table(codes, kinds)
        most: Numbers = np.where(table.any(axis=1), table.argmax(axis=1), -1)
        return most


def micros(values: Numbers) -> pa.Array:
    """Return numbers as micros, what is not finite as missing."""
    missing = ~np.isfinite(values)
    return pa.array(np.rint(np.where(missing, 0, values) * MICRO).astype(np.int64), mask=missing)


def ratio(part: Numbers, whole: Numbers) -> pa.Array:
    """Return `part / whole` in micros, missing where `whole` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return micros(part / whole)


def intervals(ts: Numbers, groups: Groups) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return the mean interval in days, its variability and its trend, by person, in micros.

    `ts` are moments in order, by person. The variability is the coefficient of variation, the sample standard deviation
    over the mean (missing below three moments, or where the mean is 0). The trend is (b - a) / (a + b) with a the
    mean of the earlier half of the intervals and b that of the later half, of an odd number without the middle one:
    from -1, ever sooner, to 1, ever later (missing below three moments, or where a and b are 0).

    >>> [one[0].as_py() for one in intervals(np.array([0, DAY, 4 * DAY]), Groups.of(np.array([7, 7, 7])))]
    [2000000, 707107, 500000]
    """
    gaps = np.diff(ts, prepend=ts[:1]) / DAY
    gaps[groups.starts] = 0.0
    number = groups.counts - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(number > 0, groups.total(gaps) / number, np.nan)
        deviation = gaps - np.repeat(mean, groups.counts)
        deviation[groups.starts] = 0.0
        variability = np.sqrt(groups.total(deviation**2) / (number - 1)) / mean
    half = np.repeat(number // 2, groups.counts)
    place = np.arange(len(ts)) - np.repeat(groups.starts, groups.counts)
    earlier = groups.total(np.where(place <= half, gaps, 0.0))
    later = groups.total(np.where(place > np.repeat(number, groups.counts) - half, gaps, 0.0))
    return micros(mean), micros(variability), ratio(later - earlier, later + earlier)


def local_times(ts: Numbers, zone: str) -> tuple[Numbers, Numbers]:
    """Return the hour (0 to 23) and the weekday (0: Monday) of moments in a time zone of the IANA."""
    local = pa.array(ts, pa.timestamp("us", tz=zone))
    return pc.hour(local).to_numpy(), pc.day_of_week(local).to_numpy()
