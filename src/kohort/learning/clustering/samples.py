"""The people on whom methods are compared: drawn once, the same for every method."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.learning.clustering.reference import draw_ellipse
from kohort.learning.features.table import Points

FITTED: Final = 5_000
REFITTED: Final = 1_000
EVALUATED: Final = 2_500
DRAWS: Final = 8


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of people, each float64 of shape (sample, features).

    `fitted`: those that a method learns from; `refitted`: halves of everyone, to learn from again; `evaluated`:
    those on whom clusterings are compared; `like`: those that `draws`, crowds without clusters, resemble.

    People are drawn without replacement: a person drawn twice would be a crowd to methods that look for crowds
    (subsetting: Hennig 2007, section 3.1).
    """

    fitted: Points
    refitted: tuple[Points, ...]
    evaluated: Points
    like: Points
    draws: tuple[Points, ...]
    seed: int


def draw_samples(points: Points, *, refits: int, seed: int) -> Samples:
    """Draw the samples from `points`, shape (people, features), on one scale; the same seed draws the same.

    >>> samples = draw_samples(np.random.default_rng(0).normal(size=(100, 2)), refits=3, seed=1)
    >>> len(samples.fitted), [len(one) for one in samples.refitted], len(samples.draws)
    (100, [50, 50, 50], 8)
    """
    random = np.random.default_rng([seed, len(points)])
    people = len(points)

    def some(size: int) -> Points:
        return points[random.permutation(people)[:size]]

    half = min(people // 2, REFITTED)
    refitted = tuple(some(half) for _ in range(refits))
    like = some(half)
    draws = tuple(draw_ellipse(like, random) for _ in range(DRAWS))
    return Samples(some(FITTED), refitted, some(EVALUATED), like, draws, seed)
