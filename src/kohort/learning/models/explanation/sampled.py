"""Contributions to any score, by asking the model: permutations (Shapley), or a plain model near one person (LIME).

Permutations add up to the score exactly; a plain model near one person is an approximation that says how good it is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.models.arrays import Floats
from kohort.learning.models.explanation.contributions import Contributions, Unit, features_of
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import readable, scores

_RIDGE: Final = 1e-6


def sampled_contributions(
    model: PlainModel, values: npt.ArrayLike, background: npt.ArrayLike, *, seed: int, rounds: int = 20
) -> Contributions:
    """Return what each feature brings to the scores of people, against `rounds` people drawn from `background`.

    Shapley values by permutations, each there and back (Strumbelj and Kononenko 2014, Knowl. Inf. Syst. 41:647;
    Mitchell et al. 2022, JMLR 23:1, antithetic). The columns of one text change together. A person costs
    2 · rounds · features scores. The base is the mean score of those drawn; with it all adds up to the score.

    Raises UsageError as `scores`, for no background, and for fewer than one round.

    >>> from kohort.learning.models.plain import Linear, Link, Part
    >>> model = PlainModel(("orders", "days"), (Part(Linear([2.0, -1.0], 0.0), Link.IDENTITY),))
    >>> found = sampled_contributions(model, [[3.0, 1.0]], [[1.0, 1.0]], seed=0)
    >>> found.base, found.brought.tolist()
    (1.0, [[4.0, 0.0]])
    """
    read, others = readable(model, values), readable(model, background)
    if not len(others) or rounds < 1:
        raise UsageError("contributions by permutations need somebody to compare with, and a round at least")
    features = np.array(features_of(model))
    count = len(model.features)
    random = np.random.default_rng(seed)
    drawn = others[random.integers(0, len(others), rounds)]
    orders = np.array([random.permutation(count) for _ in range(rounds)])
    orders = np.concatenate([orders, orders[:, ::-1]])
    drawn = np.concatenate([drawn, drawn])
    # After so many steps of an order whoever was drawn has these features of the person.
    place = np.argsort(orders, axis=1)
    changed = place[:, None, :] < np.arange(count + 1)[None, :, None]
    columns = changed[:, :, features]
    brought = np.empty((len(read), count))
    for row, person in enumerate(read):
        mixed = np.where(columns, person, drawn[:, None, :]).reshape(-1, len(model.names))
        steps = np.diff(scores(model, mixed).reshape(len(orders), count + 1), axis=1)
        brought[row] = np.take_along_axis(steps, place, axis=1).mean(axis=0)
    base = float(scores(model, drawn).mean())
    return Contributions(tuple((name,) for name in model.features), base, brought, Unit.SCORE)


@dataclass(frozen=True, eq=False)
class LocalModel:
    """A linear model of a score near one person: `base` + Σ `brought` over the features that stay as they are.

    `brought` is float64 of shape (features,), in the order of the model's features. `fidelity` is the share of the
    variance of scores nearby that it tells (R², weighted): below about 0.8 read the contributions with care.
    """

    base: float
    brought: Floats
    fidelity: float


def local_model(
    model: PlainModel, person: npt.ArrayLike, background: npt.ArrayLike, *, seed: int, samples: int = 1_000
) -> LocalModel:
    """Return a linear model of the scores near one person, `person` of shape (features,): LIME.

    Ribeiro, Singh and Guestrin 2016, KDD, section 3.3: of people like them, each feature is kept or taken from somebody
    of `background`; those who keep more weigh more, exp(-(share changed)² / 0.5²); then a weighted ridge regression of
    the score on what was kept. Raises UsageError as `sampled_contributions`.

    >>> from kohort.learning.models.plain import Linear, Link, Part
    >>> model = PlainModel(("orders", "days"), (Part(Linear([2.0, -1.0], 0.0), Link.IDENTITY),))
    >>> found = local_model(model, [3.0, 1.0], [[1.0, 1.0]], seed=0)
    >>> found.brought.round(3).tolist(), round(found.fidelity, 3)
    ([4.0, 0.0], 1.0)
    """
    (read,), others = readable(model, np.atleast_2d(np.asarray(person, dtype=np.float64))), readable(model, background)
    if not len(others) or samples < 1:
        raise UsageError("a local model needs somebody to compare with, and a sample at least")
    features = np.array(features_of(model))
    random = np.random.default_rng(seed)
    kept = random.random((samples, len(model.features))) < random.random((samples, 1))
    kept[0] = True
    drawn = others[random.integers(0, len(others), samples)]
    told = scores(model, np.where(kept[:, features], read, drawn))
    weights = np.exp(-(((~kept).mean(axis=1) / 0.5) ** 2))
    design = np.column_stack([np.ones(samples), kept])
    weighted = design * weights[:, None]
    solved = np.linalg.solve(weighted.T @ design + _RIDGE * np.eye(design.shape[1]), weighted.T @ told)
    off = told - design @ solved
    spread = told - np.average(told, weights=weights)
    varies = float(weights @ spread**2)
    fidelity = 1.0 - float(weights @ off**2) / varies if varies > 0 else 1.0
    return LocalModel(float(solved[0]), solved[1:], fidelity)
