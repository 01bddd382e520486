"""Rubin's rules: one estimate from several completed data sets, as uncertain as what was missing makes it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.distributions import student_critical


@dataclass(frozen=True)
class Pooled:
    """An estimate pooled over `draws` completed data sets, with its interval.

    `within` is the mean of the draws' own variances, `between` the variance of their estimates, `variance` the whole,
    `df` the degrees of freedom of the interval, and `missing_information` the share of the information about the
    estimate that the missing values took (Rubin 1987, equation 3.1.10).
    """

    estimate: float
    low: float
    high: float
    within: float
    between: float
    variance: float
    df: float
    missing_information: float
    draws: int


def pool(
    estimates: Sequence[float],
    variances: Sequence[float],
    *,
    complete_df: float = math.inf,
    confidence: float = 0.95,
) -> Pooled:
    """Pool the estimates of completed data sets, each with its squared standard error, into one.

    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 3.1. `complete_df` are the degrees of freedom
    that the estimate would have had without missing values; with a finite number those of Barnard and Rubin 1999,
    Biometrika 86:948, are used, which never exceed it.

    Raises UsageError for fewer than two draws: one completed data set cannot show what it does not know.

    >>> found = pool([10.0, 11.0, 12.0], [4.0, 4.0, 4.0])
    >>> found.estimate, found.within, found.between, round(found.variance, 4), round(found.df, 2)
    (11.0, 4.0, 1.0, 5.3333, 32.0)
    """
    draws = len(estimates)
    if draws < 2 or len(variances) != draws:  # noqa: PLR2004 - a variance needs two
        raise UsageError(
            f"pooling needs two draws or more, each with its variance; got {draws} and {len(variances)}: "
            "impute several times"
        )
    within, between = float(np.mean(variances)), float(np.var(estimates, ddof=1))
    added = (1 + 1 / draws) * between
    variance = within + added
    share = added / variance if variance > 0 else 0.0
    df = _degrees(share, draws, complete_df)
    estimate = float(np.mean(estimates))
    reach = student_critical(confidence, df) * math.sqrt(variance)
    ratio = added / within if within > 0 else math.inf
    information = share if math.isinf(ratio) else (ratio + 2 / (df + 3)) / (ratio + 1)
    return Pooled(
        estimate,
        estimate - reach,
        estimate + reach,
        within,
        between,
        variance,
        df,
        information if between > 0 else 0.0,
        draws,
    )


def pooled_mean(draws: Sequence[npt.NDArray[np.float64]], *, confidence: float = 0.95) -> Pooled:
    """Return the pooled mean of completed columns, each float64 of shape (n,) without missing values.

    Raises UsageError for fewer than two draws or values.

    >>> found = pooled_mean([np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])])
    >>> round(found.estimate, 4), found.draws
    (2.1667, 2)
    """
    size = min((len(one) for one in draws), default=0)
    if size < 2:  # noqa: PLR2004 - a variance needs two
        raise UsageError(f"the pooled mean needs two values or more in each draw; got {size}")
    return pool(
        [float(one.mean()) for one in draws],
        [float(one.var(ddof=1)) / len(one) for one in draws],
        complete_df=size - 1,
        confidence=confidence,
    )


def _degrees(share: float, draws: int, complete: float) -> float:
    """Return the degrees of freedom; `share` is that of the variance which missing values cause."""
    square = share * share
    among_draws = (draws - 1) / square if square > 0 else math.inf
    if math.isinf(complete):
        return among_draws
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    if observed <= 0:
        return among_draws
    return observed if math.isinf(among_draws) else among_draws * observed / (among_draws + observed)
