"""The six measures of a load, their scores, and the reliability that they make together.

A record is what one message or one rejected row stands for; repeats of a record in the same load count for uniqueness
alone. Each dimension has a score from 0 to 1; what cannot be measured has none, is shown as missing and left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from kohort.clock import Moment
from kohort.definitions.gates import DIMENSIONS, Measure

FEWEST_LOADS: Final = 3
"""How many loads must have been before a volume is compared with them."""
COMPARED_LOADS: Final = 7
"""With how many loads, the newest, a volume is compared."""


@dataclass(frozen=True)
class LoadCounts:
    """What was counted in one load of a source.

    `records` are distinct, of which `rejected` could not be read and `repeats` came besides. Of `cells` that were
    expected `filled` had a value, of `values` that could be wrong `wrong` were; a rejected record has no cell filled
    and all its values wrong. `judged` counts pairs of a record and a check, `broken` those that do not hold. `newest`
    is the moment of the newest record, None without one; `is_checked` tells whether any check is declared. `repeats`
    and `filled` are None, `values` 0 where nothing is counted. What comes without end came in so many `days`: its
    volume is that of a day.
    """

    records: int = 0
    rejected: int = 0
    repeats: int | None = 0
    cells: int = 0
    filled: int | None = 0
    values: int = 0
    wrong: int = 0
    judged: int = 0
    broken: int = 0
    newest: Moment | None = None
    is_checked: bool = False
    days: float | None = None

    @property
    def volume(self) -> float:
        """How many records there are: in all, or a day."""
        return self.records if self.days is None else self.records / self.days


@dataclass(frozen=True)
class Measures:
    """What a load measures, by dimension, as gates speak of it, and the score of each from 0 to 1.

    Freshness is an age in microseconds, volume a number of records, all others shares. Missing ones are in neither.
    """

    values: Mapping[Measure, float]
    scores: Mapping[Measure, float]


def measure(counts: LoadCounts, at: Moment, every: int | None, volumes: Sequence[float]) -> Measures:
    """Return the measures of a load that comes at `at`.

    `every` is how often the source comes, in microseconds, None for not declared; `volumes` are those of its loads
    before, the newest last.

    >>> counts = LoadCounts(records=90, repeats=10, cells=200, filled=180, values=200, wrong=0, newest=0)
    >>> {str(name): round(score, 3) for name, score in measure(counts, 20, 10, [90, 100, 120]).scores.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'freshness': 0.5, 'volume': 0.9, 'completeness': 0.9, 'validity': 1.0, 'uniqueness': 0.9}
    """
    values: dict[Measure, float] = {Measure.VOLUME: counts.volume}
    scores: dict[Measure, float] = {}
    if counts.newest is not None:
        values[Measure.FRESHNESS] = max(at - counts.newest, 0)
    if every is not None:
        scores[Measure.FRESHNESS] = freshness_score(values.get(Measure.FRESHNESS), every)
    if len(volumes) >= FEWEST_LOADS:
        scores[Measure.VOLUME] = volume_score(counts.volume, volumes[-COMPARED_LOADS:])
    shares = {Measure.VALIDITY: _share(counts.values - counts.wrong, counts.values)} if counts.values else {}
    if counts.filled is not None:
        shares[Measure.COMPLETENESS] = _share(counts.filled, counts.cells)
    if counts.repeats is not None:
        shares[Measure.UNIQUENESS] = _share(counts.records, counts.records + counts.repeats)
    if counts.is_checked:
        # What no record could be judged by has not failed.
        shares[Measure.CONSISTENCY] = _share(counts.judged - counts.broken, counts.judged) if counts.judged else 1.0
    values |= shares
    scores |= shares
    return Measures(
        {one: values[one] for one in DIMENSIONS if one in values},
        {one: scores[one] for one in DIMENSIONS if one in scores},
    )


def freshness_score(age: float | None, every: int) -> float:
    """Return 1 where the newest record is no older than the source promises, less the later it is.

    >>> freshness_score(36, 24), freshness_score(12, 24), freshness_score(None, 24)
    (0.6666666666666666, 1.0, 0.0)
    """
    if age is None:
        return 0.0
    return 1.0 if age <= every else every / age


def volume_score(volume: float, volumes: Sequence[float]) -> float:
    """Return 1 where there are as many records as usual (the median of `volumes`), less the fewer or the more.

    >>> volume_score(50, [100, 100, 90]), volume_score(200, [100, 100, 90]), volume_score(0, [100])
    (0.5, 0.5, 0.0)
    """
    usual = median(volumes)
    if not volume or not usual:
        return float(volume == usual)
    return min(volume / usual, usual / volume)


def reliability(scores: Mapping[Measure, float], weights: Mapping[Measure, float]) -> float | None:
    """Return the reliability of a source, 0 to 100: the mean of its scores, each as heavy as its weight.

    None where no dimension that counts could be measured.

    >>> reliability({Measure.VALIDITY: 1.0, Measure.UNIQUENESS: 0.6}, {Measure.VALIDITY: 3, Measure.UNIQUENESS: 1})
    90.0
    """
    total = sum(weights[one] for one in scores)
    if not total:
        return None
    return 100 * sum(weights[one] * score for one, score in scores.items()) / total


def _share(part: int, whole: int) -> float:
    # Of nothing, nothing is right.
    return min(max(part / whole, 0.0), 1.0) if whole else 0.0
