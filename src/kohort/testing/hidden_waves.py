"""People whose many visible numbers are waves of two hidden traits: groups on a curved surface."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class HiddenWaves:
    """`points`, float64 of shape (people, visible), standardised, and the group of each, int64 of shape (people,)."""

    points: NDArray[np.float64]
    groups: NDArray[np.int64]


def hidden_waves(
    seed: int, *, people: int = 2_000, groups: int = 9, visible: int = 12, steepness: float = 1.25, noise: float = 0.05
) -> HiddenWaves:
    """Draw people around `groups` places on a circle of radius 1.5 in a plane of two hidden traits.

    The spread around a place is 0.2. Each of the `visible` numbers is sin(w · hidden + phase) and noise, with w drawn
    from a normal distribution of deviation `steepness` and the phase evenly: what is straight in the plane is not in
    the numbers, and two principal components lay groups over one another.

    >>> waves = hidden_waves(1, people=90)
    >>> waves.points.shape, int(waves.groups.max())
    ((90, 12), 8)
    """
    random = np.random.default_rng(seed)
    own = random.integers(0, groups, people)
    angles = 2 * np.pi * own / groups
    hidden = 1.5 * np.column_stack([np.cos(angles), np.sin(angles)]) + random.normal(scale=0.2, size=(people, 2))
    directions = random.normal(scale=steepness, size=(2, visible))
    phases = random.uniform(0, 2 * np.pi, visible)
    points = np.sin(hidden @ directions + phases) + random.normal(scale=noise, size=(people, visible))
    return HiddenWaves((points - points.mean(axis=0)) / points.std(axis=0), own)
