"""Who is meant: the chance from which on people are taken, by what errors cost, and the bands that chances fall in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.prediction.judged import Chances, Judged, Reached
from kohort.stats.intervals import Interval, wilson_interval

BANDS: Final = (0.5, 0.8)
"""The chances from which on a band is the next one, unless others are declared."""

_ERRORS: Final = 2
"""The standard errors by which a band may be off."""


@dataclass(frozen=True)
class Costs:
    """What errors cost, in any unit: a person `missed` who reached the goal, one taken `needlessly` who did not.

    >>> Costs(missed=9.0, needless=1.0).from_chance
    0.1
    """

    missed: float
    needless: float

    def __post_init__(self) -> None:
        if not (self.missed > 0 and self.needless > 0):
            raise UsageError(f"both errors cost something above 0; got {self.missed:g} and {self.needless:g}")

    @property
    def from_chance(self) -> float:
        """The chance from which on taking somebody pays, if chances are right (Elkan 2001, IJCAI)."""
        return self.needless / (self.needless + self.missed)

    def of(self, taken: Reached, reached: Reached) -> Chances:
        """Return what each person cost, shape (people,)."""
        return self.missed * (reached & ~taken) + self.needless * (taken & ~reached)


def tuned_threshold(chances: Chances, reached: Reached, costs: Costs | None) -> float:
    """Return the chance from which on to take people: the cheapest by `costs`, or without costs that of the best F1.

    Chances must be of people who are judged by nothing later: tuned on those who judge it, it flatters.

    >>> tuned_threshold(np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, False, True, True]), None)
    0.6
    """
    order = np.argsort(-chances, kind="stable")
    sorted_chances = chances[order]
    last = np.append(sorted_chances[1:] != sorted_chances[:-1], values=True)
    hits, taken = reached[order].cumsum()[last], np.arange(1, len(order) + 1)[last]
    if costs is None:
        worth = 2 * hits / (taken + reached.sum())
    else:
        worth = -(costs.missed * (reached.sum() - hits) + costs.needless * (taken - hits))
        if worth.max() < -costs.missed * reached.sum():
            return 1.0
    return float(sorted_chances[last][int(np.argmax(worth))])


@dataclass(frozen=True)
class BandRow:
    """People with chances from `low` up to `high`; `chance` is their mean and `observed` the share that reached it.

    Both are None where nobody is in the band.

    >>> from kohort.stats.intervals import wilson_interval
    >>> [BandRow(0.5, 0.8, 100, 0.6, wilson_interval(hits, 100)).is_kept for hits in (68, 75)]
    [True, False]
    """

    low: float
    high: float
    people: int
    chance: float | None
    observed: Interval | None

    @property
    def is_empty(self) -> bool:
        """Whether nobody has such a chance."""
        return self.people == 0

    @property
    def is_kept(self) -> bool:
        """Whether as many reached the goal as were told to, within two standard errors of the chance told."""
        if self.chance is None or self.observed is None:
            return True
        error = math.sqrt(self.chance * (1 - self.chance) / self.people)
        return abs(self.observed.estimate - self.chance) <= _ERRORS * error


def band_of(chances: Chances, limits: Sequence[float] = BANDS) -> np.ndarray:
    """Return the band of each chance, from 0; a limit itself is in the band above it.

    >>> band_of(np.array([0.2, 0.5, 0.79, 0.8])).tolist()
    [0, 1, 1, 2]
    """
    return np.searchsorted(np.asarray(limits), chances, side="right")


def check_limits(limits: Sequence[float]) -> None:
    """Raise UsageError unless limits of bands rise between 0 and 1."""
    if not limits or any(not 0 < one < 1 for one in limits) or any(np.diff(limits) <= 0):
        told = ", ".join(f"{one:g}" for one in limits)
        raise UsageError(f"limits of bands rise between 0 and 1, such as 0.5, 0.8; got {told or 'none'}")


def bands_of(judged: Judged, limits: Sequence[float] = BANDS) -> tuple[BandRow, ...]:
    """Return what each band was told and what happened, the lowest first; empty ones too.

    >>> found = bands_of(Judged(np.array([0.2, 0.2, 0.9]), np.array([False, True, True])))
    >>> [(one.people, one.chance) for one in found]
    [(2, 0.2), (0, None), (1, 0.9)]
    """
    places = band_of(judged.chances, limits)
    edges = (0.0, *limits, 1.0)
    rows = []
    for place in range(len(edges) - 1):
        inside = places == place
        people, hits = int(inside.sum()), int(judged.reached[inside].sum())
        mean = float(judged.chances[inside].mean()) if people else None
        observed = wilson_interval(hits, people) if people else None
        rows.append(BandRow(edges[place], edges[place + 1], people, mean, observed))
    return tuple(rows)
