"""What people will be worth: purchases to come times what each is worth, discounted, and how far off that may be.

Fader, Hardie and Lee 2005, RFM and CLV, Journal of Marketing Research 42:415. How far off: worlds are drawn. In each,
the parameters come from their asymptotic normal distribution (of their logarithms), each person's own rate, end and
value from what they are given the history, and purchases and amounts from those. So an interval tells what a person
*will do*, and not how well a mean is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.learning.value.fitting import Fit, Floats
from kohort.learning.value.gamma_gamma import expected_value
from kohort.learning.value.purchasing import Places, PurchaseModel, Rows, distinct_rows
from kohort.learning.value.results import Terms
from kohort.learning.value.summaries import Histories

CONFIDENCE: Final = 0.9
"""In how many worlds a person's worth is inside their interval."""
WEEKS_A_YEAR: Final = 365.25 / 7
_NODES: Final = 8


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is foretold of each person, arrays of shape (people,).

    `purchases` in the horizon, `value` of one, `worth` of all (discounted, times the margin), `active` the chance of at
    least one purchase. `alive` is the model's probability that they have not stopped: no score of churn, since it is 1
    by construction for whoever bought once under BG/NBD. NaN where a model does not speak of it.
    """

    purchases: Floats
    value: Floats
    worth: Floats
    active: Floats
    alive: Floats


@dataclass(frozen=True, eq=False)
class Spread:
    """How far off a forecast may be: `low` and `high` of each, the chance to be at the `top`, each (people,).

    `sums` has shape (worlds, groups): what the people of each group spend together in each world.
    """

    low: Floats
    high: Floats
    top: Floats
    sums: Floats


@dataclass(frozen=True, eq=False)
class FittedValue:
    """A model of purchases and one of their values, fitted to histories."""

    model: PurchaseModel
    purchases: Fit
    values: Fit
    histories: Histories

    def forecast(self, terms: Terms) -> Forecast:
        """Return what is foretold of each person."""
        rows, places = self._rows
        found = np.array(self.purchases.values)
        value = self._value(np.array(self.values.values))
        return Forecast(
            purchases=self.model.expected(found, rows, terms.weeks)[places],
            value=value,
            worth=discounted(self.model, found, rows, terms)[places] * value * terms.margin,
            active=self.model.active(found, rows, terms.weeks)[places],
            alive=self.model.alive(found, rows)[places],
        )

    def spread(self, terms: Terms, groups: NDArray[np.int64], *, top: float, worlds: int, seed: int) -> Spread:
        """Return how far off the forecast may be; `groups` holds the group of each person, from 0."""
        size, tail = len(self.histories), (1 - CONFIDENCE) / 2
        drawn = np.empty((worlds, size), dtype=np.float32)
        sums, inside = [], np.zeros(size)
        most = max(1, round(top * size))
        for place, spent in enumerate(self._worlds(terms, worlds, seed)):
            drawn[place] = spent
            sums.append(np.bincount(groups, weights=spent))
            least = np.partition(spent, size - most)[size - most]
            inside += (spent >= least) & (spent > 0)
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0, overwrite_input=True)
        return Spread(low.astype(np.float64), high.astype(np.float64), inside / worlds, np.array(sums))

    def _worlds(self, terms: Terms, worlds: int, seed: int) -> Iterator[Floats]:
        """Yield what each person is worth in one world after the other."""
        generator = np.random.default_rng(seed)
        rows, places = self._rows
        found = np.array(self.purchases.values)
        # Within a horizon the moments of purchases are taken to be those of the mean.
        expected = self.model.expected(found, rows, terms.weeks)
        kept = discounted(self.model, found, rows, terms) / np.maximum(expected, 1e-300)
        factor = (np.where(expected > 0, kept, 1.0) * terms.margin)[places]
        known = self.histories.valued * self.histories.mean_value
        for _ in range(worlds):
            bought = self.model.draw(_drawn(self.purchases, generator), rows, places, terms.weeks, generator)
            p, q, v = _drawn(self.values, generator)
            rate = generator.gamma(q + p * self.histories.valued) / (v + known)
            some = np.nonzero(bought)[0]
            spent = np.zeros(len(bought))
            spent[some] = generator.gamma(p * bought[some]) / np.maximum(rate[some], 1e-300)
            yield spent * factor

    def _value(self, values: Floats) -> Floats:
        """Return the value of a purchase of each; where the model has no mean for newcomers, that of all others."""
        found = expected_value(values, self.histories.valued, self.histories.mean_value)
        seen = self.histories.mean_value[self.histories.valued > 0]
        return np.where(np.isfinite(found), found, seen.mean())

    @cached_property
    def _rows(self) -> tuple[Rows, Places]:
        return distinct_rows(self.histories)


def discounted(model: PurchaseModel, values: Floats, rows: Rows, terms: Terms) -> Floats:
    """Return the purchases to expect, each counted less the later it comes, shape (rows,).

    The integral of exp(-δt) dE(t) by parts, by Gauss and Legendre's nodes; δ is the discount a week.
    """
    rate = np.log1p(terms.discount) / WEEKS_A_YEAR
    whole = model.expected(values, rows, terms.weeks)
    if rate == 0:
        return whole
    found = np.exp(-rate * terms.weeks) * whole
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    for node, weight in zip((nodes + 1) / 2 * terms.weeks, weights / 2 * terms.weeks, strict=True):
        found = found + weight * rate * np.exp(-rate * node) * model.expected(values, rows, float(node))
    return np.asarray(found)


def _drawn(fit: Fit, generator: np.random.Generator) -> Floats:
    """Return parameters that may be the true ones; the found ones where it is not known how sure they are."""
    logs = np.log(fit.values)
    if fit.covariance is None:
        return np.exp(logs)
    return np.exp(generator.multivariate_normal(logs, np.array(fit.covariance)))
