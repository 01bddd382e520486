"""The study of value: a model chosen on held-out time and fitted to all that is known, and what people are worth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.errors import UsageError
from kohort.learning.value import supervised
from kohort.learning.value.contest import FEWEST_REPEATERS, MODELS, Contest, fitted_value, hold_contest, holdout_of
from kohort.learning.value.fitting import Fit, Floats, Likelihood, profile_interval
from kohort.learning.value.gamma_gamma import Independence, independence
from kohort.learning.value.holdout import deciles
from kohort.learning.value.lifetime import CONFIDENCE, WEEKS_A_YEAR, FittedValue, Forecast, Spread
from kohort.learning.value.purchasing import PurchaseModel, distinct_rows, likelihood_of
from kohort.learning.value.results import FittedModel, Foreteller, Parameter, Terms, TopGroup, ValueStudy, WorthGroup
from kohort.learning.value.summaries import Histories, Merged, Purchases, histories_of

TOP: Final = 0.05
"""Who is at the top: the part of people whose chance to be there is told."""
_TOPS: Final = (0.01, 0.05, 0.1, 0.2)
_QUARTERS: Final = 4
_MOST_PROFILED: Final = 20_000
"""Up to so many distinct histories, intervals of parameters are by the profile of the likelihood."""
_WORLDS: Final = 200
_MANY: Final = 100_000
_WORLDS_OF_MANY: Final = 60


@dataclass(frozen=True, eq=False)
class Valued:
    """What is foretold of each person, arrays in the order of `histories`, with how far off it may be.

    `decile` is 1 (worth least) to 10; `top` the chance to be among the `TOP` part who spend most.
    """

    histories: Histories
    forecast: Forecast
    spread: Spread
    decile: NDArray[np.int64]


def study_value(
    merged: Purchases,
    told: Merged,
    until: int,
    terms: Terms,
    *,
    model: Foreteller | None = None,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ValueStudy, Valued]:
    """Return what was found of the value of all who bought up to the end of the day `until`, and what each is worth.

    `merged` and `told` are what `merge_days` returns; `model` is the one that is asked for, by default the best.
    Purchases after `until` are held out, and nothing is learnt from them. `progress` is told how many of how many
    steps are done. Raises UsageError where too few bought twice, or the horizon
    is no stretch of time.
    """
    if terms.weeks <= 0 or terms.discount <= -1 or terms.margin <= 0:
        raise UsageError("a value needs a horizon and a margin above zero, and a discount above -100 %")
    if lack := lacking_repeats(merged, until):
        raise UsageError(lack)
    histories = histories_of(merged, until)
    step = _steps(progress)
    contest = hold_contest(merged, until, terms, model, seed, step)
    worth = _Worth(merged, histories, until, terms, seed)
    if contest.chosen is Foreteller.SUPERVISED:
        forecast, spread, fitted = *worth.by_examples(contest), None
    else:
        fitted = worth.fitted(MODELS[contest.chosen])
        forecast = fitted.forecast(terms)
        spread = fitted.spread(terms, deciles(forecast.worth) - 1, top=TOP, worlds=worth.worlds, seed=seed)
    step()
    valued = Valued(histories, forecast, spread, deciles(forecast.worth))
    linked = independence(histories.valued, histories.mean_value)
    return _told(valued, contest, fitted, linked, told, until, terms), valued


def lacking_repeats(merged: Purchases, until: int) -> str:
    """Return in words that too few people bought twice up to a day for a value; "" where it is enough.

    >>> lacking_repeats(Purchases(np.array([0, 0]), np.array([1, 9]), np.array([5.0, 7.0])), 30)
    'people who bought on a second day at a price above zero: 1; a value needs 20 of them'
    """
    repeaters = int((histories_of(merged, until).valued > 0).sum())
    if repeaters >= FEWEST_REPEATERS:
        return ""
    return (
        f"people who bought on a second day at a price above zero: {repeaters}; "
        f"a value needs {FEWEST_REPEATERS} of them"
    )


@dataclass(frozen=True, eq=False)
class _Worth:
    """Fitting to all that is known."""

    merged: Purchases
    histories: Histories
    until: int
    terms: Terms
    seed: int

    @property
    def worlds(self) -> int:
        """How many worlds are drawn."""
        return _WORLDS if len(self.histories) <= _MANY else _WORLDS_OF_MANY

    def fitted(self, model: PurchaseModel) -> FittedValue:
        """Return a model fitted to all histories."""
        return fitted_value(model, self.histories)

    def by_examples(self, contest: Contest) -> tuple[Forecast, Spread]:
        """Return what is learnt from the newest horizon, and how far off such a forecast was in the held-out time."""
        days = supervised.whole_days(self.terms.weeks)
        learnt = supervised.learn_at(self.merged, self.until - days, days, seed=self.seed)
        features = supervised.features_of(self.merged, self.histories, self.until)
        chance, amount = learnt.chance(features), learnt.amount(features)
        # Money comes in the middle of the horizon on average.
        kept = (1 + self.terms.discount) ** (-self.terms.weeks / 2 / WEEKS_A_YEAR) * self.terms.margin
        unknown = np.full(len(chance), np.nan)
        forecast = Forecast(unknown, amount, chance * amount * kept, chance, unknown)
        if contest.trial is None or contest.best is None:
            return forecast, Spread(unknown, unknown, unknown, np.zeros((0, 10)))
        ranges = supervised.ranges_of(contest.best.spent, contest.trial.future.spent, top=TOP, confidence=CONFIDENCE)
        low, high, top = ranges.of(chance * amount)
        return forecast, Spread(low * kept, high * kept, top, np.zeros((0, 10)))


def _told(
    valued: Valued,
    contest: Contest,
    fitted: FittedValue | None,
    linked: Independence,
    told: Merged,
    until: int,
    terms: Terms,
) -> ValueStudy:
    histories, worth = valued.histories, valued.forecast.worth
    sums = valued.spread.sums
    tenths = [_group(int(one), worth, valued.decile == one, sums[:, int(one) - 1]) for one in np.unique(valued.decile)]
    quarters = deciles(worth, _QUARTERS)
    return ValueStudy(
        until=until,
        terms=terms,
        told=told,
        people=len(histories),
        repeaters=int((histories.frequency > 0).sum()),
        repeats=int(histories.frequency.sum()),
        chosen=contest.chosen,
        reason=contest.reason,
        difference=contest.difference,
        model=None if fitted is None else _purchases_told(fitted),
        values=None if fitted is None else _fit_told("gamma_gamma", fitted.values, None),
        correlation=linked.correlation,
        ranks=linked.ranks,
        is_dependent=linked.is_doubtful,
        holdout=holdout_of(contest),
        total=_group(0, worth, np.ones(len(worth), dtype=bool), sums.sum(axis=1)),
        deciles=tuple(tenths),
        quartiles=tuple(_group(int(one), worth, quarters == one, None) for one in np.unique(quarters)),
        top=tuple(_top(share, valued) for share in _TOPS),
        worlds=len(sums),
    )


def _group(group: int, worth: Floats, inside: NDArray[np.bool_], sums: Floats | None) -> WorthGroup:
    people, tail = int(inside.sum()), (1 - CONFIDENCE) / 2
    whole = float(worth.sum())
    drawn = sums is not None and len(sums) > 0
    low, high = np.quantile(sums / people, [tail, 1 - tail]).tolist() if sums is not None and drawn else (None, None)
    share = float(worth[inside].sum()) / whole if whole else 0.0
    return WorthGroup(group, people, float(worth[inside].mean()), low, high, share)


def _top(share: float, valued: Valued) -> TopGroup:
    worth = valued.forecast.worth
    size = max(1, round(share * len(worth)))
    most = np.argsort(-worth, kind="stable")[:size]
    whole = float(worth.sum())
    certain = float(valued.spread.top[most].mean()) if share == TOP else None
    return TopGroup(share, size, float(worth[most].min()), float(worth[most].sum()) / whole if whole else 0.0, certain)


def _purchases_told(fitted: FittedValue) -> FittedModel:
    rows, _ = distinct_rows(fitted.histories)
    likelihood = likelihood_of(fitted.model, rows) if len(rows) <= _MOST_PROFILED else None
    return _fit_told(fitted.model.key, fitted.purchases, likelihood)


def _fit_told(key: str, fit: Fit, likelihood: Likelihood | None) -> FittedModel:
    parameters = []
    for name in fit.names:
        found = fit.interval(name) if likelihood is None else profile_interval(likelihood, fit, name)
        high = found.high if np.isfinite(found.high) else None
        parameters.append(Parameter(name, found.estimate, found.low, high))
    by_profile = likelihood is not None
    return FittedModel(key, tuple(parameters), fit.log_likelihood, fit.people, fit.has_converged, by_profile)


def _steps(progress: Callable[[int, int], None] | None) -> Callable[[], None]:
    done, steps = 0, len(MODELS) + 2

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done, steps), steps)

    return step
