"""Tails and quantiles of Student's t, Fisher's F and the chi-square distribution, from the functions that define them.

The formulas are those of the Digital Library of Mathematical Functions (dlmf.nist.gov), by number.
"""

import math
from typing import Final

from kohort.errors import UsageError

_TINY: Final = 1e-300
_CLOSE: Final = 1e-15
_MOST_TERMS: Final = 10_000
_HALVINGS: Final = 200


def chi_square_tail(value: float, df: float) -> float:
    """Return the probability that a chi-square variable of `df` degrees of freedom exceeds `value`.

    DLMF 8.2.4: it is Q(df / 2, value / 2), the regularised upper incomplete gamma function. Raises UsageError unless
    `df` is above zero.

    >>> round(chi_square_tail(3.841459, 1), 6)
    0.05
    """
    _check(df)
    if value <= 0:
        return 1.0
    shape, x = df / 2, value / 2
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return 1 - scale * _gamma_series(shape, x) if x < shape + 1 else scale * _gamma_fraction(shape, x)


def student_tail(value: float, df: float) -> float:
    """Return the probability that Student's t of `df` degrees of freedom, possibly infinite, is beyond ±`value`.

    DLMF 8.17: it is the regularised incomplete beta function I(df / (df + t²); df / 2, 1 / 2). Raises UsageError
    unless `df` is above zero.

    >>> round(student_tail(2.228139, 10), 6)
    0.05
    """
    _check(df)
    if math.isinf(df):
        return math.erfc(abs(value) / math.sqrt(2))
    square = value * value
    return _incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5)


def student_critical(confidence: float, df: float) -> float:
    """Return t such that Student's t of `df` degrees of freedom lies within ±t with probability `confidence`.

    Raises UsageError unless 0 < confidence < 1 and `df` is above zero.

    >>> round(student_critical(0.95, 10), 4), round(student_critical(0.95, math.inf), 4)
    (2.2281, 1.96)
    """
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, such as 0.95; got {confidence}")
    outside = 1 - confidence
    low, high = 0.0, 1.0
    while student_tail(high, df) > outside:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if student_tail(middle, df) > outside else (low, middle)
    return (low + high) / 2


def fisher_tail(value: float, df: float, other_df: float) -> float:
    """Return the probability that Fisher's F of `df` and `other_df` degrees of freedom exceeds `value`.

    DLMF 8.17: it is the regularised incomplete beta function I(d₂ / (d₂ + d₁·F); d₂ / 2, d₁ / 2). Raises UsageError
    unless both degrees are above zero.

    >>> round(fisher_tail(4.964603, 1, 10), 6)
    0.05
    """
    _check(df)
    _check(other_df)
    if value <= 0:
        return 1.0
    whole = other_df + df * value
    return _incomplete_beta(other_df / whole, df * value / whole, other_df / 2, df / 2)


def fisher_critical(tail: float, df: float, other_df: float) -> float:
    """Return the value that Fisher's F of `df` and `other_df` degrees of freedom exceeds with probability `tail`.

    Raises UsageError unless 0 < tail < 1 and both degrees are above zero.

    >>> round(fisher_critical(0.05, 1, 10), 4)
    4.9646
    """
    if not 0 < tail < 1:
        raise UsageError(f"a tail's probability lies between 0 and 1, such as 0.05; got {tail}")
    low, high = 0.0, 1.0
    while fisher_tail(high, df, other_df) > tail:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if fisher_tail(middle, df, other_df) > tail else (low, middle)
    return (low + high) / 2


def _check(df: float) -> None:
    if not df > 0:
        raise UsageError(f"degrees of freedom are above zero; got {df}")


def _gamma_series(shape: float, x: float) -> float:
    """Return P(shape, x) but for its factor; DLMF 8.7.1, good below the mean."""
    term = total = 1 / shape
    for step in range(1, _MOST_TERMS):
        term *= x / (shape + step)
        total += term
        if term < total * _CLOSE:
            break
    return total


def _gamma_fraction(shape: float, x: float) -> float:
    """Return Q(shape, x) but for its factor; DLMF 8.9.2 by Lentz's method, good above the mean."""
    denominator = x + 1 - shape
    c, d = 1 / _TINY, 1 / denominator
    total = d
    for step in range(1, _MOST_TERMS):
        part = -step * (step - shape)
        denominator += 2
        d = 1 / _not_zero(part * d + denominator)
        c = _not_zero(denominator + part / c)
        total *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return total


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return I(x; a, b), where `rest` is 1 - x, given apart to keep its digits."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(rest, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function; DLMF 8.17.22 by Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    total = d
    for step in range(1, _MOST_TERMS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        before = total
        for part in (even, odd):
            d = 1 / _not_zero(1 + part * d)
            c = _not_zero(1 + part / c)
            total *= d * c
        if abs(total - before) <= _CLOSE * abs(total):
            break
    return total


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
