"""Assigning people to clusters where their features are: a cluster model as one SQL statement.

The statement does what `ClusterModel.assign` does, operation by operation and in the same order, in 64-bit floating
point. Only powers, logarithms and exponentials are another library's in a database, and may differ in the last bits;
`assignment_tolerance` bounds what that can do to a distance. Whoever's two nearest clusters lie farther apart than that
gets the same cluster everywhere; the others, if there are any, can be asked for with `margin`.
"""

from collections.abc import Sequence

from sqlglot import expressions as exp

from kohort.errors import UsageError
from kohort.learning.clustering.assignment_steps import assigning_steps
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.preparation_sql import preparation_sql, texts_of
from kohort.learning.sql import LARGEST, minus, number, table, whole


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
    >>> from kohort.learning.features.scaling import ColumnScaling
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
    parts, before = {"straight": straight.from_(table(relation)), "scaled": scaled}, "scaled"
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
    if any("\0" in one for one in (*written, *called, *texts_of(prepared))):
        raise UsageError("a name holds the character U+0000, which no database stores; rename it first")


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
