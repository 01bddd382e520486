"""A part of the past held out: what each model and two plain rules foretold of it, and what happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.learning.auc import auc_interval
from kohort.learning.value.fitting import Floats
from kohort.learning.value.lifetime import FittedValue
from kohort.learning.value.purchasing import PurchaseModel, Rows, distinct_rows
from kohort.learning.value.results import CalibrationRow, Foreteller, Judged, Terms
from kohort.learning.value.summaries import DAYS_A_WEEK, Future, Histories, Purchases, future_of, histories_of
from kohort.stats.intervals import Interval, mean_interval, wilson_interval
from kohort.stats.population import ntile_scores
from kohort.stats.summaries import Summary

_TENTHS: Final = 10
_MOST_REPEATS: Final = 7
_LEAST: Final = 1e-9
_SCALE: Final = 1e9


@dataclass(frozen=True, eq=False)
class Trial:
    """People known at the end of the day `split`, and what they did up to the end of `until`."""

    merged: Purchases
    split: int
    until: int

    @cached_property
    def histories(self) -> Histories:
        """What was known at the split."""
        return histories_of(self.merged, self.split)

    @cached_property
    def later(self) -> Histories:
        """What was known of the same people at the end."""
        found = histories_of(self.merged, self.until)
        places = np.searchsorted(found.person, self.histories.person)
        return Histories(*(one[places] for one in vars(found).values()))

    @cached_property
    def future(self) -> Future:
        """What they did in between."""
        return future_of(self.merged, self.histories.person, self.split, self.until)

    @property
    def terms(self) -> Terms:
        """The horizon of the holdout: money as it is spent, neither discounted nor with a margin."""
        return Terms((self.until - self.split) / DAYS_A_WEEK, discount=0.0, margin=1.0)


@dataclass(frozen=True, eq=False)
class Foretold:
    """What one foretells of each person, arrays of shape (people,), None where they say nothing of it."""

    key: Foreteller
    spent: Floats
    purchases: Floats | None = None
    active: Floats | None = None
    scores: Floats | None = None


def by_model(trial: Trial, fitted: FittedValue) -> Foretold:
    """Return what a model that was fitted to what was known at the split foretells, and how likely what happened was.

    That is the density of all moments of purchases up to the end, given those up to the split.
    """
    found = fitted.forecast(trial.terms)
    before, after = (_scores(fitted.model, fitted, one) for one in (trial.histories, trial.later))
    return Foretold(Foreteller(fitted.model.key), found.worth, found.purchases, found.active, after - before)


def by_same_rate(trial: Trial) -> Foretold:
    """Return what people do who go on at the rate of their repeat purchases until the split."""
    known = trial.histories
    purchases = known.frequency / np.maximum(known.age, 1 / DAYS_A_WEEK) * trial.terms.weeks
    return Foretold(Foreteller.SAME_RATE, purchases * known.mean_value, purchases)


def by_last_period(trial: Trial) -> Foretold:
    """Return what people did in as long a time just before the split."""
    days = trial.until - trial.split
    found = future_of(trial.merged, trial.histories.person, trial.split - days, trial.split)
    return Foretold(Foreteller.LAST_PERIOD, found.spent, found.purchases.astype(np.float64))


def judge(trial: Trial, foretold: Foretold) -> Judged:
    """Return how near what was foretold came to what happened."""
    future, spent = trial.future, foretold.spent
    most = np.argsort(-spent, kind="stable")[: max(1, len(spent) // _TENTHS)]
    whole = float(future.spent.sum())
    bought = future.purchases > 0
    purchases = foretold.purchases
    both = bool(bought.any()) and not bool(bought.all())
    return Judged(
        key=foretold.key,
        spent=float(spent.sum()),
        spent_error=_mean(np.abs(spent - future.spent)),
        captured=float(future.spent[most].sum()) / whole if whole else 0.0,
        purchases=None if purchases is None else float(purchases.sum()),
        purchases_error=None if purchases is None else _mean(np.abs(purchases - future.purchases)),
        score=None if foretold.scores is None else _mean(foretold.scores),
        deviance=None if foretold.active is None else _mean(deviances(spent, future.spent)),
        correlation=None if purchases is None else _correlation(purchases, future.purchases),
        area=None if foretold.active is None or not both else auc_interval(foretold.active, bought),
    )


def deviances(foretold: Floats, happened: Floats) -> Floats:
    """Return the Poisson deviance of each, a measure that the mean makes least.

    >>> deviances(np.array([2.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.0, 2.0]
    """
    mean = np.maximum(foretold, _LEAST)
    logs = np.log(np.where(happened > 0, happened, mean) / mean)
    return np.asarray(2 * (happened * logs - happened + mean))


def difference(one: Floats, other: Floats) -> Interval:
    """Return the mean difference of two measures of the same people, with its interval."""
    return _mean(one - other)


def skill_over(trial: Trial, foretold: Foretold, rule: Foretold) -> Interval | None:
    """Return how much of a rule's squared error in what people spent a forecast does without, with its interval.

    1 for a perfect forecast, 0 for one that is no nearer, below 0 for one that is farther off; None where the rule is
    right about everybody. Who foretells the mean has the least squared error (Gneiting 2011, JASA 106:746). The
    interval of 95 % is that of a ratio of two means over the same people, linearised (Cochran 1977, section 6.4) and
    taken on the scale of its logarithm, so that nothing is better than perfect.
    """
    ours, its = ((one.spent - trial.future.spent) ** 2 for one in (foretold, rule))
    whole = float(its.mean())
    if not whole:
        return None
    ratio = float(ours.mean()) / whole
    if not ratio:
        return Interval(1.0, 1.0, 1.0, len(ours))
    spread = _mean((ours - ratio * its) / (ratio * whole))
    factor = float(np.exp(spread.high - spread.estimate))
    return Interval(1 - ratio, 1 - ratio * factor, 1 - ratio / factor, len(ours))


def by_frequency(trial: Trial, foretold: Foretold) -> tuple[CalibrationRow, ...]:
    """Return what was foretold and what happened, by repeat purchases until the split."""
    known = np.minimum(trial.histories.frequency, _MOST_REPEATS)
    return tuple(
        _row(trial, foretold, known == repeats, repeats, None if repeats == _MOST_REPEATS else repeats)
        for repeats in range(_MOST_REPEATS + 1)
        if (known == repeats).any()
    )


def by_decile(trial: Trial, foretold: Foretold) -> tuple[CalibrationRow, ...]:
    """Return what was foretold and what happened, by tenths of what people were to spend; equal forecasts alike."""
    tenths = deciles(foretold.spent)
    return tuple(_row(trial, foretold, tenths == one, int(one), int(one)) for one in np.unique(tenths))


def deciles(values: Floats, groups: int = _TENTHS) -> NDArray[np.int64]:
    """Return the tenth (or another part) of each value, 1 to `groups`, equal values alike.

    >>> deciles(np.array([5.0, 1.0, 9.0, 5.0]), 4).tolist()
    [2, 1, 4, 2]
    """
    return ntile_scores(
        np.rint(values * _SCALE / max(1.0, float(np.abs(values).max(initial=0)))).astype(np.int64), groups
    )


def _row(trial: Trial, told: Foretold, inside: NDArray[np.bool_], first: int, last: int | None) -> CalibrationRow:
    future, nothing = trial.future, np.full(len(inside), np.nan)
    purchases = nothing if told.purchases is None else told.purchases
    active = nothing if told.active is None else told.active
    bought = future.purchases[inside]
    return CalibrationRow(
        first=first,
        last=last,
        people=int(inside.sum()),
        purchases=_finite(purchases[inside].mean()),
        purchases_made=_mean(bought.astype(np.float64)),
        active=_finite(active[inside].mean()),
        active_made=wilson_interval(int((bought > 0).sum()), len(bought)),
        spent=float(told.spent[inside].mean()),
        spent_made=_mean(future.spent[inside]),
    )


def _scores(model: PurchaseModel, fitted: FittedValue, histories: Histories) -> Floats:
    rows, places = distinct_rows(histories)
    parts = [model.log_likelihood(np.array(fitted.purchases.values), part)[0] for part in _parts(rows)]
    return np.concatenate(parts)[places]


def _parts(rows: Rows, size: int = 200_000) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield Rows(*(one[start : start + size] for one in vars(rows).values()))


def _correlation(one: Floats, other: Sequence[int] | NDArray[np.int64]) -> float | None:
    if np.ptp(one) == 0 or np.ptp(np.asarray(other)) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(values: Floats) -> Interval:
    return mean_interval(Summary.of(values))
