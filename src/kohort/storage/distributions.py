"""How the values that the newest run of a score gave are spread over people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.provenance import marked_source
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.storage.tables import Tables
from kohort.storage.views import stored_rows

QUANTILES: Final = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The shares of people at which numbers are told."""
_MOST: Final = 50
_START: Final = "score:"


@dataclass(frozen=True)
class Distribution:
    """How many people have a value; of numbers, in millionths, the quantiles; of texts, how many have which."""

    people: int
    mean: float | None = None
    quantiles: tuple[int, ...] = ()
    values: tuple[tuple[str, int], ...] = field(default=())


@dataclass(frozen=True)
class NewestRun:
    """The newest run of a score: its place in the journal, the moment that it speaks of, and its traits."""

    version: int
    at: Moment
    recorded_at: Moment
    traits: Mapping[str, Distribution]


def distributions(tables: Tables, score: str) -> NewestRun | None:
    """Return the newest run of a score, None before the first.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     distributions(Tables(Path(folder)), "rfm")
    """
    # Other sources may have the same name; their values are called otherwise.
    starts = exp.StartsWith(this=exp.column("value_id"), expression=exp.Literal.string(_START))
    mine = exp.select("*").from_(stored_rows(tables, "trait_values").subquery("stored"))
    # What a score made itself and not of what was told has a mark behind the score's name.
    marked = exp.StartsWith(this=exp.column("source"), expression=exp.Placeholder())
    mine = mine.where(exp.or_(exp.column("source").eq(exp.Placeholder()), marked), starts)
    its = (score, marked_source(score, "").removesuffix(")"))
    with tables.duckdb.connect() as connection:

        def ask(query: exp.Expr, *values: object) -> list[tuple[Any, ...]]:
            return connection.execute(query.sql(dialect="duckdb"), list(values)).fetchall()

        newest = exp.select("value_id", "set_at", "recorded_at").from_(mine.subquery("mine"))
        found = ask(newest.order_by(exp.column("value_id").desc()).limit(1), *its)
        if not found:
            return None
        ((identity, at, recorded_at),) = found
        given = exp.select("*").from_(mine.subquery("mine")).where(exp.column("value_id").eq(exp.Placeholder()))
        given = given.where(exp.column("removed").not_())
        counted = ask(_numbers().from_(given.subquery("given")).group_by("name").order_by("name"), *its, identity)
        texts = ask(_texts().from_(given.subquery("given")).group_by("name", "value"), *its, identity)
    values: dict[str, list[tuple[str, int]]] = {}
    for name, value, people in texts:
        values.setdefault(name, []).append((value, people))
    traits = {
        name: Distribution(
            people,
            mean,
            tuple(quantiles or ()),
            tuple(sorted(values.get(name, ()), key=lambda one: (-one[1], one[0]))[:_MOST]),
        )
        for name, people, mean, quantiles in counted
    }
    return NewestRun(int(identity.removeprefix(_START)), at, recorded_at, traits)


def _numbers() -> exp.Select:
    number = exp.column(VALUE_COLUMNS[ValueType.NUMBER])
    shares = exp.Array(expressions=[exp.Literal.number(one) for one in QUANTILES])
    quantiles = exp.Anonymous(this="quantile_disc", expressions=[number, shares])
    mean = exp.Avg(this=number)
    return exp.select("name", exp.Count(this=exp.Star()).as_("people"), mean.as_("mean"), quantiles.as_("quantiles"))


def _texts() -> exp.Select:
    text = exp.column(VALUE_COLUMNS[ValueType.TEXT])
    return exp.select("name", text.as_("value"), exp.Count(this=exp.Star()).as_("people")).where(
        text.is_(exp.null()).not_()
    )
