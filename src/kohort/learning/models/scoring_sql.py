"""Scoring people where their features are: a plain model as one SQL statement.

It does what `kohort.learning.models.scoring` does, operation by operation and in the same order, in 64-bit floating
point: sums of trees are the same to the last bit. Only exponentials and logarithms are another library's in a
database and may differ in the last bits of a probability; bands are therefore cut where the margin is, which is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Final

from sqlglot import expressions as exp

from kohort.errors import UsageError
from kohort.learning.features.preparation_sql import preparation_sql, texts_of
from kohort.learning.models.curves_sql import calibrated_sql, linked_sql
from kohort.learning.models.cuts import margin_cut
from kohort.learning.models.plain import Choose, Fill, Linear, Part, PlainModel, Scale, Step, Stretch
from kohort.learning.models.trees import LEAF, Trees
from kohort.learning.sql import DOUBLE, case, finite, minus, number, table

MOST_LEAVES: Final = 5_000
"""Leaves up to which trees are written as SQL: a database takes as long as there are leaves."""
DEEPEST: Final = 60
_AT_ONCE: Final = 40
"""Trees that one sum of SQL adds up: printers and databases go down a sum as deep as it is long."""
_NARROW: Final = exp.DataType.build("FLOAT")


@dataclass(frozen=True)
class Band:
    """A name for everybody from the score `lowest` up to the next band."""

    name: str
    lowest: float


def scoring_query(
    model: PlainModel,
    *,
    relation: Sequence[str] = ("features",),
    person: str = "person_id",
    bands: Sequence[Band] = (),
) -> exp.Select:
    """Return the statement that gives everybody in `relation` the score that `model` gives them.

    `relation` is the table, after its schema if it is in one; it holds a column for each feature and the column
    `person`. NULL, NaN and what is infinite count as missing; whoever misses what the model needs has the score NULL.
    The columns of the answer: `person_id`, `score`, and with `bands` the `band` (NULL below the lowest).
    Write it with `.sql(dialect=…, pretty=True)`.

    Raises UsageError for a model that is not written as SQL: of more than `MOST_LEAVES` leaves, of other cores than
    linear ones and trees, of reduced features; and for bands that do not rise or names with U+0000.

    >>> import duckdb, numpy as np
    >>> from kohort.learning.models.plain import Link
    >>> model = PlainModel(("orders",), (Part(Linear(np.array([2.0]), -1.0), Link.LOGIT),))
    >>> statement = scoring_query(model, bands=(Band("low", 0), Band("high", 0.5))).sql(dialect="duckdb")
    >>> with duckdb.connect() as connection:
    ...     _ = connection.execute("CREATE TABLE features AS SELECT 'ann' AS person_id, 0.5 AS orders")
    ...     connection.sql(statement).fetchall()
    [('ann', 0.5, 'high')]
    """
    _check(model, bands, (*relation, person))
    stages = _Stages(_read(model, relation, person))
    for which, part in enumerate(model.parts, start=1):
        columns = [f"z{place}" for place in range(1, len(model.names) + 1)]
        if part.steps:
            values = _prepared(part, columns)
            columns = [f"p{which}_{place}" for place in range(1, len(values) + 1)]
            stages.add(dict(zip(columns, values, strict=True)))
        _add_margin(stages, part, columns, f"m{which}")
    stages.add({f"l{which}": linked_sql(part, f"m{which}") for which, part in enumerate(model.parts, start=1)})
    stages.add({f"s{which}": calibrated_sql(part, which) for which, part in enumerate(model.parts, start=1)})
    stages.add({"score": _mean(model)})
    answer = exp.select("person_id", "score").from_(stages.last)
    if bands:
        answer.select(_banded(model, bands).as_("band"), copy=False)
    for name, stage in stages.named.items():
        answer.with_(name, as_=stage, copy=False)
    return answer


class _Stages:
    """Selections one from the other, each with all columns of the one before and some more."""

    def __init__(self, first: dict[str, exp.Select]) -> None:
        self.named = first
        self.last = list(first)[-1]

    def add(self, columns: dict[str, exp.Expr]) -> None:
        """Add a stage that computes `columns` by name."""
        stage = exp.select("*").from_(self.last)
        for name, value in columns.items():
            stage.select(value.as_(name, copy=False), copy=False)
        self.last = f"stage{len(self.named)}"
        self.named[self.last] = stage


def _check(model: PlainModel, bands: Sequence[Band], written: Sequence[str]) -> None:
    instead = "score with `kohort.learning.models.scoring`, or train a smaller one"
    leaves = sum(part.core.leaves for part in model.parts if isinstance(part.core, Trees))
    if leaves > MOST_LEAVES:
        raise UsageError(f"a model of {leaves:,} leaves is not written as SQL, only up to {MOST_LEAVES:,}: {instead}")
    for part in model.parts:
        if not isinstance(part.core, Linear | Trees):
            raise UsageError(f"a model of the kind {type(part.core).__name__} is not written as SQL: {instead}")
        if isinstance(part.core, Trees) and part.core.depth > DEEPEST:
            raise UsageError(f"trees deeper than {DEEPEST} are not written as SQL: {instead}")
    prepared = model.preparation
    if prepared is not None and prepared.reduction is not None:
        raise UsageError("a model of reduced features is not written as SQL: train without `reduction` to have it")
    texts = [*written, *model.names, *(one.name for one in bands), *(texts_of(prepared) if prepared else ())]
    if any("\0" in one for one in texts):
        raise UsageError("a name holds the character U+0000, which no database stores; rename it first")
    if any(one.lowest >= other.lowest for one, other in pairwise(bands)):
        raise UsageError("bands begin at scores that rise, such as 0, 0.5 and 0.8")


def _read(model: PlainModel, relation: Sequence[str], person: str) -> dict[str, exp.Select]:
    """Return the stages that give `z1`, `z2` and so on: the features of the model, prepared or as they stand."""
    if model.preparation is not None:
        straight, scaled = preparation_sql(model.preparation, person)
        return {"straight": straight.from_(table(relation)), "scaled": scaled}
    read = exp.select(exp.column(person, quoted=True).as_("person_id")).from_(table(relation))
    for place, name in enumerate(model.names, start=1):
        read.select(finite(name).as_(f"z{place}"), copy=False)
    return {"read": read}


def _prepared(part: Part, columns: list[str]) -> list[exp.Expr]:
    values: list[exp.Expr] = [exp.column(name) for name in columns]
    for step in part.steps:
        values = _stepped(step, values)
    return values


def _stepped(step: Step, values: list[exp.Expr]) -> list[exp.Expr]:
    match step:
        case Fill():
            indicated = [_is_missing(values[place]) for place in step.indicated.tolist()]
            filled = [
                one if fill != fill else exp.Coalesce(this=one.copy(), expressions=[number(fill)])  # noqa: PLR0124
                for one, fill in zip(values, step.values.tolist(), strict=True)
            ]
            return [*filled, *indicated]
        case Scale():
            pairs = zip(values, step.centre.tolist(), step.spread.tolist(), strict=True)
            return [
                exp.Div(this=minus(one, number(centre)), expression=number(spread)) for one, centre, spread in pairs
            ]
        case Stretch():
            triples = zip(values, step.factor.tolist(), step.offset.tolist(), strict=True)
            return [
                _plus(_times(exp.Paren(this=one), number(factor)), number(offset)) for one, factor, offset in triples
            ]
        case Choose():
            return [values[place].copy() for place in step.places.tolist()]


def _is_missing(value: exp.Expr) -> exp.Expr:
    return case([(_null(value.copy()), number(1.0))], number(0.0))


def _add_margin(stages: _Stages, part: Part, columns: list[str], margin: str) -> None:
    """Add the stages that sum up a margin, some trees at a time: the sum so far goes on in the next."""
    core = part.core
    if isinstance(core, Linear):
        weights = zip(columns, core.weights.tolist(), strict=True)
        terms = [_times(exp.column(name), number(weight)) for name, weight in weights]
        stages.add({margin: reduce(_plus, terms, number(core.intercept))})
    elif isinstance(core, Trees):
        trees = _trees(core, columns)
        total = _rounded(core, number(core.base))
        for begin in range(0, len(trees), _AT_ONCE):
            name = f"{margin}_{begin}"
            stages.add({name: reduce(_plus, trees[begin : begin + _AT_ONCE], total)})
            total = exp.column(name)
        wide = exp.Cast(this=total, to=DOUBLE) if core.narrow else total
        stages.add({margin: exp.Div(this=wide, expression=number(core.divisor)) if core.divisor != 1 else wide})


def _trees(core: Trees, columns: list[str]) -> list[exp.Expr]:
    """Return what each tree says. What is missing is no comparison's friend: it goes where the ELSE goes."""
    built: dict[int, exp.Expr] = {}
    kept = (core.feature, core.threshold, core.left, core.right, core.missing_left, core.value)
    feature, threshold, left, right, missing_left, value = (one.tolist() for one in kept)
    # Children stand after their parent, so that backwards each node finds them ready.
    for node in range(len(feature) - 1, -1, -1):
        if feature[node] == LEAF:
            built[node] = number(value[node])
            continue
        x, cut = exp.column(columns[feature[node]]), number(threshold[node])
        below, above = built.pop(left[node]), built.pop(right[node])
        if missing_left[node]:
            built[node] = case([(exp.GT(this=x, expression=cut), above)], below)
        else:
            built[node] = case([(exp.LTE(this=x, expression=cut), below)], above)
    return [_rounded(core, built[root]) for root in core.roots.tolist()]


def _rounded(core: Trees, value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=_NARROW) if core.narrow else value


def _mean(model: PlainModel) -> exp.Expr:
    """Return the mean of the parts' scores, NULL where somebody misses what the model does not take."""
    columns: list[exp.Expr] = [exp.column(f"s{which}") for which in range(1, len(model.parts) + 1)]
    first, *others = columns
    total = reduce(_plus, others, first)
    if others:
        total = exp.Div(this=exp.Paren(this=total), expression=number(float(len(model.parts))))
    if model.missing or model.preparation is not None:
        return total
    known = [exp.Not(this=_null(exp.column(f"z{place}"))) for place in range(1, len(model.names) + 1)]
    return case([(exp.and_(*known, copy=False), total)])


def _banded(model: PlainModel, bands: Sequence[Band]) -> exp.Expr:
    """Return the band of a score: by the margin where there is one, which is the same everywhere."""
    branches: list[tuple[exp.Expr, exp.Expr]] = [(_null(exp.column("score")), exp.null())]
    for band in reversed(bands):
        reached: exp.Expr | None = exp.GTE(this=exp.column("score"), expression=number(band.lowest))
        if len(model.parts) == 1:
            found = margin_cut(model.parts[0], band.lowest)
            reached = None
            if found is not None:
                side = exp.GTE if found.rises else exp.LTE
                reached = side(this=exp.column("m1"), expression=number(found.margin))
        if reached is not None:
            branches.append((reached, exp.Literal.string(band.name)))
    return case(branches)


def _null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.null())


def _plus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Add(this=left, expression=right)


def _times(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Mul(this=left, expression=right)
