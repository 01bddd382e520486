"""A preparation of features as SQL: what `Preparation.scaled` does, operation by operation in the same order."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlglot import expressions as exp

from kohort.learning.features.encoding import OTHER, LevelCodes, OneHot
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.scaling import NEAR_ZERO, ColumnScaling
from kohort.learning.sql import DOUBLE, LARGEST, minus, number


class PreparedSql(NamedTuple):
    """Two selections, one from the other: `straight` still lacks its FROM, `scaled` holds `z1`, `z2` and so on."""

    straight: exp.Select
    scaled: exp.Select


def preparation_sql(prepared: Preparation, person: str) -> PreparedSql:
    """Return the selections of a preparation without reduction, with `person_id` first in each.

    >>> orders = ColumnScaling("orders", "standard", median=2, missing=0, centre=2, spread=4)
    >>> preparation_sql(Preparation((orders,), ()), "who").scaled.sql(dialect="duckdb")
    'SELECT person_id, (x1 - 2.0e0) / 4.0e0 AS z1 FROM straight'
    """
    straight = exp.select(exp.column(person, quoted=True).as_("person_id"))
    scaled = exp.select("person_id").from_("straight")
    codes = {one.name: one for one in prepared.codes}
    for place, column in enumerate(prepared.columns, start=1):
        straight = straight.select(_straight(column, codes.get(column.name)).as_(f"x{place}"))
        bent = _bent(exp.column(f"x{place}"), column)
        scaled = scaled.select(_standardised(bent, column.centre, column.spread).as_(f"z{place}"))
    indicators = (one for each in prepared.one_hots for one in _indicators(each))
    for place, indicator in enumerate(indicators, start=len(prepared.columns) + 1):
        straight = straight.select(indicator.as_(f"z{place}"))
        scaled = scaled.select(f"z{place}")
    return PreparedSql(straight, scaled)


def texts_of(prepared: Preparation) -> list[str]:
    """Return the names and levels that its SQL writes out."""
    encoded: tuple[LevelCodes | OneHot, ...] = (*prepared.codes, *prepared.one_hots)
    return [*prepared.features, *(level for one in encoded for level in one.levels)]


def _coded(codes: LevelCodes) -> exp.Expr:
    """Return `LevelCodes.apply` as an expression."""
    text = exp.column(codes.name, quoted=True)
    told = exp.Case()
    for level, code in zip(codes.levels, codes.codes, strict=True):
        told = told.when(exp.EQ(this=text.copy(), expression=exp.Literal.string(level)), number(code))
    if codes.unseen is not None:
        told = told.when(exp.Not(this=exp.Is(this=text.copy(), expression=exp.null())), number(codes.unseen))
    return told


def _indicators(one_hot: OneHot) -> Iterable[exp.Expr]:
    """Return the columns of `OneHot.apply` as expressions: of a level, of any other text, and 0 where there is none."""
    text = exp.column(one_hot.name, quoted=True)
    seen = [exp.Literal.string(level) for level in one_hot.levels if level != OTHER]
    for place, level in enumerate(one_hot.levels):
        # A text has two levels at least, so that the one before is another.
        here, elsewhere = one_hot.apply((level, one_hot.levels[place - 1]))[:, place].tolist()
        known: exp.Expr = exp.In(this=text.copy(), expressions=[one.copy() for one in seen])
        if level == OTHER:
            is_level: exp.Expr = exp.Not(this=exp.Paren(this=known.copy()))
        else:
            is_level = exp.EQ(this=text.copy(), expression=exp.Literal.string(level))
        if OTHER in one_hot.levels:
            known = exp.Not(this=exp.Is(this=text.copy(), expression=exp.null()))
        yield exp.Case().when(is_level, number(here)).when(known, number(elsewhere)).else_(number(0.0))


def _straight(column: ColumnScaling, codes: LevelCodes | None) -> exp.Expr:
    """Return the first half of `ColumnScaling.apply`: the value, filled, between its limits, from `shift` in `unit`."""
    read = exp.column(column.name, quoted=True) if codes is None else _coded(codes)
    value: exp.Expr = exp.Cast(this=read, to=DOUBLE)
    # NULL is unknown and NaN is above everything or beside it: only finite numbers are between the largest two.
    finite = exp.Between(this=value, low=number(-LARGEST), high=number(LARGEST))
    value = exp.Case().when(finite, value.copy()).else_(number(column.median))
    if column.low is not None:
        value = exp.Greatest(this=value, expressions=[number(column.low)])
    if column.high is not None:
        value = exp.Least(this=value, expressions=[number(column.high)])
    return _standardised(value, column.shift, column.unit)


def _bent(value: exp.Expr, column: ColumnScaling) -> exp.Expr:
    """Return the transformation of Yeo and Johnson of `value`, on the side or sides of 0 where it can be."""
    if column.power == 1:
        return value
    upper = _box_cox(value, column.power)
    if column.low is not None and column.low >= column.shift:
        return upper
    lower = exp.Neg(this=exp.Paren(this=_box_cox(exp.Neg(this=exp.Paren(this=value.copy())), 2.0 - column.power)))
    return exp.Case().when(exp.GTE(this=value.copy(), expression=number(0.0)), upper).else_(lower)


def _standardised(value: exp.Expr, centre: float, spread: float) -> exp.Expr:
    """Return (value − centre) / spread; to subtract 0 and to divide by 1 change nothing."""
    if centre != 0:
        value = minus(value, number(centre))
    return exp.Div(this=value, expression=number(spread)) if spread != 1 else value


def _box_cox(value: exp.Expr, power: float) -> exp.Expr:
    from_one = exp.Add(this=number(1.0), expression=exp.Paren(this=value.copy()))
    if abs(power) < NEAR_ZERO:
        return exp.Ln(this=from_one)
    power_less_one = minus(exp.Pow(this=exp.Paren(this=from_one), expression=number(power)), number(1.0))
    return exp.Div(this=power_less_one, expression=number(power))
