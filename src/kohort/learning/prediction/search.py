"""Looking for good settings of a family within a budget of trials: on a grid, at random, or by Bayesian optimisation.

Whoever searches judges by people that the search never saw: it runs inside the folds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product
from typing import Any

import numpy as np

from kohort.errors import UsageError
from kohort.imports import needing_extra
from kohort.learning.prediction.families import Family, Parameter
from kohort.learning.prediction.results import Settings

Judge = Callable[[Settings], float]
"""How good settings are, the greater the better."""


class Search(StrEnum):
    """How settings are looked for; `bayesian` is by tree-structured Parzen estimators (Bergstra et al. 2011, NIPS)."""

    NONE = "none"
    GRID = "grid"
    RANDOM = "random"
    BAYESIAN = "bayesian"


@dataclass(frozen=True)
class Budget:
    """How settings are looked for, and how many are tried for a family; the usual ones always, and first."""

    search: Search = Search.NONE
    trials: int = 1

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise UsageError(f"a search needs one trial or more; got {self.trials}")


def best_settings(family: Family, budget: Budget, judge: Judge, *, seed: int) -> Settings:
    """Return the settings that `judge` likes best, of equal ones the first.

    >>> from kohort.learning.prediction.families import FAMILIES
    >>> budget = Budget(Search.RANDOM, 30)
    >>> found = best_settings(FAMILIES["logistic"], budget, lambda one: -abs(one["C"] - 10), seed=0)
    >>> 5 < found["C"] < 20
    True
    """
    if budget.search is Search.BAYESIAN:
        return _bayesian(family, budget.trials, judge, seed)
    return max(list(_tried(family, budget, seed)), key=judge)


def _tried(family: Family, budget: Budget, seed: int) -> Iterator[Settings]:
    yield family.usual
    random = np.random.default_rng(seed)
    match budget.search:
        case Search.GRID:
            corners = [dict(zip((one.name for one in family.parameters), values, strict=True))
                       for values in product(*(_steps(one) for one in family.parameters))]  # fmt: skip
            others = [one for one in corners if one != family.usual]
            order = random.permutation(len(others)).tolist()
            yield from islice((others[place] for place in order), budget.trials - 1)
        case Search.RANDOM:
            for _ in range(budget.trials - 1):
                yield {one.name: _drawn(one, float(random.random())) for one in family.parameters}


def _steps(one: Parameter) -> tuple[float, ...]:
    """Return the values of a parameter on the grid: its usual one, and those half way to the ends of its range."""
    ways = [_drawn(one, share) for share in (0.2, 0.8)]
    return tuple(dict.fromkeys((ways[0], one.proper(one.usual), ways[1])))


def _drawn(one: Parameter, share: float) -> float:
    if one.by_ratio:
        return one.proper(float(one.low * (one.high / one.low) ** share))
    return one.proper(one.low + (one.high - one.low) * share)


def _bayesian(family: Family, trials: int, judge: Judge, seed: int) -> Settings:
    with needing_extra("tune", "Bayesian search"):
        import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(dict(family.usual))

    def judged(trial: Any) -> float:
        return judge({one.name: _suggested(trial, one) for one in family.parameters})

    study.optimize(judged, n_trials=trials)
    return dict(study.best_params)


def _suggested(trial: Any, one: Parameter) -> float:
    if one.whole:
        return int(trial.suggest_int(one.name, int(one.low), int(one.high), log=one.by_ratio))
    return float(trial.suggest_float(one.name, one.low, one.high, log=one.by_ratio))
