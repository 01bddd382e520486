"""Numbers and sums in SQL, written so that a database computes what Python computes."""

from collections.abc import Iterable
from functools import reduce

from sqlglot import expressions as exp


def number(value: float) -> exp.Expr:
    """Return `value` as a literal that is a double, not a decimal; a negative one in parentheses: `--` is a comment.

    >>> number(-0.5).sql()
    '(-0.5e0)'
    """
    digits = repr(abs(float(value)))
    literal = exp.Literal.number(digits if "e" in digits else f"{digits}e0")
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def whole(value: int) -> exp.Expr:
    """Return a whole number as a literal."""
    return exp.Literal.number(value)


def minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return a difference, in parentheses."""
    return exp.Paren(this=exp.Sub(this=left, expression=right))


def total(terms: Iterable[exp.Expr]) -> exp.Expr:
    """Return the sum of `terms`, added from left to right as it is written.

    >>> total([exp.column("a"), exp.column("b"), exp.column("c")]).sql()
    'a + b + c'
    """
    return reduce(lambda left, right: exp.Add(this=left, expression=right), terms)


def weighted(columns: Iterable[exp.Expr], weights: Iterable[float]) -> Iterable[exp.Expr]:
    """Return each of `columns` times its weight."""
    return (exp.Mul(this=one, expression=number(weight)) for one, weight in zip(columns, weights, strict=True))
