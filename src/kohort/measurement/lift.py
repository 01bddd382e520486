"""The lift curve: of all who did something, the share among the people of whom it was expected most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.stats.intervals import Interval

DEPTHS: Final = tuple(tenth / 10 for tenth in range(1, 11))
"""The shares of people at which curves are told."""


@dataclass(frozen=True)
class LiftPoint:
    """What the `depth` share of people of whom it was expected most hold of all who did it.

    `captured` is their share of all who did it, and `lift` how often that is the share that chance would give.
    """

    depth: float
    captured: Interval
    lift: Interval


def captured_at(
    scores: npt.NDArray[np.float64], hits: npt.NDArray[np.bool_], depths: Sequence[float] = DEPTHS
) -> npt.NDArray[np.float64]:
    """Return the share of all hits among the people of the highest scores, at each of `depths`, shares of people.

    Of people with equal scores any may be taken: they count as their mean, so that the curve is a line across them.
    `scores` and `hits` have the shape (people,); NaN where nobody did it.

    >>> captured_at(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]), (0.25, 0.5, 0.75, 1)).tolist()
    [0.5, 0.75, 1.0, 1.0]
    """
    _, place, people = np.unique(-scores, return_inverse=True, return_counts=True)
    did = np.bincount(place, weights=hits, minlength=len(people))
    if not did.sum():
        return np.full(len(depths), np.nan)
    across, up = (np.concatenate([[0.0], np.cumsum(one) / one.sum()]) for one in (people, did))
    return np.asarray(np.interp(np.asarray(depths), across, up))


def lift_curve(
    scores: npt.NDArray[np.float64],
    hits: npt.NDArray[np.bool_],
    draws: Sequence[npt.NDArray[np.int64]],
    depths: Sequence[float] = DEPTHS,
) -> tuple[LiftPoint, ...]:
    """Return the curve of `scores`, which others than these people decided, with intervals of 95 % over `draws`.

    Each of `draws` is the places of people drawn again, shape (people,): the percentile bootstrap.

    >>> scores, hits = np.repeat([0.6, 0.2], 500), np.arange(1_000) % 10 < np.repeat([6, 2], 500)
    >>> random = np.random.default_rng(1)
    >>> curve = lift_curve(scores, hits, [random.integers(0, 1_000, 1_000) for _ in range(50)], (0.5, 1))
    >>> curve[0].captured.estimate, round(curve[0].lift.estimate, 2), curve[1].lift.estimate
    (0.75, 1.5, 1.0)
    """
    shares = captured_at(scores, hits, depths)
    drawn = np.array([captured_at(scores[rows], hits[rows], depths) for rows in draws])
    lows, highs = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    curve = []
    for depth, share, low, high in zip(depths, shares.tolist(), lows.tolist(), highs.tolist(), strict=True):
        captured = Interval(share, min(low, share), max(high, share), len(hits))
        lift = Interval(share / depth, captured.low / depth, captured.high / depth, len(hits))
        curve.append(LiftPoint(depth, captured, lift))
    return tuple(curve)
