"""Scales of surveys: scores from answers, and how well the items of a scale go together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.distributions import fisher_critical
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary

Values = npt.NDArray[np.float64]

PROMOTER = 9
"""The lowest answer, of 0 to 10, of a promoter (Reichheld 2003)."""
DETRACTOR = 6
"""The highest answer of a detractor."""


def turned_answers(answers: Values, turned: Sequence[bool], *, lowest: float, highest: float) -> Values:
    """Return answers with those of reversed items turned, NaN for those outside `lowest` to `highest`.

    `answers` has shape (people, items), NaN where there is none; `turned` says which items are reversed.

    >>> turned_answers(np.array([[5.0, 2.0], [9.0, np.nan]]), [False, True], lowest=1, highest=5).tolist()
    [[5.0, 4.0], [nan, nan]]
    """
    valid = np.where((answers >= lowest) & (answers <= highest) & (answers == np.rint(answers)), answers, np.nan)
    return np.where(np.asarray(turned, dtype=bool), lowest + highest - valid, valid)


def scale_scores(answers: Values, *, minimum: int) -> Values:
    """Return each person's mean of the answers given, NaN of who gave fewer than `minimum`; shape (people,).

    >>> scale_scores(np.array([[5.0, 4.0], [2.0, np.nan]]), minimum=2).tolist()
    [4.5, nan]
    """
    given = ~np.isnan(answers)
    counts = given.sum(axis=1)
    sums = np.where(given, answers, 0.0).sum(axis=1)
    return np.where(counts >= minimum, sums / np.maximum(counts, 1), np.nan)


def cronbach_alpha(answers: Values, *, confidence: float = 0.95) -> Interval:
    """Return alpha of a scale of people who answered every item (Cronbach 1951), with the interval of Feldt (1965).

    alpha = k / (k - 1) · (1 - sum of the items' variances / variance of the sum). (1 - alpha) / (1 - its estimate) has
    the F distribution of n - 1 and (n - 1)(k - 1) degrees of freedom. Raises UsageError for fewer than two items or
    three people, or where everybody has the same sum.

    >>> found = cronbach_alpha(np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 5.0], [4.0, 4.0]]))
    >>> round(found.estimate, 4), found.n
    (0.8675, 4)
    """
    whole = complete_answers(answers)
    people, items = whole.shape
    total = whole.sum(axis=1).var(ddof=1) if people > 1 else 0.0
    if items < 2 or people < 3 or total == 0:  # noqa: PLR2004 - what variances need
        raise UsageError(
            f"alpha needs two items and three people who answered all, not alike; got {items} items, {people} people"
        )
    alpha = items / (items - 1) * (1 - whole.var(axis=0, ddof=1).sum() / total)
    freedom = people - 1, (people - 1) * (items - 1)
    tail = (1 - confidence) / 2
    low, high = (1 - (1 - alpha) * fisher_critical(one, *freedom) for one in (tail, 1 - tail))
    return Interval(float(alpha), float(low), float(high), people)


def item_rest_correlations(answers: Values) -> Values:
    """Return each item's correlation with the sum of the others, of people who answered all; NaN of a constant.

    >>> item_rest_correlations(np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 5.0], [4.0, 4.0]])).round(4).tolist()
    [0.7746, 0.7746]
    """
    whole = complete_answers(answers)
    rest = whole.sum(axis=1, keepdims=True) - whole
    one, other = whole - whole.mean(axis=0), rest - rest.mean(axis=0)
    spread = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    together: Values = np.divide(
        (one * other).sum(axis=0), spread, out=np.full(whole.shape[1], np.nan), where=spread > 0
    )
    return together


def net_promoter_score(answers: Values) -> Interval:
    """Return the share of promoters less that of detractors, with the normal interval of the mean of 1, 0, -1.

    `answers` are those of people, 0 to 10, none missing. The interval is kept within -1 and 1.

    >>> round(net_promoter_score(np.array([10.0, 9.0, 8.0, 3.0])).estimate, 4)
    0.25
    """
    worth = (answers >= PROMOTER).astype(np.float64) - (answers <= DETRACTOR)
    found = mean_interval(Summary.of(worth))
    return Interval(found.estimate, max(found.low, -1.0), min(found.high, 1.0), found.n)


def complete_answers(answers: Values) -> Values:
    """Return the answers of people who answered every item."""
    return answers[~np.isnan(answers).any(axis=1)]
