"""Assigning people to clusters where their features are: a cluster model as one SQL statement.

The statement does what `ClusterModel.assign` does, operation by operation and in the same order, in 64-bit floating
point. Only powers, logarithms and exponentials are another library's in a database, and may differ in the last bits;
`assignment_tolerance` bounds what that can do to a distance. Whoever's two nearest clusters lie farther apart than that
gets the same cluster everywhere; the others, if there are any, can be asked for with `margin`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from sqlglot import expressions as exp

from kohort.errors import UsageError
from kohort.learning.clustering.assignment_steps import assigning_steps
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.sql_numbers import minus, number, whole
from kohort.learning.features.encoding import OTHER, LevelCodes, OneHot
from kohort.learning.features.scaling import NEAR_ZERO, ColumnScaling

_DOUBLE: Final = exp.DataType.build("DOUBLE")
_LARGEST: Final = float(np.finfo(np.float64).max)


def assignment_query(
    model: ClusterModel,
    *,
    relation: Sequence[str] = ("features",),
    person: str = "person_id",
    names: Sequence[str] | None = None,
    margin: bool = False,
) -> exp.Select:
    """Return the statement that gives everybody in `relation` the cluster that `model` gives them.

    `relation` is the table, after its schema if it is in one; it holds a column for each feature, in the units that
    the model was fitted on, and the column `person`. What is missing there, or is no finite number, counts as missing
    in the model. The columns of the answer: `person_id`, `cluster` (as `ClusterModel.assign` numbers them), `name` (of
    `names`, by default the model's), and with `margin` how much farther the second nearest cluster is: a difference of
    squared distances to centroids, or of log densities in a mixture. Write it with `.sql(dialect=…, pretty=True)`.

    Raises UsageError if there is not one name for each cluster, a name holds U+0000, which no database stores, or
    people are assigned by the nearest of known people, which no two databases decide alike.

    >>> from kohort.learning.clustering.methods.assigners import Centroids
    >>> from kohort.learning.features.preparation import Preparation
    >>> orders = ColumnScaling("orders", "standard", median=2, missing=0, low=0, high=9, centre=2, spread=2)
    >>> model = ClusterModel(Preparation((orders,), ()), Centroids(((-1.0,), (1.0,))), ("few", "many"), seed=1)
    >>> import duckdb
    >>> with duckdb.connect() as connection:
    ...     _ = connection.execute("CREATE TABLE features AS SELECT 'ann' AS person_id, 7 AS orders")
    ...     connection.sql(assignment_query(model).sql(dialect="duckdb")).fetchall()
    [('ann', 1, 'many')]
    """
    called, prepared = model.names if names is None else tuple(names), model.preparation
    _check(model, called, (*relation, person))
    clusters = range(1, len(called) + 1)
    far = [exp.column(f"d{one}") for one in clusters]
    straight = exp.select(exp.column(person, quoted=True).as_("person_id")).from_(_table(relation))
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
    parts, before = {"straight": straight, "scaled": scaled}, "scaled"
    columns = [f"z{place}" for place in range(1, len(prepared.scaled_names) + 1)]
    for name, made in assigning_steps(prepared.reduction, model.assigner, columns):
        parts[name] = exp.select("person_id", *(one.as_(each) for each, one in made.items())).from_(before)
        before = name
    nearest = exp.select("person_id", *far, _least(far).as_("nearest")).from_("distances")
    assigned = exp.select("person_id", *far, "nearest", _first_at(far).as_("cluster")).from_("compared")
    answer = exp.select("person_id", "cluster", _named(called).as_("name")).from_("assigned")
    if margin:
        answer = answer.select(_margin(far).as_("margin"))
    for name, part in {**parts, "compared": nearest, "assigned": assigned}.items():
        answer = answer.with_(name, as_=part)
    return answer


def _check(model: ClusterModel, called: Sequence[str], written: Sequence[str]) -> None:
    """Raise UsageError for a model that is not written as SQL, and for names that are too few or cannot be stored."""
    if len(called) != model.assigner.clusters:
        raise UsageError(f"{model.assigner.clusters} clusters need as many names; got {len(called)}")
    prepared = model.preparation
    encoded: tuple[LevelCodes | OneHot, ...] = (*prepared.codes, *prepared.one_hots)
    texts = [level for one in encoded for level in one.levels]
    if any("\0" in one for one in (*written, *called, *prepared.features, *texts)):
        raise UsageError("a name holds the character U+0000, which no database stores; rename it first")


def _coded(codes: LevelCodes) -> exp.Expr:
    """Return `LevelCodes.apply` as an expression."""
    text = exp.column(codes.name, quoted=True)
    chosen = exp.Case()
    for level, code in zip(codes.levels, codes.codes, strict=True):
        chosen = chosen.when(exp.EQ(this=text.copy(), expression=exp.Literal.string(level)), number(code))
    if codes.unseen is not None:
        chosen = chosen.when(exp.Not(this=exp.Is(this=text.copy(), expression=exp.null())), number(codes.unseen))
    return chosen


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
    value: exp.Expr = exp.Cast(this=read, to=_DOUBLE)
    # NULL is unknown and NaN is above everything or beside it: only finite numbers are between the largest two.
    finite = exp.Between(this=value, low=number(-_LARGEST), high=number(_LARGEST))
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


def _least(values: Sequence[exp.Expr]) -> exp.Expr:
    first, *others = (one.copy() for one in values)
    return exp.Least(this=first, expressions=others) if others else first


def _first_at(far: Sequence[exp.Expr]) -> exp.Expr:
    """Return the place of the first distance that is the least: of equally near clusters, the first."""
    chosen = exp.Case()
    for place, distance in enumerate(far[:-1]):
        chosen = chosen.when(exp.EQ(this=distance.copy(), expression=exp.column("nearest")), whole(place))
    return chosen.else_(whole(len(far) - 1)) if len(far) > 1 else whole(0)


def _named(names: Sequence[str]) -> exp.Expr:
    chosen = exp.Case(this=exp.column("cluster"))
    for place, name in enumerate(names):
        chosen = chosen.when(whole(place), exp.Literal.string(name))
    return chosen


def _margin(far: Sequence[exp.Expr]) -> exp.Expr:
    others = [
        exp.Case()
        .when(exp.EQ(this=exp.column("cluster"), expression=whole(place)), number(_LARGEST))
        .else_(distance.copy())
        for place, distance in enumerate(far)
    ]
    return minus(_least(others), exp.column("nearest"))


def _table(relation: Sequence[str]) -> exp.Table:
    *schema, name = (exp.to_identifier(part, quoted=True) for part in relation)
    return exp.Table(this=name, **dict(zip(("db", "catalog"), reversed(schema), strict=False)))
