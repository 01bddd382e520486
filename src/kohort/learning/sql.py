"""Pieces of SQL that models are written in: names quoted, numbers as doubles."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

import numpy as np
from sqlglot import expressions as exp

DOUBLE: Final = exp.DataType.build("DOUBLE")
LARGEST: Final = float(np.finfo(np.float64).max)


def table(relation: Sequence[str]) -> exp.Table:
    """Return a table by its name, after its schema if it is in one."""
    *schema, name = (exp.to_identifier(part, quoted=True) for part in relation)
    return exp.Table(this=name, **dict(zip(("db", "catalog"), reversed(schema), strict=False)))


def number(value: float) -> exp.Expr:
    """Return `value` as a literal that is a double, not a decimal; a negative one in parentheses: `--` is a comment."""
    digits = repr(abs(float(value)))
    literal = exp.Literal.number(digits if "e" in digits else f"{digits}e0")
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def whole(value: int) -> exp.Expr:
    """Return a whole number as a literal."""
    return exp.Literal.number(value)


def minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return left - right, in parentheses."""
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


def finite(column: str) -> exp.Expr:
    """Return a column as a double, NULL where it is NULL, NaN or infinite.

    NULL is unknown and NaN is above everything or beside it: only finite numbers are between the largest two.

    >>> finite("days").sql(dialect="duckdb").startswith('CASE WHEN CAST("days" AS DOUBLE) BETWEEN')
    True
    """
    value = exp.Cast(this=exp.column(column, quoted=True), to=DOUBLE)
    between = exp.Between(this=value, low=number(-LARGEST), high=number(LARGEST))
    return exp.Case().when(between, value.copy())


def case(branches: Sequence[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return CASE WHEN … THEN … ELSE … END, of the very expressions: nothing is copied, however large.

    >>> case([(exp.column("x").is_(exp.null()), number(1.0))], number(0.0)).sql(dialect="duckdb")
    'CASE WHEN x IS NULL THEN 1.0e0 ELSE 0.0e0 END'
    """
    return exp.Case(ifs=[exp.If(this=condition, true=value) for condition, value in branches], default=otherwise)
