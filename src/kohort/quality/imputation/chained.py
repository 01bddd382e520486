"""Multiple imputation by chained equations: each column regressed on the others, in turn, and drawn from.

Van Buuren and Groothuis-Oudshoorn 2011, Journal of Statistical Software 45(3). One completed data set takes what was
guessed for what was told, and makes everything computed from it look too certain. Several, drawn anew each, differ
where nobody knows, and `kohort.stats.pooling` reads the uncertainty from that.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.definitions.repair import Drawing
from kohort.errors import UsageError
from kohort.quality.imputation.limits import refuse_chains
from kohort.quality.imputation.scale import scale_of

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_RIDGE: Final = 1e-5
_MATCHES: Final = 5
_PEOPLE_A_MATCH: Final = 10
_FEWEST: Final = 2


@dataclass(frozen=True, eq=False)
class Draws:
    """Values drawn several times for the missing ones of each column.

    `values` is float64 of shape (people, columns), NaN where missing. `rows` gives, by column, who lacks a value, and
    `drawn` what was drawn for them, shape (draws, missing).
    """

    values: Values
    rows: tuple[Places, ...]
    drawn: tuple[Values, ...]

    def completed(self, column: int) -> list[Values]:
        """Return a column completed by each draw, each of shape (people,)."""
        found = []
        for drawn in self.drawn[column]:
            whole = self.values[:, column].copy()
            whole[self.rows[column]] = drawn
            found.append(whole)
        return found

    def expected(self, column: int) -> Values:
        """Return a column completed by the mean of the draws: the best single value, and less spread than the truth."""
        whole = self.values[:, column].copy()
        whole[self.rows[column]] = self.drawn[column].mean(axis=0)
        return whole


def chained_draws(
    values: Values, *, draws: int = 10, rounds: int = 5, seed: int = 0, drawing: Drawing = Drawing.MATCHING
) -> Draws:
    """Draw the missing values of `values`, float64 of shape (people, columns), NaN where missing, `draws` times.

    Each draw is a chain of its own: missing values begin as known ones drawn at random; then, `rounds` times, each
    column with missing values, the fewest first, is regressed on all others; coefficients are drawn from
    their posterior (van Buuren 2018, Flexible Imputation of Missing Data, algorithm 3.1); and each value is drawn by
    `drawing`: from the normal distribution about its prediction, or from one of the five people (of fewer than fifty
    with a value, a tenth of them) whose predictions are nearest (predictive mean
    matching, type 1: algorithm 3.3), which never gives a value that nobody has.

    A regression needs the sums of squares and products only, and only rows that changed change them; so it takes time
    in missing values × columns², and memory in people × columns.

    Raises UsageError, before it begins, if that is too much (`limits.MOST_CELLS`), for a column with fewer than two
    values, and for numbers of draws or rounds below one.

    >>> random = np.random.default_rng(1)
    >>> ages = random.uniform(20, 60, 200)
    >>> incomes = 1_000 * ages + random.normal(0, 500, 200)
    >>> incomes[:20] = np.nan
    >>> found = chained_draws(np.column_stack([ages, incomes]), draws=3, drawing=Drawing.NORMAL)
    >>> found.drawn[1].shape, bool(np.abs(found.expected(1)[:20] - 1_000 * ages[:20]).max() < 1_500)
    ((3, 20), True)
    """
    missing = np.isnan(values)
    if draws < 1 or rounds < 1:
        raise UsageError(f"chained equations need at least one draw and one round; got {draws} and {rounds}")
    if ((~missing).sum(axis=0) < _FEWEST).any():
        raise UsageError("chained equations need two known values or more in each column; leave the others out")
    refuse_chains(len(values), values.shape[1], int(missing.sum()), draws)
    scale = scale_of(values)
    rows = tuple(np.flatnonzero(missing[:, column]) for column in range(values.shape[1]))
    drawn = tuple(np.empty((draws, len(its))) for its in rows)
    for number, source in enumerate(np.random.SeedSequence(seed).spawn(draws)):
        chain = _Chain(scale.apply(values), rows, np.random.default_rng(source), drawing)
        for _ in range(rounds):
            chain.go_round()
        for column, its in enumerate(rows):
            drawn[column][number] = chain.of(column)[its] * scale.deviation[column] + scale.mean[column]
    return Draws(values, rows, drawn)


class _Chain:
    """A completed data set that is drawn anew, column by column.

    The last of its columns is one everywhere; `products` are the sums of products of each two columns.
    """

    def __init__(self, values: Values, rows: tuple[Places, ...], random: np.random.Generator, drawing: Drawing) -> None:
        self._rows, self._random, self._drawing = rows, random, drawing
        self._table = np.column_stack([values, np.ones(len(values))])
        for column, its in enumerate(rows):
            if len(its):
                known = values[~np.isnan(values[:, column]), column]
                self._table[its, column] = random.choice(known, len(its))
        self._products = self._table.T @ self._table
        self._known = [np.flatnonzero(~np.isnan(values[:, column])) for column in range(len(rows))]
        self._order = sorted((one for one, its in enumerate(rows) if len(its)), key=lambda one: len(rows[one]))

    def of(self, column: int) -> Values:
        """Return a completed column."""
        found: Values = self._table[:, column]
        return found

    def go_round(self) -> None:
        """Draw every column with missing values once."""
        for column in self._order:
            self._draw(column)
        self._products = self._table.T @ self._table  # without the rounding of what was added and taken away

    def _draw(self, column: int) -> None:
        rows = self._rows[column]
        lacking = self._table[rows]
        others = np.delete(np.arange(self._table.shape[1]), column)
        known = self._products - lacking.T @ lacking
        best, drawn, deviation = self._coefficients(known, column, others, len(self._table) - len(rows))
        predicted = lacking[:, others] @ drawn
        if self._drawing is Drawing.NORMAL:
            found = predicted + deviation * self._random.standard_normal(len(rows))
        else:
            # For a known value the best coefficients, for a missing one the drawn: between them lies what is unknown.
            having = self._known[column]
            fitted = (self._table @ np.insert(best, column, 0.0))[having]
            found = self._table[having[_matched(fitted, predicted, self._random)], column]
        before = lacking[:, column].copy()
        self._table[rows, column] = found
        change = lacking[:, others].T @ (found - before)
        self._products[others, column] += change
        self._products[column, others] += change
        self._products[column, column] += float(found @ found - before @ before)

    def _coefficients(self, known: Values, column: int, others: Places, people: int) -> tuple[Values, Values, float]:
        """Return the best coefficients of a regression, drawn ones, and the drawn deviation of its errors."""
        matrix = known[np.ix_(others, others)]
        inverse = np.linalg.inv(matrix + np.diag(_RIDGE * np.maximum(np.diag(matrix), 1.0)))
        best = inverse @ known[others, column]
        squares = known[column, column] - 2 * best @ known[others, column] + best @ matrix @ best
        df = max(1, people - len(others))
        deviation = float(np.sqrt(max(squares, 0.0) / self._random.chisquare(df)))
        root = np.linalg.cholesky((inverse + inverse.T) / 2)
        drawn = best + deviation * (root @ self._random.standard_normal(len(others)))
        return best, drawn, deviation


def _matched(fitted: Values, predicted: Values, random: np.random.Generator) -> Places:
    """Return, for each prediction, the place of one of the people whose fitted values are nearest."""
    order = np.argsort(fitted, kind="stable")
    ordered = fitted[order]
    # Among few people the fifth nearest is nowhere near.
    matches = min(_MATCHES, max(1, len(fitted) // _PEOPLE_A_MATCH))
    right = np.searchsorted(ordered, predicted)
    window = right[:, None] + np.arange(-matches, matches)
    inside = np.clip(window, 0, len(order) - 1)
    apart = np.abs(ordered[inside] - predicted[:, None])
    apart[(window < 0) | (window >= len(order))] = np.inf
    nearest = np.argpartition(apart, matches - 1, axis=1)[:, :matches]
    chosen = nearest[np.arange(len(predicted)), random.integers(0, matches, len(predicted))]
    found: Places = order[inside[np.arange(len(predicted)), chosen]]
    return found
