"""People of groups that are known, to see whether they are found."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.features.table import FeatureTable

SHARES: Final = (0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04)
"""How many of those who are in a group are in each."""
_OUTSIDE: Final = 0.03
_BLOCK: Final = 20_000


def crowd_of_groups(people: int, features: int) -> tuple[FeatureTable, npt.NDArray[np.int64]]:
    """Return people of eight unequal groups, and the group of each; 3 % are in none, which is -1.

    Around the centre of their group they lie as Student's t with three degrees of freedom; a quarter of the features is
    skewed like money.

    >>> table, groups = crowd_of_groups(500, 4)
    >>> table.values.shape, int(groups.min()), int(groups.max())
    ((500, 4), -1, 7)
    """
    random = np.random.default_rng(0)
    groups = np.where(random.random(people) < _OUTSIDE, -1, random.choice(len(SHARES), people, p=SHARES))
    centres = random.normal(0, 2.8, (len(SHARES), features))
    values = np.empty((people, features))
    # A block at a time: a benchmark of memory begins here.
    for begin in range(0, people, _BLOCK):
        own = groups[begin : begin + _BLOCK]
        block = centres[own] + random.standard_t(3, (len(own), features))
        block[own < 0] = random.uniform(-8, 8, (int((own < 0).sum()), features))
        skewed = features // 4
        block[:, :skewed] = np.exp(np.clip(block[:, :skewed], -12, 12) / 2)
        values[begin : begin + _BLOCK] = block
    names = tuple(f"feature_{one}" for one in range(features))
    return FeatureTable(tuple(map(str, range(people))), names, values), groups
