"""Value learnt from examples: what people did before a day, and what they spent in the time after it.

Two parts, as most people buy nothing: a classifier of who buys, times a regression of how much those spend (Duan and
others 1983, Journal of Business and Economic Statistics 1:115), both by gradient boosting. Nothing after the day of a
feature is seen: `features_of` reads the purchases up to it only.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.value.fitting import Floats
from kohort.learning.value.summaries import DAYS_A_WEEK, Future, Histories, Integers, Purchases, future_of, histories_of

WINDOWS: Final = (28, 91, 182)
"""How many days back purchases and money are summed."""
FEATURES: Final = (
    "repeat purchases",
    "weeks since the first purchase",
    "weeks since the last purchase",
    "mean weeks between purchases",
    "mean value of repeat purchases",
    "value of the first purchase",
    "money spent",
    *(f"{what} in the last {days} days" for days in WINDOWS for what in ("purchases", "money")),
)
FEWEST: Final = 100
"""How many must buy, and not buy, after a day for both parts to be learnt."""
_GROUPS: Final = 20


@dataclass(frozen=True, eq=False)
class Learnt:
    """The two parts, learnt."""

    buys: HistGradientBoostingClassifier
    spends: HistGradientBoostingRegressor

    def chance(self, features: Floats) -> Floats:
        """Return the chance of each to buy, shape (people,)."""
        with threadpool_limits(1):
            return np.asarray(self.buys.predict_proba(features)[:, 1])

    def amount(self, features: Floats) -> Floats:
        """Return what each spends if they buy, shape (people,)."""
        with threadpool_limits(1):
            return np.asarray(self.spends.predict(features))


@dataclass(frozen=True, eq=False)
class Ranges:
    """What people with such a forecast spent, by twentieths of it: shares of the `least`, `low` and `high`, `top`."""

    least: Floats
    low: Floats
    high: Floats
    top: Floats

    def of(self, foretold: Floats) -> tuple[Floats, Floats, Floats]:
        """Return low, high and the chance to be at the top for each forecast, shape (people,)."""
        places = np.maximum(np.searchsorted(self.least, foretold, side="right") - 1, 0)
        return self.low[places], self.high[places], self.top[places]


def features_of(merged: Purchases, histories: Histories, day: int) -> Floats:
    """Return what is known of people at the end of a day, shape (people, features), in the order of `FEATURES`."""
    age, since = histories.age, histories.age - histories.recency
    gap = histories.recency / np.maximum(histories.frequency, 1)
    known = merged.day <= day
    cut = Purchases(merged.person[known], merged.day[known], merged.amount[known])
    whole = future_of(cut, histories.person, int(cut.day.min(initial=day)) - 1, day)
    first = np.searchsorted(cut.person, histories.person)
    columns = [histories.frequency, age, since, gap, histories.mean_value, cut.amount[first], whole.spent]
    for days in WINDOWS:
        recent = future_of(cut, histories.person, day - days, day)
        columns += [recent.purchases, recent.spent]
    return np.column_stack(columns).astype(np.float64)


def learn(features: Floats, future: Future, *, seed: int) -> Learnt:
    """Return both parts, learnt from what people did after the day of their features.

    Raises UsageError where fewer than `FEWEST` bought, or did not.
    """
    bought = future.spent > 0
    if min(int(bought.sum()), int((~bought).sum())) < FEWEST:
        raise UsageError(
            f"learning value from examples needs {FEWEST} people who bought and {FEWEST} who did not; "
            f"there are {int(bought.sum())} and {int((~bought).sum())}"
        )
    settings = {"learning_rate": 0.05, "max_iter": 120, "max_leaf_nodes": 8, "early_stopping": False}
    few = {"min_samples_leaf": 30, "l2_regularization": 1.0, "random_state": seed}
    with threadpool_limits(1):
        buys = HistGradientBoostingClassifier(**settings, **few).fit(features, bought)
        spends = HistGradientBoostingRegressor(loss="gamma", **settings, **few)
        spends.fit(features[bought], future.spent[bought])
    return Learnt(buys, spends)


def learn_at(merged: Purchases, day: int, days: int, *, seed: int) -> Learnt:
    """Return what is learnt from all who were known on a day and what they did in the `days` after it."""
    histories = histories_of(merged, day)
    future = future_of(merged, histories.person, day, day + days)
    return learn(features_of(merged, histories, day), future, seed=seed)


def ranges_of(foretold: Floats, spent: Floats, *, top: float, confidence: float) -> Ranges:
    """Return what people spent of whom a twentieth of the forecasts was told, from a time that nobody learnt from."""
    order = np.argsort(foretold, kind="stable")
    parts: list[Integers] = [part for part in np.array_split(order, min(_GROUPS, len(order))) if len(part)]
    tail = (1 - confidence) / 2
    bound = np.quantile(spent, 1 - top)
    return Ranges(
        least=np.array([foretold[part].min() for part in parts]),
        low=np.array([np.quantile(spent[part], tail) for part in parts]),
        high=np.array([np.quantile(spent[part], 1 - tail) for part in parts]),
        top=np.array([((spent[part] >= bound) & (spent[part] > 0)).mean() for part in parts]),
    )


def whole_days(weeks: float) -> int:
    """Return a stretch of weeks in days.

    >>> whole_days(39.0)
    273
    """
    return round(weeks * DAYS_A_WEEK)
