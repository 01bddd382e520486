"""What lands where no row of a table can be changed, nor two tables at once, as on Spark's Parquet tables.

Each run writes all rows of each table, those before and its own, into a partition with the run's number. Readers are
shown views of the run that the view `landed_run` names, and to replace that one view is the last step of a run. So
a run that is killed anywhere leaves what was there; the next one has the same number, and removes the rest first. What
the run before last had written is removed too: who reads since then goes on reading what the last run had.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.answers import Answers
from kohort.engines.sql.landing.changes import CHANGES, finding, same, text
from kohort.engines.sql.landing.place import Epoch, LandedSegment, Place
from kohort.engines.sql.landing.rows import ADDED, SQL_TYPES, Rows, missing
from kohort.engines.sql.statements import Statement, printed, together
from kohort.engines.sql.terms import PERSON, Parameters, all_of, big, column, is_there, named, number

LANDED: Final = "landed_run"
"""The view that names the run that counts: `seq`, of its epoch; 0 before the first."""

_RUN: Final = "run"
_RUN_FIELD: Final = pa.field(_RUN, pa.int64())


class _Anew(Place):
    """A place of which a run knows what it has written and nobody sees yet."""

    def written(self, name: str, seq: int) -> exp.Expr:
        """Return the rows that the run `seq` has written."""
        rows = exp.select(*(column(one) for one in self.tables[name].names)).from_(_runs(self, name))
        return rows.where(exp.EQ(this=column(_RUN), expression=number(seq))).subquery(name)


def create_results(dialect: Dialect, place: Place) -> Iterator[Statement]:
    """Yield the statements that make the tables and views of the results where they are not there yet."""
    for name, schema in place.tables.items():
        held = exp.Schema(this=_runs(place, name), expressions=[*map(_column, schema), _column(_RUN_FIELD)])
        by_run = exp.Schema(expressions=[exp.to_identifier(_RUN, quoted=True)])
        properties = [exp.FileFormatProperty(this=exp.var("PARQUET")), exp.PartitionedByProperty(this=by_run)]
        create = exp.Create(this=held, kind="TABLE", exists=True, properties=exp.Properties(expressions=properties))
        yield printed(create, Parameters(dialect))
    yield _view(dialect, place.table(LANDED), _seq(0))
    for name, schema in place.tables.items():
        landed = exp.select(column("seq")).from_(place.table(LANDED)).subquery()
        rows = exp.select(*(column(one.name) for one in schema)).from_(_runs(place, name))
        yield _view(dialect, place.table(name), rows.where(exp.EQ(this=column(_RUN), expression=landed)))


def landing(
    dialect: Dialect, place: Place, answers: Answers, segments: Sequence[LandedSegment], epoch: Epoch
) -> Iterator[Statement]:
    """Yield the statements that write what counts once `switch` has run."""
    for name in place.tables:
        for run in (epoch.seq - 2, epoch.seq):
            yield from _removed(dialect, place, name, run)
    yield from finding(dialect, place, answers, segments)
    for name, rows in ADDED.items():
        yield _written(dialect, place, name, rows, epoch)


def switch(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    """Return the statement with which readers see `epoch`."""
    return printed(exp.Alter(this=place.table(LANDED), kind="VIEW", actions=[_seq(epoch.seq)]), Parameters(dialect))


def _removed(dialect: Dialect, place: Place, name: str, run: int) -> Iterator[Statement]:
    """Remove what a run has written, also where it was killed before its partition was known, or while it went."""
    if run < 1:
        return
    of_run = exp.EQ(this=column(_RUN), expression=number(run))
    known = exp.AddPartition(this=exp.Anonymous(this="PARTITION", expressions=[of_run]), exists=True)
    gone = exp.DropPartition(expressions=[exp.Partition(expressions=[of_run.copy()])], exists=True)
    for action in (known, gone):
        alter = exp.Alter(this=_runs(place, name), kind="TABLE", actions=[action])
        yield printed(alter, Parameters(dialect))


def _written(dialect: Dialect, place: Place, name: str, rows: Rows, epoch: Epoch) -> Statement:
    """Write all rows of a table: those that stood, and those that the run adds."""
    parameters = Parameters(dialect)
    stood = _stays(parameters, place, epoch) if name == "memberships" else exp.select("*").from_(place.table(name))
    added = rows(parameters, _Anew(**vars(place)), epoch)
    given = set(added.named_selects)
    wanted = [
        column(one.name) if one.name in given else named(missing(one.type), one.name) for one in place.tables[name]
    ]
    both = together([stood, exp.select(*wanted).from_(added.subquery("added"))])
    select = exp.select("*", named(number(epoch.seq), _RUN)).from_(both.subquery("landed"))
    return printed(exp.Insert(this=_runs(place, name), expression=select), parameters)


def _stays(parameters: Parameters, place: Place, epoch: Epoch) -> exp.Select:
    """Return the stays so far, those of who leaves ended."""
    left = exp.EQ(this=column("change"), expression=text(parameters, "left"))
    leaving = exp.select(column("segment"), column(PERSON)).from_(CHANGES).where(left)
    is_open = exp.Is(this=column("left_at", "m"), expression=exp.null())
    ends = all_of([is_open, is_there(column(PERSON, "c"))])
    left_at = exp.Case(ifs=[exp.If(this=ends, true=number(epoch.at))], default=column("left_at", "m"))
    its = [named(left_at, one) if one == "left_at" else column(one, "m") for one in place.tables["memberships"].names]
    both = all_of([same("segment", "c", "m"), same(PERSON, "c", "m")])
    return (
        exp.select(*its).from_(place.table("memberships", "m")).join(leaving.subquery("c"), on=both, join_type="LEFT")
    )


def _view(dialect: Dialect, name: exp.Expr, rows: exp.Select) -> Statement:
    return printed(exp.Create(this=name, kind="VIEW", exists=True, expression=rows), Parameters(dialect))


def _runs(place: Place, name: str) -> exp.Expr:
    return place.table(f"{name}_runs")


def _seq(run: int) -> exp.Select:
    return exp.select(named(big(number(run)), "seq"))


def _column(field: pa.Field) -> exp.ColumnDef:
    name = exp.to_identifier(field.name, quoted=True)
    return exp.ColumnDef(this=name, kind=exp.DataType.build(SQL_TYPES[field.type]))
