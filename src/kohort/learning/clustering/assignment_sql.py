"""Assigning people to clusters where their features are: a cluster model as one SQL statement.

The statement does what `ClusterModel.assign` does, operation by operation and in the same order, in 64-bit floating
point. Only powers and logarithms are another library's in a database, and may differ in the last bits; `tolerance`
bounds what that can do to a distance. Whoever's two nearest clusters lie farther apart than that gets the same cluster
everywhere; the others, if there are any, can be asked for with `margin`.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlglot import expressions as exp

from kohort.errors import UsageError
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.nearest import weights_of
from kohort.learning.features.preparation_sql import preparation_sql, texts_of
from kohort.learning.features.scaling import NEAR_ZERO, ColumnScaling
from kohort.learning.features.table import FeatureTable
from kohort.learning.sql import LARGEST, minus, number, table, whole

_ROUNDING: Final = float(np.finfo(np.float64).eps)
_OF_A_POWER: Final = 8
"""How many roundings a power or logarithm may be off, in numpy and in a database together, with what is around it."""


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
    `names`, by default the model's), and with `margin` how much farther the second nearest centroid is, as a
    difference of squared distances. Write it with `.sql(dialect=…, pretty=True)`.

    Raises UsageError if there is not one name for each cluster, a name holds U+0000, which no database stores, or the
    features are reduced to components, which are not written as SQL.

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
    straight, scaled = preparation_sql(prepared, person)
    straight = straight.from_(table(relation))
    distances = exp.select("person_id", *(one.as_(f"d{n}") for n, one in enumerate(_distances(model), start=1)))
    nearest = exp.select("person_id", *far, _least(far).as_("nearest")).from_("distances")
    assigned = exp.select("person_id", *far, "nearest", _first_at(far).as_("cluster")).from_("compared")
    answer = exp.select("person_id", "cluster", _named(called).as_("name")).from_("assigned")
    if margin:
        answer = answer.select(_margin(far).as_("margin"))
    measured = {"straight": straight, "scaled": scaled, "distances": distances.from_("scaled")}
    for name, part in {**measured, "compared": nearest, "assigned": assigned}.items():
        answer = answer.with_(name, as_=part)
    return answer


def _check(model: ClusterModel, called: Sequence[str], written: Sequence[str]) -> None:
    """Raise UsageError for a model that is not written as SQL, and for names that are too few or cannot be stored."""
    if len(called) != len(model.centroids):
        raise UsageError(f"{len(model.centroids)} clusters need as many names; got {len(called)}")
    prepared = model.preparation
    if prepared.reduction is not None:
        raise UsageError("clusters of reduced features are not written as SQL: discover without `reduction` to have it")
    if any("\0" in one for one in (*written, *called, *texts_of(prepared))):
        raise UsageError("a name holds the character U+0000, which no database stores; rename it first")


def tolerance(model: ClusterModel, people: FeatureTable) -> float:
    """Return the most by which a difference of squared distances of `people` can differ in a database.

    Whoever's margin is larger has the same cluster in both. Bounds of rounding to the first order (Higham 2002,
    Accuracy and Stability of Numerical Algorithms, chapter 3), with powers and logarithms right to a few units in the
    last place; where nothing is bent, all is computed alike and the answer is 0.

    >>> from kohort.learning.clustering.methods.assigners import Centroids
    >>> from kohort.learning.features.preparation import Preparation
    >>> table = FeatureTable(("ann",), ("orders",), np.array([[7.0]]))
    >>> orders = ColumnScaling("orders", "log", median=2, missing=0, power=0)
    >>> model = ClusterModel(Preparation((orders,), ()), Centroids(((-1.0,), (1.0,))), ("few", "many"), seed=1)
    >>> 0 < tolerance(model, table) < 1e-13
    True
    """
    columns = model.preparation.columns
    if all(column.power == 1 for column in columns):
        return 0.0
    farthest = np.abs(np.array(model.centroids)).max(axis=0)
    codes = {one.name: np.array(one.codes) for one in model.preparation.codes}
    off = np.zeros(len(farthest))
    for place, column in enumerate(columns):
        off[place] = _off(column, codes[column.name] if column.name in codes else people.column(column.name))
    reach = np.abs(model.preparation.scaled(people)).max(axis=0)
    sums = (farthest * farthest).sum() + 2 * (reach * farthest).sum()
    return float(2 * (2 * (off * farthest).sum() + (len(off) + 2) * _ROUNDING * sums))


def _off(column: ColumnScaling, values: npt.NDArray[np.float64]) -> float:
    """Return how far a scaled value can be from that of another library."""
    if column.power == 1:
        return 0.0
    filled = np.where(np.isnan(values), column.median, values)
    ends = np.array([filled.min(), filled.max()])
    worst = 0.0
    for value in (column.clipped(ends) - column.shift) / column.unit:
        power = column.power if value >= 0 else 2.0 - column.power
        logarithm = float(np.log1p(abs(value)))
        bent = 1.0 + logarithm
        if abs(power) >= NEAR_ZERO:
            bent *= float(np.exp(max(power, 0.0) * logarithm)) * max(1.0, 1.0 / abs(power))
        worst = max(worst, bent)
    return _OF_A_POWER * _ROUNDING * (worst + abs(column.centre)) / column.spread


def _distances(model: ClusterModel) -> Iterable[exp.Expr]:
    """Return, for each centroid, the squared distance less what is the same for all, summed from left to right."""
    starts, weights = weights_of(np.array(model.centroids))
    for start, row in zip(starts.tolist(), weights.tolist(), strict=True):
        terms = (
            exp.Mul(this=exp.column(f"z{place}"), expression=number(weight))
            for place, weight in enumerate(row, start=1)
        )
        yield reduce(lambda left, right: exp.Add(this=left, expression=right), terms, number(start))


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
        .when(exp.EQ(this=exp.column("cluster"), expression=whole(place)), number(LARGEST))
        .else_(distance.copy())
        for place, distance in enumerate(far)
    ]
    return minus(_least(others), exp.column("nearest"))
