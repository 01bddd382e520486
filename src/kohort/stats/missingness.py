"""Whether values are missing completely at random, and with what their being missing goes together.

Missing *completely at random* means that who lacks a value has nothing to do with anything; missing *at random*, that
it has to do with what is known of them only. The first can be refuted by data. Whether it has to do with the missing
values themselves cannot be told from data that lack them (Molenberghs et al. 2008, JRSS B 70:371).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.comparisons import benjamini_hochberg
from kohort.stats.distributions import chi_square_tail, student_tail

Values = npt.NDArray[np.float64]

_MOST_ROUNDS: Final = 1_000
_SETTLED: Final = 1e-8
_RIDGE: Final = 1e-9


@dataclass(frozen=True)
class RandomnessTest:
    """Little's test: a small `p_value` says that values are not missing completely at random.

    `patterns` counts the combinations of known and missing columns, `people` the rows that it rests on.
    """

    statistic: float
    df: int
    p_value: float
    patterns: int
    people: int


@dataclass(frozen=True)
class MissingAssociation:
    """Whether people who lack the column `missing` differ from the others in the column `of`.

    `difference` is that of the means, who lack it minus the others, in standard deviations; `p_value` that of Welch's
    test, `adjusted` the same with the false discovery rate of all comparisons held (Benjamini and Hochberg 1995).
    """

    missing: str
    of: str
    difference: float
    p_value: float
    adjusted: float


def little_test(values: Values) -> RandomnessTest:
    """Test whether values are missing completely at random.

    Little 1988, JASA 83:1198: the means of each pattern of missing values are compared with those of all, under a
    normal model whose parameters are found by `normal_moments`. `values` is float64 of shape (people, columns), NaN
    where missing; rows and columns without any value are left out.

    Raises UsageError if no value is missing, no column varies, or fewer than two people are left.

    >>> random = np.random.default_rng(1)
    >>> values = random.normal(size=(500, 3))
    >>> values[random.random(values.shape) < 0.1] = np.nan
    >>> found = little_test(values)
    >>> found.df, found.patterns, found.p_value > 0.05
    (9, 7, True)
    """
    scaled = _scaled(values)
    patterns = _patterns(scaled)
    if len(patterns) == 1:
        raise UsageError("Little's test needs missing values in some rows and not in others; there is one pattern here")
    mean, covariance = normal_moments(scaled)
    people = len(scaled)
    covariance = covariance * people / (people - 1)
    statistic, known = 0.0, 0
    for there, rows in patterns:
        apart = scaled[np.ix_(rows, there)].mean(axis=0) - mean[there]
        statistic += len(rows) * float(apart @ _solved(covariance[np.ix_(there, there)], apart))
        known += len(there)
    df = known - scaled.shape[1]
    return RandomnessTest(statistic, df, chi_square_tail(statistic, df), len(patterns), people)


def normal_moments(values: Values) -> tuple[Values, Values]:
    """Return the mean and covariance of a normal distribution most likely for values of which some are missing.

    Dempster, Laird and Rubin 1977, JRSS B 39:1 (expectation and maximisation; Little and Rubin 2002, section 11.2.1).
    `values` has shape (people, columns), each row with a value at least; the result (columns,) and (columns, columns).
    Without missing values these are the mean and the covariance that divides by n.

    >>> mean, covariance = normal_moments(np.array([[1.0, 2.0], [3.0, 4.0], [2.0, 3.0]]))
    >>> mean.tolist(), covariance.round(4).tolist()
    ([2.0, 3.0], [[0.6667, 0.6667], [0.6667, 0.6667]])
    """
    patterns = _patterns(values)
    mean: Values = np.nanmean(values, axis=0, dtype=np.float64)
    covariance: Values = np.diag(np.nanvar(values, axis=0))
    for _ in range(_MOST_ROUNDS):
        before = mean, covariance
        mean, covariance = _expected(values, patterns, mean, covariance)
        moved = max(float(np.abs(mean - before[0]).max()), float(np.abs(covariance - before[1]).max()))
        if moved < _SETTLED * max(1.0, float(np.abs(covariance).max())):
            break
    return mean, covariance


def missing_associations(values: Values, names: Sequence[str]) -> list[MissingAssociation]:
    """Compare, for each column that some lack, those people with the others in every other column.

    Welch 1947, Biometrika 34:28. `values` has shape (people, columns) with `names`. Strongest evidence first.
    Comparisons with fewer than two values on a side, or without spread, are left out.

    >>> ages = np.array([20.0, 22.0, 24.0, 60.0, 62.0, 64.0])
    >>> incomes = np.array([1.0, 2.0, 3.0, np.nan, np.nan, np.nan])
    >>> found = missing_associations(np.column_stack([ages, incomes]), ["age", "income"])
    >>> [(one.missing, one.of, round(one.difference, 2)) for one in found]
    [('income', 'age', 20.0)]
    """
    missing = np.isnan(values)
    found = []
    for lacked, other in ((a, b) for a in range(len(names)) for b in range(len(names)) if a != b):
        known = ~missing[:, other]
        without = values[known & missing[:, lacked], other]
        having = values[known & ~missing[:, lacked], other]
        compared = _welch(without, having)
        if compared is not None:
            found.append(MissingAssociation(names[lacked], names[other], *compared, adjusted=1.0))
    adjusted = benjamini_hochberg([one.p_value for one in found])
    found = [replace(one, adjusted=float(value)) for one, value in zip(found, adjusted, strict=True)]
    return sorted(found, key=lambda one: (one.p_value, -abs(one.difference), one.missing, one.of))


def _welch(one: Values, other: Values) -> tuple[float, float] | None:
    """Return the difference of two means in their common standard deviation, and the p-value of there being none."""
    if min(len(one), len(other)) < 2:  # noqa: PLR2004 - a variance needs two
        return None
    first, second = one.var(ddof=1), other.var(ddof=1)
    errors = first / len(one), second / len(other)
    if sum(errors) <= 0:
        return None
    df = sum(errors) ** 2 / (errors[0] ** 2 / (len(one) - 1) + errors[1] ** 2 / (len(other) - 1))
    apart = one.mean() - other.mean()
    return float(apart / np.sqrt((first + second) / 2)), student_tail(float(apart / np.sqrt(sum(errors))), float(df))


def _scaled(values: Values) -> Values:
    """Return rows with any value, and columns that vary, standardised: the test does not depend on units."""
    kept = values[~np.isnan(values).all(axis=1)]
    there = ~np.isnan(kept).all(axis=0)
    kept = kept[:, there]
    if kept.size:
        spread = np.nanstd(kept, axis=0)
        kept = (kept - np.nanmean(kept, axis=0))[:, spread > 0] / spread[spread > 0]
        kept = kept[~np.isnan(kept).all(axis=1)]
    if kept.shape[0] < 2 or kept.shape[1] == 0:  # noqa: PLR2004 - a variance needs two
        raise UsageError("Little's test needs two people or more with values, and a column that varies")
    return kept


def _patterns(values: Values) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the columns that are there and the rows, for each combination of missing columns."""
    packed = np.packbits(~np.isnan(values), axis=1)
    kinds, of = np.unique(packed, axis=0, return_inverse=True)
    order = np.argsort(of.ravel(), kind="stable")
    starts = np.searchsorted(of.ravel()[order], np.arange(len(kinds) + 1))
    there = np.unpackbits(kinds, axis=1, count=values.shape[1]).astype(bool)
    return [(np.flatnonzero(there[kind]), order[starts[kind] : starts[kind + 1]]) for kind in range(len(kinds))]


def _expected(
    values: Values,
    patterns: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    mean: Values,
    covariance: Values,
) -> tuple[Values, Values]:
    """Return the moments of the values completed by what `mean` and `covariance` expect of them."""
    size = values.shape[1]
    total, squares = np.zeros(size), np.zeros((size, size))
    for there, rows in patterns:
        whole = np.empty((len(rows), size))
        whole[:, there] = values[np.ix_(rows, there)]
        lacking = np.setdiff1d(np.arange(size), there)
        if len(lacking):
            cross = covariance[np.ix_(there, lacking)]
            slopes = _solved(covariance[np.ix_(there, there)], cross)
            whole[:, lacking] = mean[lacking] + (whole[:, there] - mean[there]) @ slopes
            squares[np.ix_(lacking, lacking)] += len(rows) * (covariance[np.ix_(lacking, lacking)] - cross.T @ slopes)
        total += whole.sum(axis=0)
        squares += (whole - mean).T @ (whole - mean)
    found = total / len(values)
    moved = found - mean
    return found, squares / len(values) - np.outer(moved, moved)


def _solved(matrix: Values, right: Values) -> Values:
    """Solve for a covariance; a little is added to its diagonal, since traits may say the same twice."""
    ridge = _RIDGE * max(float(np.trace(matrix)) / len(matrix), _RIDGE)
    solved: Values = np.asarray(np.linalg.solve(matrix + ridge * np.eye(len(matrix)), right), dtype=np.float64)
    return solved
