"""What can be said of one variable and the goal, or of two variables, by ranks and tables alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency, kruskal, mannwhitneyu, rankdata, spearmanr

from kohort.learning.auc import auc_interval
from kohort.learning.importance.variables import Numbers
from kohort.stats.intervals import Interval, critical_value

_FEWEST = 3


@dataclass(frozen=True)
class Association:
    """How strongly two things go together, from -1 or 0 to 1, and how likely chance alone shows as much."""

    strength: Interval
    p_value: float


def number_and_conversion(values: Numbers, reached: npt.NDArray[np.bool_]) -> Association | None:
    """Return the rank-biserial correlation of a number with a goal, which is 2 AUC - 1.

    Kerby 2014, Comprehensive Psychology 3:1. The test is that of Mann and Whitney 1947, with ties. None where there is
    nobody on one side, or one value only.
    """
    if reached.all() or not reached.any() or values.min() == values.max():
        return None
    area = auc_interval(values, reached)
    low, high = 2 * area.low - 1, 2 * area.high - 1
    p_value = float(mannwhitneyu(values[reached], values[~reached], method="asymptotic").pvalue)
    return Association(Interval(2 * area.estimate - 1, low, high, area.n), p_value)


def number_and_number(one: Numbers, other: Numbers) -> Association | None:
    """Return the rank correlation of two numbers (Spearman 1904).

    The interval is that of Bonett and Wright 2000, Psychometrika 65:23, equation 3. None below four people, or where
    one of them has one value only.
    """
    n = len(one)
    if n <= _FEWEST or one.min() == one.max() or other.min() == other.max():
        return None
    found = spearmanr(one, other)
    rho = float(found.statistic)
    middle = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    reach = critical_value(0.95) * np.sqrt((1 + rho * rho / 2) / (n - _FEWEST))
    low, high = np.tanh(middle - reach), np.tanh(middle + reach)
    return Association(Interval(rho, float(low), float(high), n), float(found.pvalue))


def category_and_category(one: Numbers, other: Numbers, *, seed: int, draws: int = 200) -> Association | None:
    """Return Cramér's V of two categories without its bias (Bergsma 2013, J. Korean Statistical Society 42:323).

    The test is the chi-square test of independence; the interval the percentiles of the bootstrap of the table.
    None where one of them has one value only.
    """
    table = counted(one, other)
    if min(table.shape) == 1:
        return None
    p_value = float(chi2_contingency(table, correction=False).pvalue)
    return Association(_bootstrapped(table, cramers_v, seed=seed, draws=draws), p_value)


def rank_epsilon(codes: Numbers, values: Numbers) -> float:
    """Return how much of a number's ranks a category tells: the root of epsilon squared, from 0 to 1.

    Epsilon squared is eta squared of the ranks without its bias (Kelley 1935, PNAS 21:554). 0 where one has a single
    value.

    >>> rank_epsilon(np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 1.0, 2.0, 2.0]))
    1.0
    """
    groups = np.unique(codes)
    if len(groups) == 1 or values.min() == values.max():
        return 0.0
    ranks = rankdata(values)
    return _epsilon(len(groups), len(ranks), _eta_squared([ranks[codes == one] for one in groups]))


def category_and_number(codes: Numbers, values: Numbers, *, seed: int, draws: int = 200) -> Association | None:
    """Return how much of a number's ranks a category tells: see `rank_epsilon`.

    The test is that of Kruskal and Wallis 1952. The interval is the percentile bootstrap of twenty bins of ranks. None
    where one has a single value.
    """
    groups = [values[codes == one] for one in np.unique(codes)]
    if len(groups) == 1 or values.min() == values.max():
        return None
    p_value = float(kruskal(*groups).pvalue)
    ranks = rankdata(values)
    bins = np.minimum((ranks - 1) * 20 // len(ranks), 19)
    table = counted(codes, bins)
    scores = np.array([ranks[bins == one].mean() for one in np.unique(bins)])
    exact = rank_epsilon(codes, values)
    spread = _bootstrapped(table, lambda drawn: _eta_of(drawn, scores), seed=seed, draws=draws)
    shift = exact - spread.estimate
    low, high = (float(np.clip(end + shift, 0.0, 1.0)) for end in (spread.low, spread.high))
    return Association(Interval(exact, min(low, exact), max(high, exact), len(ranks)), p_value)


def cramers_v(table: npt.NDArray[np.int64]) -> float:
    """Return Cramér's V of a table of counts without its bias, 0 for one without two rows and columns that have any.

    >>> round(cramers_v(np.array([[50, 0], [0, 50]])), 6), cramers_v(np.array([[25, 25], [25, 25]]))
    (1.0, 0.0)
    """
    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, c) = int(kept.sum()), kept.shape
    if min(r, c) < 2 or n < 2:  # noqa: PLR2004 - two rows and two columns
        return 0.0
    expected = kept.sum(axis=1, keepdims=True) * kept.sum(axis=0, keepdims=True) / n
    square = float(((kept - expected) ** 2 / expected).sum()) / n
    square = max(0.0, square - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    least = min(rows, columns) - 1
    return 0.0 if least <= 0 else float(min(1.0, np.sqrt(square / least)))


def counted(one: Numbers, other: Numbers) -> npt.NDArray[np.int64]:
    """Return how many people have each pair of values, a row for each value of `one`.

    >>> counted(np.array([0.0, 0.0, 2.0]), np.array([1.0, 1.0, 5.0])).tolist()
    [[2, 0], [0, 1]]
    """
    rows, row = np.unique(one, return_inverse=True)
    columns, column = np.unique(other, return_inverse=True)
    cells = np.bincount(row * len(columns) + column, minlength=len(rows) * len(columns))
    return cells.reshape(len(rows), len(columns)).astype(np.int64)


def _bootstrapped(
    table: npt.NDArray[np.int64], measure: Callable[[npt.NDArray[np.int64]], float], *, seed: int, draws: int
) -> Interval:
    n = int(table.sum())
    drawn = np.random.default_rng(seed).multinomial(n, table.ravel() / n, size=draws)
    found = [measure(one.reshape(table.shape)) for one in drawn]
    estimate = measure(table)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate), n)


def _eta_of(table: npt.NDArray[np.int64], scores: Numbers) -> float:
    sizes = table.sum(axis=1)
    kept, sizes = table[sizes > 0], sizes[sizes > 0]
    n = int(sizes.sum())
    means = kept @ scores / sizes
    mean = float(sizes @ means) / n
    total = float(table.sum(axis=0) @ (scores - mean) ** 2)
    between = float(sizes @ (means - mean) ** 2)
    return _epsilon(len(sizes), n, between / total if total else 0.0)


def _eta_squared(groups: list[Numbers]) -> float:
    every = np.concatenate(groups)
    mean = every.mean()
    between = sum(len(one) * (one.mean() - mean) ** 2 for one in groups)
    return float(between / ((every - mean) ** 2).sum())


def _epsilon(groups: int, n: int, eta_squared: float) -> float:
    if n <= groups:
        return 0.0
    return float(np.sqrt(max(0.0, 1 - (1 - eta_squared) * (n - 1) / (n - groups))))
