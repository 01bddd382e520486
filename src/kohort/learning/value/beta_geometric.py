"""BG/NBD and MBG/NBD: people buy at random, and after a purchase may stop for good.

A person buys as a Poisson process of rate λ, gamma distributed with shape r and rate α over people; after each
purchase they stop with probability p, beta distributed with a and b. In BG/NBD nobody stops at their first purchase
(Fader, Hardie and Lee 2005, Marketing Science 24:275); in MBG/NBD everybody may (Batislam, Denizel and Filiztekin 2007,
International Journal of Research in Marketing 24:201). They differ by one chance to stop: the same formulas serve both.

The expected purchases are the paper's (equation 10) after Euler's transformation of the Gaussian hypergeometric
function, which takes the powers of x away: nothing overflows, however often somebody bought.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, digamma, gammaln, hyp2f1

from kohort.learning.value.purchasing import Places, Rows, usual_rate

Floats = NDArray[np.float64]

_LARGEST: Final = 2e3
"""Beyond this, where people hardly differ any more, the series would lose all digits."""
_QUANTILES: Final = 64
_POLE: Final = 1e-7
"""How near to 1 the parameter a may come: at 1 the expectation is a limit."""


@dataclass(frozen=True)
class BetaGeometric:
    """A model of repeat purchases; `chances` is how often people may stop before their first repeat purchase, 0 or 1.

    >>> from kohort.learning.value.purchasing import fresh
    >>> BG_NBD.expected(np.array([0.243, 4.414, 0.793, 2.426]), fresh(), 52).round(3).tolist()
    [1.446]
    """

    key: str
    chances: int

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: of the rate of purchases, and of the probability to stop."""
        return ("r", "alpha", "a", "b")

    def start(self, rows: Rows) -> Floats:
        """Return parameters to begin the search with."""
        return np.array([*usual_rate(rows), 1.0, 2.0])

    def log_likelihood(self, values: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return the log likelihood of each row (equation 6), and its gradient, shape (4, rows)."""
        r, alpha, a, b = values
        x, stops = rows.frequency, rows.frequency + self.chances
        still, gone, here = self._ways(values, rows)
        total = np.logaddexp(still, gone)
        share = np.exp(gone - total)
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        kept = gammaln(a + b) + gammaln(b + stops) - gammaln(b) - gammaln(a + b + stops)
        by_end, by_last = (1 - share) / (alpha + rows.age), share / (alpha + rows.recency)
        all_stops = digamma(a + b) - digamma(a + b + stops)
        gradient = np.stack(
            [
                digamma(r + x)
                - digamma(r)
                + np.log(alpha)
                - (1 - share) * np.log(alpha + rows.age)
                - share * np.log(alpha + rows.recency),
                r / alpha - (r + x) * (by_end + by_last),
                all_stops + share / a,
                all_stops + digamma(b + stops) - digamma(b) - share / here,
            ]
        )
        return rate + kept + total, gradient

    def alive(self, values: Floats, rows: Rows) -> Floats:
        """Return the probability that somebody has not stopped: in BG/NBD 1 for all who bought once."""
        still, gone, _ = self._ways(values, rows)
        return np.asarray(np.exp(still - np.logaddexp(still, gone)))

    def expected(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the purchases to expect in the `horizon` weeks after each history."""
        r, alpha, a, b = values
        if abs(a - 1) < _POLE:
            a = 1 + _POLE
        stops = rows.frequency + self.chances
        if max(r, a + b) > _LARGEST:
            return self._expected_by_quantiles(values, rows, horizon)
        rest = np.log1p(-horizon / (alpha + rows.age + horizon))
        every = a + b + stops - 1
        series = hyp2f1(a - 1, a + b + self.chances - 1 - r, every, -np.expm1(rest))
        if_alive = every / (a - 1) * (1 - np.exp((a - 1) * rest) * series)
        return np.asarray(if_alive * self.alive(values, rows))

    def _expected_by_quantiles(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the same as a mean over quantiles of the probability to stop."""
        r, alpha, a, b = values
        stops = (rows.frequency + self.chances)[:, None]
        levels = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
        stop = np.maximum(betaincinv(a, b + stops, levels), 1e-12)
        shape, pace = (r + rows.frequency)[:, None], (horizon / (alpha + rows.age))[:, None]
        if_alive = (-np.expm1(-shape * np.log1p(stop * pace)) / stop).mean(axis=1)
        return np.asarray(if_alive * self.alive(values, rows))

    def active(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the probability of at least one purchase in the `horizon` weeks after each history."""
        r, alpha = values[:2]
        silent = np.exp((r + rows.frequency) * np.log((alpha + rows.age) / (alpha + rows.age + horizon)))
        return np.asarray(self.alive(values, rows) * (1 - silent))

    def draw(
        self, values: Floats, rows: Rows, places: Places, horizon: float, generator: np.random.Generator
    ) -> Floats:
        """Return how often people buy in the `horizon`, in one world drawn from the model and what is known."""
        r, alpha, a, b = values
        x, size = rows.frequency[places], len(places)
        alive = generator.random(size) < self.alive(values, rows)[places]
        tried = generator.poisson(generator.gamma(r + x) / (alpha + rows.age[places]) * horizon)
        stop = generator.beta(a, b + x + self.chances)
        # The purchase at which somebody stops is the first success of throws of chance `stop`.
        last = np.log(generator.random(size)) / np.log1p(-np.clip(stop, 1e-15, 1 - 1e-12))
        return np.asarray(np.where(alive, np.minimum(tried, np.floor(np.minimum(last, 1e15)) + 1), 0.0))

    def _ways(self, values: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return the logarithms of the two ways to a history, of those still here and of those gone; b + stops - 1."""
        r, alpha, a, b = values
        stops = rows.frequency + self.chances
        here = np.where(stops > 0, b + stops - 1, 1.0)
        still = -(r + rows.frequency) * np.log(alpha + rows.age)
        gone = np.log(a) - np.log(here) - (r + rows.frequency) * np.log(alpha + rows.recency)
        return still, np.where(stops > 0, gone, -np.inf), here


BG_NBD: Final = BetaGeometric("bg_nbd", 0)
MBG_NBD: Final = BetaGeometric("mbg_nbd", 1)
