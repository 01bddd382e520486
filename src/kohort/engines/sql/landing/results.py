"""What lands beside the data: who entered and left, stays, sizes and epochs, by statements inside the store.

Where a transaction holds several statements together, rows are added and changed in place. Where none does, see `anew`.
"""

from collections.abc import Iterator, Sequence

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing import anew
from kohort.engines.sql.landing.answers import Answers
from kohort.engines.sql.landing.changes import CHANGES, aliased, finding, insert, same, text
from kohort.engines.sql.landing.place import Epoch, LandedSegment, Place
from kohort.engines.sql.landing.rows import ADDED, Rows, nothing
from kohort.engines.sql.statements import Statement, printed
from kohort.engines.sql.terms import PERSON, Parameters, all_of, column, number


def create_results(dialect: Dialect, place: Place) -> Iterator[Statement]:
    """Yield the statements that make the tables of the results where they are not there yet."""
    if dialect.anew:
        yield from anew.create_results(dialect, place)
        return
    for name, schema in place.tables.items():
        create = exp.Create(this=place.table(name), kind="TABLE", exists=True, expression=nothing(schema))
        yield printed(create, Parameters(dialect))


def landing(
    dialect: Dialect, place: Place, answers: Answers, segments: Sequence[LandedSegment], epoch: Epoch
) -> Iterator[Statement]:
    """Yield the statements that bring the results to `epoch`, from the answers in the store; `sealing` ends them."""
    if dialect.anew:
        yield from anew.landing(dialect, place, answers, segments, epoch)
        return
    yield from finding(dialect, place, answers, segments)
    yield _leave(dialect, place, epoch)
    for name, rows in ADDED.items():
        yield _added(dialect, place, name, rows, epoch)


def sealing(dialect: Dialect, place: Place, epoch: Epoch) -> Iterator[Statement]:
    """Yield what makes readers see `epoch`, where the end of a transaction does not."""
    if dialect.anew:
        yield anew.switch(dialect, place, epoch)


def _added(dialect: Dialect, place: Place, table: str, rows: Rows, epoch: Epoch) -> Statement:
    parameters = Parameters(dialect)
    select = rows(parameters, place, epoch)
    return printed(insert(place.table(table), select.named_selects, select), parameters)


def _leave(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    """End the stays of those who leave."""
    parameters = Parameters(dialect)
    left = exp.EQ(this=column("change", "c"), expression=text(parameters, "left"))
    its = (
        exp.select(number(1))
        .from_(aliased(CHANGES, "c"))
        .where(all_of([left, same("segment", "c", "m"), same(PERSON, "c", "m")]))
    )
    ends = [exp.Is(this=column("left_at", "m"), expression=exp.null()), exp.Exists(this=its)]
    update = exp.Update(
        this=place.table("memberships", "m"),
        expressions=[exp.EQ(this=column("left_at"), expression=number(epoch.at))],
        where=exp.Where(this=all_of(ends)),
    )
    return printed(update, parameters)
