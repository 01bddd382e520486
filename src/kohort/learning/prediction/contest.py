"""One way from examples to a model, whole: prepare, search, compare, calibrate, set the threshold, learn from all.

Everything that is chosen is chosen here, by folds inside the examples given; whoever judges the outcome does so on
others (Varma and Simon 2006, BMC Bioinformatics 7:91; Cawley and Talbot 2010, JMLR 11:2079).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from kohort.definitions.preparation import PreparationDefinition
from kohort.errors import UsageError
from kohort.learning.auc import Groups, auc_difference, auc_interval
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.table import Points
from kohort.learning.prediction.calibrating import Calibrated, calibrate
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.families import FAMILIES, USUAL, Family, family_of
from kohort.learning.prediction.fitting import Balance, fit_estimator, raw_scores
from kohort.learning.prediction.folds import grouped_folds
from kohort.learning.prediction.judged import Chances
from kohort.learning.prediction.model import TrainedModel
from kohort.learning.prediction.results import Settings
from kohort.learning.prediction.search import Budget, best_settings
from kohort.learning.prediction.thresholds import Costs, tuned_threshold
from kohort.stats.intervals import Interval

INNER: Final = 3
"""The folds inside the examples that are learnt from."""


@dataclass(frozen=True)
class Plan:
    """How models are to learn: `families` by name, what is searched, what is done about rarity, what errors cost."""

    families: tuple[str, ...] = USUAL
    budget: Budget = field(default_factory=Budget)
    balance: Balance = Balance.NONE
    costs: Costs | None = None
    preparation: PreparationDefinition = field(default_factory=PreparationDefinition)
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.families or len(set(self.families)) < len(self.families):
            raise UsageError("name each model once, and one at least")
        for one in self.families:
            family_of(one)


@dataclass(frozen=True, eq=False)
class _Part:
    """An inner fold, prepared: by parameters of its learnt side alone."""

    learnt: Points
    judged: Points
    learnt_rows: Groups
    judged_rows: Groups


@dataclass(frozen=True, eq=False)
class Candidate:
    """A family with the settings that were best, and what it said of everybody by models that did not know them."""

    family: Family
    settings: Settings
    scores: Chances
    area: Interval
    calibrated: Calibrated
    threshold: float


@dataclass(frozen=True, eq=False)
class Contest:
    """The candidates, and what they all learn from."""

    examples: Examples
    plan: Plan
    preparation: Preparation
    candidates: tuple[Candidate, ...]

    @cached_property
    def points(self) -> Points:
        """All examples, prepared."""
        return self.preparation.apply(self.examples.table)

    @cached_property
    def best(self) -> Candidate:
        """The candidate with the greatest area."""
        return max(self.candidates, key=lambda one: one.area.estimate)

    @cached_property
    def chosen(self) -> Candidate:
        """The plainest that does as well as the best: the interval of the difference of their areas holds 0."""
        for one in self.candidates:
            if one is self.best:
                return one
            gained = auc_difference(self.best.scores, one.scores, self.examples.reached, groups=self.examples.groups)
            if gained.low <= 0:
                return one
        raise AssertionError("the best is a candidate")  # pragma: no cover

    def trained(self, one: Candidate) -> TrainedModel:
        """Return a candidate's model, which has learnt from all examples."""
        estimator = fit_estimator(
            one.family, one.settings, self.points, self.examples.reached, balance=self.plan.balance, seed=self.plan.seed
        )
        return TrainedModel(
            one.family.key, one.settings, self.preparation, estimator, one.calibrated.curve, one.threshold
        )


def contest(examples: Examples, plan: Plan, advance: Callable[[], None] = lambda: None) -> Contest:
    """Return how each family of the plan does within the examples; `advance` is called once for each.

    Raises UsageError where too few people reached the goal for the folds, or no feature tells people apart.
    """
    folds = grouped_folds(examples.reached, examples.groups, INNER, seed=plan.seed)
    parts = []
    for fold in folds:
        learnt = examples.table.take(fold.learnt)
        preparation = fit_preparation(learnt, plan.preparation, seed=plan.seed)
        judged = preparation.apply(examples.table.take(fold.judged))
        parts.append(_Part(preparation.apply(learnt), judged, fold.learnt, fold.judged))
    whole = fit_preparation(examples.table, plan.preparation, seed=plan.seed)
    if not whole.names or not all(part.learnt.shape[1] for part in parts):
        raise UsageError("no feature tells people apart; bring columns that vary from person to person")
    candidates = []
    for key in sorted(plan.families, key=list(FAMILIES).index):
        candidates.append(_candidate(family_of(key), examples, parts, plan))
        advance()
    return Contest(examples, plan, whole, tuple(candidates))


def _candidate(family: Family, examples: Examples, parts: Sequence[_Part], plan: Plan) -> Candidate:
    known: dict[tuple[tuple[str, float], ...], Chances] = {}

    def scores_of(settings: Settings) -> Chances:
        key = tuple(sorted(settings.items()))
        if key not in known:
            known[key] = _out_of_fold(family, settings, examples, parts, plan)
        return known[key]

    def judge(settings: Settings) -> float:
        return auc_interval(scores_of(settings), examples.reached).estimate

    settings = best_settings(family, plan.budget, judge, seed=plan.seed)
    scores = scores_of(settings)
    places = np.empty(len(examples), dtype=np.int64)
    for number, part in enumerate(parts):
        places[part.judged_rows] = number
    calibrated = calibrate(scores, examples.reached, places)
    return Candidate(
        family,
        settings,
        scores,
        auc_interval(scores, examples.reached, groups=examples.groups),
        calibrated,
        tuned_threshold(calibrated.chances, examples.reached, plan.costs),
    )


def _out_of_fold(family: Family, settings: Settings, examples: Examples, parts: Sequence[_Part], plan: Plan) -> Chances:
    scores = np.empty(len(examples))
    for part in parts:
        reached = examples.reached[part.learnt_rows]
        estimator = fit_estimator(family, settings, part.learnt, reached, balance=plan.balance, seed=plan.seed)
        scores[part.judged_rows] = raw_scores(estimator, part.judged)
    return scores
