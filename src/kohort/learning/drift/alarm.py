"""Whether a window of people differs from its reference by more than windows do that nothing has happened in.

The alarm is an effect size, the population stability index, against what it comes to among windows drawn again from
quiet ones: people drawn by lot, and, where past windows differ by more than that, their differences too. It sounds
where the index is at least the smallest that matters *and* beyond the draws after Holm's adjustment for all features.
A p-value alone would sound for anything: of a million people any difference is sure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.stats.comparisons import holm
from kohort.stats.distributions import chi_square_tail
from kohort.stats.divergences import EMPTY, Counts, Values, jensen_shannon, stability_index

_FEWEST_PAIRS: Final = 3
_UNEXPLAINED: Final = 0.05
"""Quiet pairs differ by more than sampling where a chi-square says so at this level."""
_FURTHEST: Final = 20.0
"""The logarithm of the largest factor by which a share is thought to move."""


@dataclass(frozen=True)
class Sensitivity:
    """When an alarm sounds: `smallest` is the least index that matters, `level` how often it may be false, by look.

    An index of 0.025 is a shift of a mean by a sixth of a standard deviation. At a level of 0.001, looking every
    week, at most one false alarm is to be expected in twenty years, whatever the number of features.
    """

    level: float = 0.001
    smallest: float = 0.025


@dataclass(frozen=True, eq=False)
class Compared:
    """One feature's people by bin: of the `reference` and of `now`, shape (bins,), and of quiet pairs of windows.

    `before` and `after`, shape (pairs, bins), are windows that were compared in the same way when nothing had
    happened: what they differ by is no drift.
    """

    reference: Counts
    now: Counts
    before: Counts
    after: Counts


@dataclass(frozen=True)
class FeatureDrift:
    """How far one feature has moved: `index` (PSI) and `divergence` (Jensen-Shannon, in bits).

    `usual` is the index that nineteen of twenty quiet windows stay below, and `p_value` that of Holm; both None where
    the index is smaller than what matters, and is not tested. `furthest` is the bin whose share has moved most.
    """

    feature: str
    index: float
    divergence: float
    usual: float | None
    p_value: float | None
    furthest: int
    found: bool


def find_drift(
    features: Mapping[str, Compared], *, seed: int, sensitivity: Sensitivity = Sensitivity()
) -> tuple[FeatureDrift, ...]:
    """Compare every feature of a window with its reference; the same `seed` gives the same answer.

    >>> january, june = np.array([500, 300, 200]), np.array([300, 300, 400])
    >>> quiet = np.array([[490, 310, 200]] * 3)
    >>> [found] = find_drift({"orders": Compared(january, june, np.tile(january, (3, 1)), quiet)}, seed=0)
    >>> round(found.index, 3), found.found, found.furthest
    (0.241, True, 0)
    """
    if not features:
        return ()
    index = {name: float(stability_index(one.reference, one.now)) for name, one in features.items()}
    draws = max(ceil(len(features) / sensitivity.level), ceil(1 / sensitivity.level))
    drawn = {
        name: null_indices(one, draws=draws, seed=seed + place)
        for place, (name, one) in enumerate(features.items())
        if index[name] >= sensitivity.smallest
    }
    # What is too small to matter is not tested, and counts among the tests all the same.
    raw = [(1 + int((drawn[name] >= index[name]).sum())) / (1 + draws) if name in drawn else 1.0 for name in features]
    found = []
    for (name, one), p_value in zip(features.items(), holm(raw).tolist(), strict=True):
        tested = name in drawn
        moved = np.abs(one.now / one.now.sum() - one.reference / one.reference.sum())
        found.append(
            FeatureDrift(
                name,
                index[name],
                float(jensen_shannon(one.reference, one.now)),
                float(np.quantile(drawn[name], 0.95)) if tested else None,
                p_value if tested else None,
                int(moved.argmax()),
                tested and p_value <= sensitivity.level,
            )
        )
    return tuple(found)


def null_indices(compared: Compared, *, draws: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the index between windows in which nothing has happened, drawn so many times, shape (draws,).

    Both windows are drawn from the shares of the reference, with as many people as they have (the parametric
    bootstrap). Where quiet pairs differ by more than sampling explains, the later one besides departs by their
    differences, as logarithms of shares, each with a random weight (the wild bootstrap: Wu 1986, Annals of Statistics
    14:1261) and shrunk to what is not explained. Few pairs tell little of how large differences can be, so their
    weights have Student's tails.

    >>> quiet = np.tile(np.array([500, 500]), (4, 1))
    >>> drawn = null_indices(Compared(quiet[0], quiet[0], quiet, quiet), draws=2_000, seed=1)
    >>> bool(abs(drawn.mean() - 2 / 1000) < 0.0003)
    True
    """
    random = np.random.default_rng(seed)
    people, later = int(compared.reference.sum()), int(compared.now.sum())
    shares = compared.reference / people
    departures = _departures(compared)
    truth = np.broadcast_to(shares, (draws, len(shares)))
    if len(departures):
        pairs = len(departures)
        scale = np.sqrt(pairs / random.chisquare(pairs, (draws, 1)))
        weights = random.normal(size=(draws, pairs)) * scale
        moved = shares * np.exp(np.clip(weights @ departures, -_FURTHEST, _FURTHEST))
        truth = moved / moved.sum(axis=1, keepdims=True)
    return stability_index(random.multinomial(people, shares, size=draws), random.multinomial(later, truth))


def _departures(compared: Compared) -> Values:
    """Return log ratios of quiet pairs, shape (pairs, bins), that add up to their variance beyond sampling's."""
    before, after = compared.before.astype(np.float64), compared.after.astype(np.float64)
    nothing = np.zeros((0, before.shape[-1]))
    if len(before) < _FEWEST_PAIRS:
        return nothing
    sizes, others = before.sum(axis=1, keepdims=True), after.sum(axis=1, keepdims=True)
    pooled = (before + after).sum(axis=0) / (sizes + others).sum()
    filled = pooled > 0
    differences = (after / others - before / sizes)[:, filled]
    # Pearson's statistic of all pairs: a chi-square where sampling explains all.
    statistic = float(((differences**2 / pooled[filled]).sum(axis=1) / (1 / sizes + 1 / others)[:, 0]).sum())
    degrees = len(before) * max(1, int(filled.sum()) - 1)
    if chi_square_tail(statistic, degrees) > _UNEXPLAINED:
        return nothing
    ratios = np.log(np.maximum(after, EMPTY) / others) - np.log(np.maximum(before, EMPTY) / sizes)
    departures: Values = ratios * np.sqrt((1 - degrees / statistic) / len(before))
    return departures
