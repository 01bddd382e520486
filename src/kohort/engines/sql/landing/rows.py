"""The rows that a run adds to each table of results, from what `changes` found."""

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.engines.sql.landing.answers import ANSWERS
from kohort.engines.sql.landing.changes import CHANGES, SEGMENTS, aliased, same, text
from kohort.engines.sql.landing.place import Epoch, Place
from kohort.engines.sql.terms import PERSON, Parameters, column, named, number, ordered

Rows = Callable[[Parameters, Place, Epoch], exp.Select]
"""Returns the rows that a run adds to a table."""

SQL_TYPES: Final = {pa.int64(): "BIGINT", pa.string(): "TEXT"}
"""What the types of the tables' columns are in SQL."""

_LOG: Final = ("seq", "segment", "version", PERSON, "change", "effective_at", "recorded_at", "cause")


def nothing(schema: pa.Schema) -> exp.Select:
    """Return the columns of `schema`, and no row."""
    return exp.select(*(named(missing(one.type), one.name) for one in schema)).where(exp.false())


def missing(type_: pa.DataType) -> exp.Expr:
    """Return a value of a type that is missing."""
    return exp.Cast(this=exp.null(), to=exp.DataType.build(SQL_TYPES[type_]))


def log_rows(parameters: Parameters, place: Place, epoch: Epoch) -> exp.Select:
    """Return the changes as rows of the log, in the order of segments and people."""
    newest = exp.Coalesce(this=exp.Max(this=column("seq")), expressions=[number(0)])
    before = exp.select(newest).from_(place.table("membership_log")).subquery()
    dialect = parameters.dialect
    order = exp.Order(
        expressions=[ordered(dialect, one, text=True) for one in ("segment", PERSON)] + [ordered(dialect, "change")]
    )
    rank = exp.Window(this=exp.RowNumber(), order=order)
    values: dict[str, exp.Expr] = {
        "seq": exp.Add(this=before, expression=rank),
        "effective_at": number(epoch.at),
        "recorded_at": number(epoch.recorded_at),
    }
    return exp.select(*(named(values.get(name, column(name)), name) for name in _LOG)).from_(CHANGES)


def entering_rows(parameters: Parameters, place: Place, epoch: Epoch) -> exp.Select:  # noqa: ARG001 - as `Rows` has it
    """Return the stays of those who enter."""
    entered = exp.EQ(this=column("change"), expression=text(parameters, "entered"))
    select = exp.select(column("segment"), column("version"), column(PERSON), named(number(epoch.at), "entered_at"))
    return select.from_(CHANGES).where(entered)


def size_rows(parameters: Parameters, place: Place, epoch: Epoch) -> exp.Select:  # noqa: ARG001 - as above
    """Return how many are in each segment, by the stays that have been written."""
    is_open = exp.Is(this=column("left_at"), expression=exp.null())
    counted = exp.select(column("segment"), named(exp.Count(this=exp.Star()), "size"))
    counted = counted.from_(place.written("memberships", epoch.seq)).where(is_open).group_by(column("segment"))
    people = exp.select(exp.Count(this=exp.Star())).from_(ANSWERS).subquery()
    values: dict[str, exp.Expr] = {
        "seq": number(epoch.seq),
        "segment": column("segment", "s"),
        "version": column("version", "s"),
        "at": number(epoch.at),
        "size": exp.Coalesce(this=column("size", "f"), expressions=[number(0)]),
        "population": people,
    }
    select = exp.select(*(named(value, name) for name, value in values.items())).from_(aliased(SEGMENTS, "s"))
    return select.join(counted.subquery("f"), on=same("segment", "f", "s"), join_type="LEFT")


def epoch_rows(parameters: Parameters, place: Place, epoch: Epoch) -> exp.Select:  # noqa: ARG001 - as above
    """Return the evaluation itself."""
    values = {
        "seq": number(epoch.seq),
        "at": number(epoch.at),
        "recorded_at": number(epoch.recorded_at),
        "statistics": text(parameters, epoch.statistics),
    }
    return exp.select(*(named(value, name) for name, value in values.items()))


ADDED: Final[Mapping[str, Rows]] = {
    "memberships": entering_rows,
    "membership_log": log_rows,
    "segment_sizes": size_rows,
    "epochs": epoch_rows,
}
"""The rows that a run adds to each table, in the order in which they are written."""
