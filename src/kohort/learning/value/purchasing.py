"""What the models of repeat purchases have in common: distinct histories, and what is asked of a model."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kohort.errors import UsageError
from kohort.learning.value.fitting import Fit, Likelihood, maximise
from kohort.learning.value.summaries import Histories

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rows:
    """Histories that differ, each array of shape (rows,), float64: `people` says how many have each one.

    `frequency`, `recency` and `age` are those of `Histories`, in weeks.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    people: Floats

    def __len__(self) -> int:
        return len(self.frequency)


class PurchaseModel(Protocol):
    """A model of when people buy again, and when they stop to.

    `values` are its parameters, in the order of `names`; times are in weeks, and results have shape (rows,).
    """

    @property
    def key(self) -> str:
        """What definitions and documents call it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parameters."""

    def start(self, rows: Rows) -> Floats:
        """Return parameters to begin the search with."""

    def log_likelihood(self, values: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return the log likelihood of each row, and its gradient by the parameters, shape (parameters, rows)."""

    def alive(self, values: Floats, rows: Rows) -> Floats:
        """Return the probability that somebody has not stopped for good, which is no score of churn."""

    def expected(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the purchases to expect in the `horizon` after each history."""

    def active(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the probability of at least one purchase in the `horizon` after each history."""

    def draw(
        self, values: Floats, rows: Rows, places: Places, horizon: float, generator: np.random.Generator
    ) -> Floats:
        """Return how often people buy in the `horizon`, in one world drawn from the model and what is known.

        `places` holds the row of each, and the result has shape (people,).
        """


def distinct_rows(histories: Histories) -> tuple[Rows, Places]:
    """Return the histories that differ, and for each person the place of theirs.

    >>> from kohort.learning.value.summaries import Purchases, histories_of
    >>> bought = Purchases(np.array([0, 0, 1, 2, 2]), np.array([0, 7, 3, 0, 7]), np.ones(5))
    >>> rows, places = distinct_rows(histories_of(bought, 14))
    >>> rows.frequency.tolist(), rows.people.tolist(), places.tolist()
    ([0.0, 1.0], [1.0, 2.0], [1, 0, 1])
    """
    keys = np.zeros(len(histories), dtype=np.int64)
    for column in (histories.frequency, histories.recency, histories.age):
        values, codes = np.unique(column, return_inverse=True)
        keys = keys * len(values) + codes
    _, first, places, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    rows = Rows(
        histories.frequency[first].astype(np.float64),
        histories.recency[first],
        histories.age[first],
        counts.astype(np.float64),
    )
    return rows, places


def fresh(age: float = 0.0) -> Rows:
    """Return the history of somebody who has just bought for the first time, or did `age` weeks ago.

    >>> fresh().frequency.tolist()
    [0.0]
    """
    return Rows(np.zeros(1), np.zeros(1), np.full(1, float(age)), np.ones(1))


def likelihood_of(model: PurchaseModel, rows: Rows) -> Likelihood:
    """Return the log likelihood of all people as a function of a model's parameters, with its gradient."""

    def likelihood(values: Floats) -> tuple[float, Floats]:
        found, gradient = model.log_likelihood(values, rows)
        return float(found @ rows.people), gradient @ rows.people

    return likelihood


def fit_purchases(model: PurchaseModel, rows: Rows) -> Fit:
    """Return the parameters under which the histories are most likely.

    Raises UsageError without a repeat purchase, or where somebody's last purchase comes after their end.
    """
    if (rows.recency > rows.age).any() or (rows.recency < 0).any() or (rows.frequency < 0).any():
        raise UsageError("the last purchase must be between the first one and the end")
    if not (rows.frequency > 0).any():
        raise UsageError("nobody bought twice; a model of repeat purchases has nothing to learn from")
    return maximise(likelihood_of(model, rows), model.names, model.start(rows), int(rows.people.sum()))


def usual_rate(rows: Rows) -> tuple[float, float]:
    """Return r and α of a gamma distribution to begin a search with: the mean rate of purchases, widely spread."""
    rate = float(rows.frequency @ rows.people) / max(1e-9, float(rows.age @ rows.people))
    return 0.5, 0.5 / rate
