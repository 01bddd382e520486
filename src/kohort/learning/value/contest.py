"""Models tried on held-out time, and one chosen.

Models of purchases are compared by how likely they made what happened in the held-out time (the logarithmic score,
which the true model makes greatest; Gneiting and Raftery 2007, JASA 102:359). The best of them and the supervised model
are compared by the deviance of what was spent. A difference whose interval holds zero decides nothing: then the plainer
one stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.value import supervised
from kohort.learning.value.beta_geometric import BG_NBD, MBG_NBD
from kohort.learning.value.gamma_gamma import fit_values
from kohort.learning.value.holdout import (
    Foretold,
    Trial,
    by_decile,
    by_frequency,
    by_last_period,
    by_model,
    by_same_rate,
    deviances,
    difference,
    judge,
    skill_over,
)
from kohort.learning.value.lifetime import FittedValue
from kohort.learning.value.pareto import ParetoNbd
from kohort.learning.value.purchasing import PurchaseModel, distinct_rows, fit_purchases
from kohort.learning.value.results import Foreteller, Holdout, Reason, Terms
from kohort.learning.value.summaries import Histories, Purchases
from kohort.stats.intervals import Interval

MODELS: Final[dict[Foreteller, PurchaseModel]] = {
    Foreteller.BG_NBD: BG_NBD,
    Foreteller.MBG_NBD: MBG_NBD,
    Foreteller.PARETO_NBD: ParetoNbd(),
}
"""The models of purchases, the plainest first."""
FEWEST_REPEATERS: Final = 20
"""How many must have bought on a second day for a value."""


@dataclass(frozen=True, eq=False)
class Contest:
    """How the choice came about; `trial` and `forecasts` are None and empty where no time could be held out."""

    chosen: Foreteller
    reason: Reason
    difference: Interval | None
    trial: Trial | None
    forecasts: tuple[Foretold, ...]

    @property
    def best(self) -> Foretold | None:
        """What the chosen one foretold of the held-out time."""
        return next((one for one in self.forecasts if one.key is self.chosen), None)


def fitted_value(model: PurchaseModel, histories: Histories) -> FittedValue:
    """Return a model of purchases and gamma-gamma, fitted to histories."""
    rows, _ = distinct_rows(histories)
    return FittedValue(model, fit_purchases(model, rows), fit_values(histories.valued, histories.mean_value), histories)


def hold_contest(
    merged: Purchases, until: int, terms: Terms, asked: Foreteller | None, seed: int, step: Callable[[], None]
) -> Contest:
    """Try the models on held-out time and choose one."""
    trial = _trial(merged, until, terms)
    wanted = [one for one in MODELS if asked in (None, one, Foreteller.SUPERVISED)]
    if trial is None:
        if asked is Foreteller.SUPERVISED:
            raise UsageError("learning value from examples needs purchases of three horizons; take a shorter horizon")
        return Contest(asked or Foreteller.BG_NBD, Reason.ASKED if asked else Reason.UNTRIED, None, None, ())
    forecasts = []
    for key in wanted:
        forecasts.append(by_model(trial, fitted_value(MODELS[key], trial.histories)))
        step()
    learnt = _by_examples(trial, seed, is_needed=asked is Foreteller.SUPERVISED) if len(wanted) > 1 else None
    step()
    told = (*forecasts, *([learnt] if learnt else []), by_same_rate(trial), by_last_period(trial))
    if asked:
        return Contest(asked, Reason.ASKED, None, trial, told)
    chosen, reason, gap = _choice(trial, forecasts, learnt)
    return Contest(chosen, reason, gap, trial, told)


def _choice(
    trial: Trial, forecasts: Sequence[Foretold], learnt: Foretold | None
) -> tuple[Foreteller, Reason, Interval | None]:
    """Return the one to take, why, and the difference that decided."""
    scores = [one.scores for one in forecasts if one.scores is not None]
    order = np.argsort([-float(one.mean()) for one in scores], kind="stable")
    best, next_best = int(order[0]), int(order[1])
    gap = difference(scores[best], scores[next_best])
    reason, plainest = Reason.LIKELIER, best
    if gap.low <= 0:
        alike = [place for place in order if difference(scores[best], scores[int(place)]).low <= 0]
        reason, plainest = Reason.ALIKE, int(min(alike))
    if learnt is not None:
        happened = trial.future.spent
        told = difference(deviances(learnt.spent, happened), deviances(forecasts[plainest].spent, happened))
        if told.high < 0:
            return learnt.key, Reason.NEARER, told
    return forecasts[plainest].key, reason, gap


def _trial(merged: Purchases, until: int, terms: Terms) -> Trial | None:
    """Hold out what is known of later days, up to a horizon; or else the newest horizon, at most half of all time.

    None where too little is left to learn from.
    """
    days = supervised.whole_days(terms.weeks)
    last, first = int(merged.day.max()), int(merged.day.min())
    if last > until:
        return Trial(merged, until, min(last, until + days))
    days = min(days, (until - first) // 2)
    trial = Trial(merged, until - days, until)
    enough = int((trial.histories.valued > 0).sum()) >= FEWEST_REPEATERS
    return trial if days > 0 and enough else None


def _by_examples(trial: Trial, seed: int, *, is_needed: bool) -> Foretold | None:
    """Return what is foretold by what was learnt one horizon before the split; None where there is too little."""
    days = trial.until - trial.split
    try:
        learnt = supervised.learn_at(trial.merged, trial.split - days, days, seed=seed)
    except UsageError:
        if is_needed:
            raise
        return None
    features = supervised.features_of(trial.merged, trial.histories, trial.split)
    chance = learnt.chance(features)
    return Foretold(Foreteller.SUPERVISED, chance * learnt.amount(features), active=chance)


def holdout_of(contest: Contest) -> Holdout | None:
    """Return what is told of the held-out time, None where there was none."""
    trial, best = contest.trial, contest.best
    if trial is None or best is None:
        return None
    rules = {one.key: one for one in contest.forecasts}
    return Holdout(
        split=trial.split,
        weeks=trial.terms.weeks,
        people=len(trial.histories),
        purchases=int(trial.future.purchases.sum()),
        spent=float(trial.future.spent.sum()),
        judged=tuple(judge(trial, one) for one in contest.forecasts),
        chosen=best.key,
        by_frequency=by_frequency(trial, best),
        by_decile=by_decile(trial, best),
        over_same_rate=skill_over(trial, best, rules[Foreteller.SAME_RATE]),
        over_last_period=skill_over(trial, best, rules[Foreteller.LAST_PERIOD]),
    )
