"""What was found of a prediction: how good it is on people nobody learnt from, and the model to use from now on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.auc import TELLING, auc_difference, auc_interval
from kohort.learning.prediction.contest import Contest, Plan, contest
from kohort.learning.prediction.examples import Examples, enough
from kohort.learning.prediction.folds import Fold, forward_folds, grouped_folds
from kohort.learning.prediction.judged import Chances, Judged, Reached
from kohort.learning.prediction.measures import Measures, measures_of
from kohort.learning.prediction.model import TrainedModel
from kohort.learning.prediction.ranking import lift_curve
from kohort.learning.prediction.reliability import calibration_curve
from kohort.learning.prediction.results import CostJudged, FamilyJudged, FoldKind, PredictionStudy, Reason, RuleJudged
from kohort.learning.prediction.rule import obvious_rule
from kohort.learning.prediction.thresholds import BANDS, bands_of, check_limits
from kohort.stats.intervals import mean_interval
from kohort.stats.summaries import Summary

OUTER: Final = 5
"""The folds by which a study judges, unless another number is asked for."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A study, the final model, and what was said of the rows that judged: places, chances, and who was taken."""

    study: PredictionStudy
    model: TrainedModel
    rows: np.ndarray
    chances: Chances


@dataclass(frozen=True, eq=False)
class _Told:
    """What models of one fold said of the people held out."""

    fold: Fold
    chosen: str
    by_family: dict[str, tuple[Chances, Reached]]
    rule_name: str
    rule_rises: bool
    rule_scores: Chances


def train(
    examples: Examples,
    plan: Plan,
    *,
    folds: Sequence[Fold] = (),
    parts: int = OUTER,
    gap: int = 0,
    rule: str | None = None,
    limits: Sequence[float] = BANDS,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Judge by folds, forward in time where examples have times, and return the model that learnt from everything.

    `folds` may be given instead: the last time held out, say. `gap`, in the unit of times, is how long after its time
    a row is over. `rule` names the feature of the obvious rule, by default the best one. Raises UsageError where too
    few people reached the goal, MissingExtraError where a library is missing.
    """
    check_limits(limits)
    enough(examples)
    kind = FoldKind.BY_PERSON if examples.times is None and not folds else FoldKind.IN_TIME
    folds = folds or _folds(examples, parts, gap, plan.seed)
    done, whole = 0, (len(folds) + 1) * len(plan.families)

    def advance() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, whole)

    told = [_told(examples, fold, plan, rule, advance) for fold in folds]
    final = contest(examples, plan, advance)
    rows = np.concatenate([one.fold.judged for one in told])
    study = _study(examples, plan, told, final, kind, limits)
    chances = np.concatenate([one.by_family[one.chosen][0] for one in told])
    return Trained(study, final.trained(final.chosen), rows, chances)


def _folds(examples: Examples, parts: int, gap: int, seed: int) -> tuple[Fold, ...]:
    if parts < 2:  # noqa: PLR2004 - one to learn from and one to judge
        raise UsageError(f"judging takes 2 folds or more; got {parts}")
    if examples.times is None:
        return grouped_folds(examples.reached, examples.groups, parts, seed=seed + 1)
    return forward_folds(examples.times, parts, gap=gap)


def _told(examples: Examples, fold: Fold, plan: Plan, rule: str | None, advance: Callable[[], None]) -> _Told:
    found = contest(examples.take(fold.learnt), plan, advance)
    points = found.preparation.apply(examples.table.take(fold.judged))
    by_family = {}
    for one in found.candidates:
        model = found.trained(one)
        chances = model.probabilities(points)
        by_family[one.family.key] = (chances, model.takes(chances))
    plain = obvious_rule(found.preparation.names, found.points, found.examples.reached, rule)
    return _Told(fold, found.chosen.family.key, by_family, plain.name, plain.rises, plain.scores(points))


def _study(
    examples: Examples, plan: Plan, told: Sequence[_Told], final: Contest, kind: FoldKind, limits: Sequence[float]
) -> PredictionStudy:
    rows = np.concatenate([one.fold.judged for one in told])
    reached, groups = examples.reached[rows], examples.groups[rows]
    if len(np.unique(groups)) == len(groups):
        groups = None

    found: dict[tuple[str, ...], tuple[Judged, Measures, Reached]] = {}

    def measured(*keys: str) -> tuple[Judged, Measures, Reached]:
        if keys not in found:
            parts = [one.by_family[key] for one, key in zip(told, keys, strict=True)]
            judged = Judged(np.concatenate([chances for chances, _ in parts]), reached, groups)
            taken = np.concatenate([taken for _, taken in parts])
            found[keys] = judged, measures_of(judged, taken, seed=plan.seed), taken
        return found[keys]

    judged, measures, taken = measured(*(one.chosen for one in told))
    candidates = [one.family.key for one in final.candidates]
    families = tuple(FamilyJudged(key, measured(*[key] * len(told))[1]) for key in candidates)
    scores = np.concatenate([one.rule_scores for one in told])
    gained = auc_difference(judged.chances, scores, reached, groups=groups)
    names = [one.rule_name for one in told]
    name = str(max(sorted(set(names)), key=names.count))
    rises = next(one.rule_rises for one in reversed(told) if one.rule_name == name)
    area = auc_interval(scores, reached, groups=groups)
    chosen = final.chosen
    return PredictionStudy(
        rows=len(examples),
        people=examples.people,
        folds=kind,
        parts=len(told),
        features=final.preparation.features,
        chosen=chosen.family.key,
        reason=_reason(final),
        settings=chosen.settings,
        balance=plan.balance,
        search=plan.budget.search,
        calibration=chosen.calibrated.calibration,
        threshold=chosen.threshold,
        measures=measures,
        families=families,
        rule=RuleJudged(name, rises, area, gained, gained.low > 0),
        cost=_cost(plan, taken, reached),
        bands=bands_of(judged, limits),
        curve=calibration_curve(judged),
        is_telling=measures.auc.estimate >= TELLING,
        seed=plan.seed,
        lift=lift_curve(judged, seed=plan.seed),
    )


def _reason(final: Contest) -> Reason:
    if len(final.candidates) == 1:
        return Reason.ONLY
    return Reason.BEST if final.chosen is final.best else Reason.PLAINEST_ALIKE


def _cost(plan: Plan, taken: Reached, reached: Reached) -> CostJudged | None:
    if plan.costs is None:
        return None
    everybody, nobody = (float(plan.costs.of(np.full(len(reached), whole), reached).mean()) for whole in (True, False))
    return CostJudged(mean_interval(Summary.of(plan.costs.of(taken, reached))), everybody, nobody)
