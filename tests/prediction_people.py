"""People whose chance to reach a goal is known, for tests of models that have to find it."""

import numpy as np
from scipy.special import expit

from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.examples import Examples


def people_with_chances(
    people: int, *, base: float = -1.5, seed: int = 0, strength: float = 1.0
) -> tuple[Examples, np.ndarray]:
    """Return people whose log-odds are linear in two of four features and in a city, and their true chances."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(people, 4))
    values[random.random(people) < 0.1, 3] = np.nan
    cities = tuple(random.choice(["Brest", "Lyon", "Nice"], people).tolist())
    at_sea = np.array([one != "Lyon" for one in cities])
    chances = expit(base + strength * (values[:, 0] - 0.7 * values[:, 1] + 0.8 * at_sea))
    names = tuple(str(one) for one in range(people))
    table = FeatureTable(names, ("visits", "age", "noise", "basket"), values, {"city": cities})
    return Examples(table, random.random(people) < chances, np.arange(people)), chances
