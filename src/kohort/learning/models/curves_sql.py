"""Links and calibrators of margins as SQL."""

from typing import Final

from sqlglot import expressions as exp

from kohort.learning.models.plain import Isotonic, Link, OddsSigmoid, Part, Sigmoid
from kohort.learning.sql import case, minus, number

_FAR: Final = 700.0
"""Beyond it the exponential is infinite or nothing, which PostgreSQL takes for an error; it is certain before that."""


def linked_sql(part: Part, margin: str) -> exp.Expr:
    """Return what the link of a part makes of the column `margin`.

    >>> from kohort.learning.models.plain import Linear
    >>> linked_sql(Part(Linear([1.0], 0.0), Link.IDENTITY), "m1").sql(dialect="duckdb")
    'm1'
    """
    match part.link:
        case Link.LOGIT:
            return _logistic(exp.column(margin))
        case Link.LOG:
            return exp.Exp(this=exp.column(margin))
        case Link.IDENTITY:
            return exp.column(margin)


def calibrated_sql(part: Part, which: int) -> exp.Expr:
    """Return the score of part `which`, of the columns `m1` (its margin) and `l1` (what the link made of it)."""
    read = exp.column(f"m{which}" if part.of_margin else f"l{which}")
    match part.calibrator:
        case Sigmoid(slope, offset):
            return _logistic(exp.Neg(this=exp.Paren(this=_line(read, slope, offset))))
        case OddsSigmoid(slope, intercept, edge):
            kept = _kept(read, edge)
            odds = exp.Ln(this=exp.Div(this=kept, expression=minus(number(1.0), kept.copy())))
            return _kept(_logistic(_line(odds, slope, intercept)), edge)
        case Isotonic():
            return _knots(read, part.calibrator)
    return exp.column(f"l{which}")


def _kept(chance: exp.Expr, edge: float) -> exp.Expr:
    """Return a probability `edge` away from 0 and 1; of NULL there is none."""
    low, high = number(edge), number(1 - edge)
    far = [
        (exp.LT(this=chance, expression=low), low.copy()),
        (exp.GT(this=chance.copy(), expression=high), high.copy()),
    ]
    return case(far, chance.copy())


def _knots(read: exp.Expr, calibrator: Isotonic) -> exp.Expr:
    """Return straight lines between knots, as `numpy.interp` draws them; of NULL there is none."""
    scores, values = calibrator.scores.tolist(), calibrator.values.tolist()
    branches = [
        (exp.LTE(this=read, expression=number(scores[0])), number(values[0])),
        (exp.GTE(this=read.copy(), expression=number(scores[-1])), number(values[-1])),
    ]
    for place in range(len(scores) - 1):
        slope = (values[place + 1] - values[place]) / (scores[place + 1] - scores[place])
        along = exp.Mul(this=number(slope), expression=minus(read.copy(), number(scores[place])))
        line = exp.Add(this=along, expression=number(values[place]))
        branches.append((exp.LT(this=read.copy(), expression=number(scores[place + 1])), line))
    return case(branches)


def _line(value: exp.Expr, slope: float, offset: float) -> exp.Expr:
    return exp.Add(this=exp.Mul(this=number(slope), expression=value), expression=number(offset))


def _logistic(value: exp.Expr) -> exp.Expr:
    """Return 1 / (1 + exp(-value)), certain where the exponential would not be a number."""
    inner = exp.Paren(this=value)
    raised = exp.Exp(this=exp.Neg(this=inner.copy()))
    chance = exp.Div(this=number(1.0), expression=exp.Paren(this=exp.Add(this=number(1.0), expression=raised)))
    far = [
        (exp.GT(this=inner.copy(), expression=number(_FAR)), number(1.0)),
        (exp.LT(this=inner.copy(), expression=number(-_FAR)), number(0.0)),
    ]
    return case(far, chance)
