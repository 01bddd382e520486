"""Who is in which segment by the answers in the store, and so who enters and leaves: tables on the way to results."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.answers import ANSWERS, Answers
from kohort.engines.sql.landing.place import LandedSegment, Place
from kohort.engines.sql.statements import Statement, create_table, create_view, printed, together
from kohort.engines.sql.terms import PERSON, Parameters, all_of, big, column, named, number

CHUNK: Final = 50
"""How many segments one statement finds the members of."""

SEGMENTS: Final = "kohort_segments"
FOUND: Final = "kohort_found"
CHANGES: Final = "kohort_changes"


def finding(dialect: Dialect, place: Place, answers: Answers, segments: Sequence[LandedSegment]) -> Iterator[Statement]:
    """Yield the statements that find, from the answers, who enters and who leaves what has landed in `place`.

    Who is in and was not enters; who was in and is not leaves, also a segment that is none of `segments`.
    """
    yield _segments(dialect, segments)
    yield from _found_anew(dialect, answers, segments) if dialect.anew else _found(dialect, answers, segments)
    yield _changes(dialect, place, answers)


def landed_changes(dialect: Dialect) -> Statement:
    """Return the statement for how many entered and left, after `landing`: `entered` and `everybody`."""
    parameters = Parameters(dialect)
    entered = exp.EQ(this=column("change"), expression=text(parameters, "entered"))
    counted = exp.Count(this=exp.Case(ifs=[exp.If(this=entered, true=number(1))]))
    everybody = exp.Count(this=exp.Star())
    return printed(exp.select(named(counted, "entered"), named(everybody, "everybody")).from_(CHANGES), parameters)


def _segments(dialect: Dialect, segments: Sequence[LandedSegment]) -> Statement:
    """Name the segments by number, once."""
    parameters = Parameters(dialect)
    columns = {"number": "BIGINT", "segment": "TEXT", "version": "BIGINT", "cause": "TEXT"}
    select: exp.Query = exp.select(
        *(named(exp.Cast(this=exp.null(), to=exp.DataType.build(kind)), name) for name, kind in columns.items())
    ).where(exp.false())
    rows = [
        exp.select(
            named(big(number(place)), "number"),
            named(text(parameters, one.name), "segment"),
            named(big(number(one.version)), "version"),
            named(text(parameters, one.cause), "cause"),
        )
        for place, one in enumerate(segments)
    ]
    return create_table(SEGMENTS, exp.union(select, *rows, distinct=False) if rows else select, parameters)


def _found(dialect: Dialect, answers: Answers, segments: Sequence[LandedSegment]) -> Iterator[Statement]:
    """Fill one table, so many segments at a time."""
    yield create_table(FOUND, _members(answers, segments[:CHUNK], 0), Parameters(dialect))
    for first in range(CHUNK, len(segments), CHUNK):
        members = _members(answers, segments[first : first + CHUNK], first)
        yield printed(insert(exp.to_table(FOUND), ("number", PERSON), members), Parameters(dialect))


def _found_anew(dialect: Dialect, answers: Answers, segments: Sequence[LandedSegment]) -> Iterator[Statement]:
    """Make a table for so many segments at a time, and a view of all."""
    tables = []
    for first in range(0, max(len(segments), 1), CHUNK):
        tables.append(f"{FOUND}_{first}")
        yield create_table(tables[-1], _members(answers, segments[first : first + CHUNK], first), Parameters(dialect))
    parts = [exp.select(column("number"), column(PERSON)).from_(one) for one in tables]
    yield create_view(FOUND, together(parts), Parameters(dialect))


def _members(answers: Answers, segments: Sequence[LandedSegment], first: int) -> exp.Query:
    parts = [exp.select(named(big(number(0)), "number"), column(PERSON)).from_(answers.table).where(exp.false())]
    parts += [
        exp.select(named(big(number(first + place)), "number"), column(PERSON))
        .from_(answers.table)
        .where(answers.holds(one.rule))
        for place, one in enumerate(segments)
    ]
    return together(parts)


def _changes(dialect: Dialect, place: Place, answers: Answers) -> Statement:
    """Return who enters, and who leaves: members found against open stays, both by anti-join.

    Whoever is not looked at stays where they are.
    """
    parameters = Parameters(dialect)
    is_open = exp.Is(this=column("left_at", "m"), expression=exp.null())
    stays = (
        exp.select(number(1))
        .from_(place.table("memberships", "m"))
        .where(all_of([same("segment", "m", "s"), same(PERSON, "m", "f"), is_open]))
    )
    entering = (
        exp.select(column("segment", "s"), column("version", "s"), column(PERSON, "f"),
                   named(text(parameters, "entered"), "change"), column("cause", "s"))
        .from_(aliased(FOUND, "f"))
        .join(aliased(SEGMENTS, "s"), on=same("number", "f", "s"))
        .where(exp.Not(this=exp.Exists(this=stays)))
    )  # fmt: skip
    still = (
        exp.select(number(1))
        .from_(aliased(FOUND, "f"))
        .where(all_of([same("number", "f", "s"), same(PERSON, "f", "m")]))
    )
    removed = text(parameters, "segment removed")
    people = exp.select(column(PERSON)).from_(answers.table).subquery()
    looked = [] if answers.table == ANSWERS else [exp.In(this=column(PERSON, "m"), query=people)]
    leaving = (
        exp.select(
            column("segment", "m"),
            named(exp.Coalesce(this=column("version", "s"), expressions=[column("version", "m")]), "version"),
            column(PERSON, "m"),
            named(text(parameters, "left"), "change"),
            named(exp.Coalesce(this=column("cause", "s"), expressions=[removed]), "cause"),
        )
        .from_(place.table("memberships", "m"))
        .join(aliased(SEGMENTS, "s"), on=same("segment", "s", "m"), join_type="LEFT")
        .where(all_of([is_open.copy(), exp.Not(this=exp.Exists(this=still)), *looked]))
    )
    return create_table(CHANGES, exp.union(entering, leaving, distinct=False), parameters)


def insert(table: exp.Expr, columns: Sequence[str], select: exp.Query) -> exp.Insert:
    """Return the tree that puts what `select` finds into these columns of a table."""
    named_so = [exp.to_identifier(name, quoted=True) for name in columns]
    return exp.Insert(this=exp.Schema(this=table, expressions=named_so), expression=select)


def aliased(table: str, alias: str) -> exp.Expr:
    """Return a table under another name."""
    return exp.alias_(exp.to_table(table), alias, table=True)


def text(parameters: Parameters, value: str) -> exp.Expr:
    """Return a text that is bound, and says that it is one."""
    return exp.Cast(this=parameters.bind(value), to=exp.DataType.build("TEXT"))


def same(name: str, left: str, right: str) -> exp.Expr:
    """Return whether a column has the same value in two tables."""
    return exp.EQ(this=column(name, left), expression=column(name, right))
