"""What lands beside the data: who entered and left, stays, sizes and epochs, by statements inside the store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.answers import ANSWERS, Answers
from kohort.engines.sql.statements import Statement, create_table, printed
from kohort.engines.sql.terms import PERSON, Parameters, all_of, big, column, named, number, ordered
from kohort.rules.nodes import Rule

CHUNK: Final = 50
"""How many segments one statement finds the members of."""

_SQL_TYPES: Final = {pa.int64(): "BIGINT", pa.string(): "TEXT"}
_LOG: Final = ("seq", "segment", "version", PERSON, "change", "effective_at", "recorded_at", "cause")
_SEGMENTS: Final = "kohort_segments"
_FOUND: Final = "kohort_found"
_CHANGES: Final = "kohort_changes"


@dataclass(frozen=True)
class Place:
    """Where results land: the store's name for its database, and the schema."""

    database: str
    schema: str

    def table(self, name: str, alias: str | None = None) -> exp.Expr:
        """Return one of the tables there."""
        parts = [exp.to_identifier(one, quoted=True) for one in (name, self.schema, self.database)]
        found = exp.Table(this=parts[0], db=parts[1], catalog=parts[2])
        return found if alias is None else exp.alias_(found, alias, table=True)


@dataclass(frozen=True)
class LandedSegment:
    """A segment to land: its rule, its version, and why its members may differ from those before."""

    name: str
    version: int
    rule: Rule
    cause: str


@dataclass(frozen=True)
class Epoch:
    """The evaluation that lands: its number, its moment, when it was done, and its statistics as JSON."""

    seq: int
    at: Moment
    recorded_at: Moment
    statistics: str


def schema_exists(dialect: Dialect, place: Place) -> Statement:
    """Return the statement that counts the schemas called so: `count`."""
    parameters = Parameters(dialect)
    named_so = exp.EQ(this=column("nspname"), expression=parameters.bind(place.schema))
    select = exp.select(named(exp.Count(this=exp.Star()), "count")).from_(exp.table_("pg_namespace", db="pg_catalog"))
    return printed(select.where(named_so), parameters)


def create_schema(dialect: Dialect, place: Place) -> Statement:
    """Return the statement that makes the schema of the results."""
    name = exp.to_identifier(place.schema, quoted=True)
    return printed(exp.Create(this=exp.Table(db=name), kind="SCHEMA"), Parameters(dialect))


def create_results(dialect: Dialect, place: Place, schemas: Mapping[str, pa.Schema]) -> Iterator[Statement]:
    """Yield the statements that make the tables of the results, of these schemas, where they are not there yet."""
    for name, schema in schemas.items():
        nothing = [
            named(exp.Cast(this=exp.null(), to=exp.DataType.build(_SQL_TYPES[one.type])), one.name) for one in schema
        ]
        select = exp.select(*nothing).where(exp.false())
        create = exp.Create(this=place.table(name), kind="TABLE", exists=True, expression=select)
        yield printed(create, Parameters(dialect))


def landed_epochs(dialect: Dialect, place: Place) -> Statement:
    """Return the statement for the epochs, newest last: `seq`, `at`, `statistics`."""
    wanted = [column(one) for one in ("seq", "at", "statistics")]
    select = exp.select(*wanted).from_(place.table("epochs")).order_by(ordered(dialect, "seq"))
    return printed(select, Parameters(dialect))


def landed_versions(dialect: Dialect, place: Place) -> Statement:
    """Return the statement for the epochs at which each version of a segment landed: `segment`, `version`, `seq`."""
    keys = [column("segment"), column("version")]
    newest = named(exp.Max(this=column("seq")), "seq")
    select = exp.select(*keys, newest).from_(place.table("segment_sizes")).group_by(*keys)
    return printed(select, Parameters(dialect))


def landing(
    dialect: Dialect, place: Place, answers: Answers, segments: Sequence[LandedSegment], epoch: Epoch
) -> Iterator[Statement]:
    """Yield the statements that bring the results to `epoch`, from the answers in the store.

    Who is in and was not enters; who was in and is not leaves, also of a segment that is none of `segments`.
    """
    yield _segments(dialect, segments)
    yield _found(dialect, answers, segments[:CHUNK], 0)
    for first in range(CHUNK, len(segments), CHUNK):
        yield _more_found(dialect, answers, segments[first : first + CHUNK], first)
    yield _changes(dialect, place, answers)
    yield _log(dialect, place, epoch)
    yield _leave(dialect, place, epoch)
    yield _enter(dialect, place, epoch)
    yield _sizes(dialect, place, epoch)
    yield _epoch(dialect, place, epoch)


def landed_changes(dialect: Dialect) -> Statement:
    """Return the statement for how many entered and left, after `landing`: `entered` and `everybody`."""
    parameters = Parameters(dialect)
    entered = exp.EQ(this=column("change"), expression=_text(parameters, "entered"))
    counted = exp.Count(this=exp.Case(ifs=[exp.If(this=entered, true=number(1))]))
    everybody = exp.Count(this=exp.Star())
    return printed(exp.select(named(counted, "entered"), named(everybody, "everybody")).from_(_CHANGES), parameters)


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
            named(_text(parameters, one.name), "segment"),
            named(big(number(one.version)), "version"),
            named(_text(parameters, one.cause), "cause"),
        )
        for place, one in enumerate(segments)
    ]
    return create_table(_SEGMENTS, exp.union(select, *rows, distinct=False) if rows else select, parameters)


def _found(dialect: Dialect, answers: Answers, segments: Sequence[LandedSegment], first: int) -> Statement:
    nobody = exp.select(named(big(number(0)), "number"), column(PERSON)).from_(answers.table)
    nobody = nobody.where(exp.false())
    return create_table(_FOUND, _members(nobody, answers, segments, first), Parameters(dialect))


def _more_found(dialect: Dialect, answers: Answers, segments: Sequence[LandedSegment], first: int) -> Statement:
    members = _members(None, answers, segments, first)
    return printed(_insert(exp.to_table(_FOUND), ("number", PERSON), members), Parameters(dialect))


def _members(before: exp.Select | None, answers: Answers, segments: Sequence[LandedSegment], first: int) -> exp.Query:
    parts = [] if before is None else [before]
    parts += [
        exp.select(named(big(number(first + place)), "number"), column(PERSON))
        .from_(answers.table)
        .where(answers.holds(one.rule))
        for place, one in enumerate(segments)
    ]
    return parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False)


def _changes(dialect: Dialect, place: Place, answers: Answers) -> Statement:
    """Return who enters, and who leaves: members found against open stays, both by anti-join.

    Whoever is not looked at stays where they are.
    """
    parameters = Parameters(dialect)
    is_open = exp.Is(this=column("left_at", "m"), expression=exp.null())
    stays = (
        exp.select(number(1))
        .from_(place.table("memberships", "m"))
        .where(all_of([_same("segment", "m", "s"), _same(PERSON, "m", "f"), is_open]))
    )
    entering = (
        exp.select(column("segment", "s"), column("version", "s"), column(PERSON, "f"),
                   named(_text(parameters, "entered"), "change"), column("cause", "s"))
        .from_(exp.alias_(exp.to_table(_FOUND), "f", table=True))
        .join(exp.alias_(exp.to_table(_SEGMENTS), "s", table=True), on=_same("number", "f", "s"))
        .where(exp.Not(this=exp.Exists(this=stays)))
    )  # fmt: skip
    still = (
        exp.select(number(1))
        .from_(exp.alias_(exp.to_table(_FOUND), "f", table=True))
        .where(all_of([_same("number", "f", "s"), _same(PERSON, "f", "m")]))
    )
    removed = _text(parameters, "segment removed")
    people = exp.select(column(PERSON)).from_(answers.table).subquery()
    looked = [] if answers.table == ANSWERS else [exp.In(this=column(PERSON, "m"), query=people)]
    leaving = (
        exp.select(
            column("segment", "m"),
            named(exp.Coalesce(this=column("version", "s"), expressions=[column("version", "m")]), "version"),
            column(PERSON, "m"),
            named(_text(parameters, "left"), "change"),
            named(exp.Coalesce(this=column("cause", "s"), expressions=[removed]), "cause"),
        )
        .from_(place.table("memberships", "m"))
        .join(exp.alias_(exp.to_table(_SEGMENTS), "s", table=True), on=_same("segment", "s", "m"), join_type="LEFT")
        .where(all_of([is_open.copy(), exp.Not(this=exp.Exists(this=still)), *looked]))
    )
    return create_table(_CHANGES, exp.union(entering, leaving, distinct=False), parameters)


def _log(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    """Append the changes to the log, in the order of segments and people."""
    newest = exp.Coalesce(this=exp.Max(this=column("seq")), expressions=[number(0)])
    before = exp.select(newest).from_(place.table("membership_log")).subquery()
    order = exp.Order(
        expressions=[ordered(dialect, one, text=True) for one in ("segment", PERSON)] + [ordered(dialect, "change")]
    )
    rank = exp.Window(this=exp.RowNumber(), order=order)
    values: dict[str, exp.Expr] = {
        "seq": exp.Add(this=before, expression=rank),
        "effective_at": number(epoch.at),
        "recorded_at": number(epoch.recorded_at),
    }
    select = exp.select(*(named(values.get(name, column(name)), name) for name in _LOG)).from_(_CHANGES)
    return printed(_insert(place.table("membership_log"), _LOG, select), Parameters(dialect))


def _leave(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    """End the stays of those who leave."""
    parameters = Parameters(dialect)
    left = exp.EQ(this=column("change", "c"), expression=_text(parameters, "left"))
    its = (
        exp.select(number(1))
        .from_(exp.alias_(exp.to_table(_CHANGES), "c", table=True))
        .where(all_of([left, _same("segment", "c", "m"), _same(PERSON, "c", "m")]))
    )
    ends = [exp.Is(this=column("left_at", "m"), expression=exp.null()), exp.Exists(this=its)]
    update = exp.Update(
        this=place.table("memberships", "m"),
        expressions=[exp.EQ(this=column("left_at"), expression=number(epoch.at))],
        where=exp.Where(this=all_of(ends)),
    )
    return printed(update, parameters)


def _enter(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    parameters = Parameters(dialect)
    columns = ("segment", "version", PERSON, "entered_at")
    entered = exp.EQ(this=column("change"), expression=_text(parameters, "entered"))
    select = exp.select(column("segment"), column("version"), column(PERSON), named(number(epoch.at), "entered_at"))
    return printed(_insert(place.table("memberships"), columns, select.from_(_CHANGES).where(entered)), parameters)


def _sizes(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    is_open = exp.Is(this=column("left_at"), expression=exp.null())
    counted = exp.select(column("segment"), named(exp.Count(this=exp.Star()), "size"))
    counted = counted.from_(place.table("memberships")).where(is_open).group_by(column("segment"))
    people = exp.select(exp.Count(this=exp.Star())).from_(ANSWERS).subquery()
    values: dict[str, exp.Expr] = {
        "seq": number(epoch.seq),
        "segment": column("segment", "s"),
        "version": column("version", "s"),
        "at": number(epoch.at),
        "size": exp.Coalesce(this=column("size", "f"), expressions=[number(0)]),
        "population": people,
    }
    select = (
        exp.select(*(named(value, name) for name, value in values.items()))
        .from_(exp.alias_(exp.to_table(_SEGMENTS), "s", table=True))
        .join(counted.subquery("f"), on=_same("segment", "f", "s"), join_type="LEFT")
    )
    return printed(_insert(place.table("segment_sizes"), tuple(values), select), Parameters(dialect))


def _epoch(dialect: Dialect, place: Place, epoch: Epoch) -> Statement:
    parameters = Parameters(dialect)
    values = {
        "seq": number(epoch.seq),
        "at": number(epoch.at),
        "recorded_at": number(epoch.recorded_at),
        "statistics": _text(parameters, epoch.statistics),
    }
    select = exp.select(*(named(value, name) for name, value in values.items()))
    return printed(_insert(place.table("epochs"), tuple(values), select), parameters)


def _insert(table: exp.Expr, columns: Sequence[str], select: exp.Query) -> exp.Insert:
    named_so = [exp.to_identifier(name, quoted=True) for name in columns]
    return exp.Insert(this=exp.Schema(this=table, expressions=named_so), expression=select)


def _text(parameters: Parameters, text: str) -> exp.Expr:
    return exp.Cast(this=parameters.bind(text), to=exp.DataType.build("TEXT"))


def _same(name: str, left: str, right: str) -> exp.Expr:
    return exp.EQ(this=column(name, left), expression=column(name, right))
