"""What is said of missing values: how many were imputed, whether they are missing at random, and what they blur."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.stats.missingness import MissingAssociation, RandomnessTest, little_test, missing_associations
from kohort.stats.pooling import pooled_mean
from kohort.storage.records import Finding

Values = npt.NDArray[np.float64]

MOST_TESTED: Final = 2_000
"""People whom the test of randomness looks at; of more, so many are drawn."""

_LEVEL: Final = 0.05
_MOST_NAMED: Final = 5
_UNTESTABLE: Final = "whether it also depends on the missing values themselves cannot be told from the data"


def imputed_finding(trait: str, method: str, missing: int, people: int) -> Finding:
    """Say how many values were imputed.

    >>> imputed_finding("income", "mice", 3, 12).detail
    'income of 3 of 12 people (25.0 %) is imputed by mice; each such value of income_filled is marked'
    """
    share = missing / people if people else 0.0
    detail = (
        f"{trait} of {missing:,} of {people:,} people ({100 * share:.1f} %) is imputed by {method}; each such value of "
        f"{trait}_filled is marked"
    )
    return Finding("imputed", "traits", trait, "info", missing, share, detail)


def estimate_finding(trait: str, told: Values, draws: Sequence[Values]) -> list[Finding]:
    """Say what the mean of everybody is by the draws pooled, beside that of those who told their value.

    `told` has shape (people,), NaN where missing, and so has each of `draws`, completed. Nothing is said where nothing
    is missing.
    """
    missing = int(np.isnan(told).sum())
    if not missing or len(draws) < 2 or len(told) < 2:  # noqa: PLR2004 - variances need two
        return []
    found = pooled_mean(draws)
    detail = (
        f"the mean of {trait} is {found.estimate:,.2f} (95 %: {found.low:,.2f} to {found.high:,.2f}) by {found.draws} "
        f"draws pooled, and {np.nanmean(told):,.2f} of those who told it; {100 * found.missing_information:.0f} % of "
        "what is to be known of it is missing"
    )
    return [Finding("pooled mean", "traits", trait, "info", missing, found.missing_information, detail)]


def randomness_findings(values: Values, names: Sequence[str], *, seed: int = 0) -> list[Finding]:
    """Say whether numbers are missing completely at random, and with what their being missing goes together.

    `values` has shape (people, columns) with `names`, NaN where missing; of more than `MOST_TESTED` people so many are
    drawn by `seed` for the test. Nothing is said of a single column, or where nothing is missing.

    >>> ages = np.arange(20.0, 60.0)
    >>> incomes = np.where(ages > 45, np.nan, ages * 1_000)
    >>> [one.check for one in randomness_findings(np.column_stack([ages, incomes]), ["age", "income"])]
    ['missing at random', 'missing goes together']
    """
    sample = values
    if len(values) > MOST_TESTED:
        sample = values[np.sort(np.random.default_rng(seed).choice(len(values), MOST_TESTED, replace=False))]
    if not _can_be_tested(sample):
        return []
    tested = little_test(sample)
    found = [_random_finding(tested, names, int(np.isnan(values).sum()))]
    named = [one for one in missing_associations(values, names) if one.adjusted < _LEVEL]
    return [*found, *(_association_finding(one) for one in named[:_MOST_NAMED])]


def _can_be_tested(values: Values) -> bool:
    known = ~np.isnan(values)
    kept = values[:, known.any(axis=0)]
    kept = kept[:, np.nanstd(kept, axis=0) > 0]
    kept = kept[(~np.isnan(kept)).any(axis=1)]
    return kept.shape[1] > 1 and len(kept) > kept.shape[1] and len(np.unique(np.isnan(kept), axis=0)) > 1


def _random_finding(tested: RandomnessTest, names: Sequence[str], missing: int) -> Finding:
    rejected = tested.p_value < _LEVEL
    verdict = "are not missing completely at random" if rejected else "may be missing completely at random"
    detail = (
        f"values of {', '.join(names)} {verdict} (Little's test: chi-square {tested.statistic:,.1f}, {tested.df} "
        f"degrees of freedom, p {_written(tested.p_value)}, {tested.people:,} people); {_UNTESTABLE}"
    )
    severity = "warning" if rejected else "info"
    return Finding("missing at random", "traits", ", ".join(names), severity, missing, None, detail)


def _association_finding(one: MissingAssociation) -> Finding:
    way = "higher" if one.difference > 0 else "lower"
    detail = (
        f"people without {one.missing} have a {one.of} that is {abs(one.difference):.2f} standard deviations {way} "
        f"(p {_written(one.adjusted)}, adjusted for all comparisons): {one.of} should be among its predictors"
    )
    return Finding("missing goes together", "traits", f"{one.missing}, {one.of}", "info", 1, None, detail)


def _written(p_value: float) -> str:
    return f"{p_value:.3f}" if p_value >= 0.001 else "below 0.001"  # noqa: PLR2004 - three places are shown
