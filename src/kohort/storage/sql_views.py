"""What people who know SQL are handed: every table as a view with plain SQL values, and only reading allowed.

Moments are timestamps in the project's time zone, numbers are decimals. A statement is judged by DuckDB's own parser
before it runs: DuckDB has no rights of users, and would let a COPY, even inside a WITH, write in the folder of tables.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.storage.connections import open_duckdb
from kohort.storage.consents import add_consents
from kohort.storage.schemas import MICRO_COLUMNS, MOMENT_COLUMNS, SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.views import create, run, stored_events, stored_rows, with_person

_READING: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_DECIMAL: Final = exp.DataType.build("DECIMAL(19, 6)", dialect="duckdb")
_WHOLE: Final = exp.DataType.build("DECIMAL(19, 0)", dialect="duckdb")
_MILLIONTH: Final = exp.DataType.build("DECIMAL(7, 6)", dialect="duckdb")


def open_sql_views(
    tables: Tables,
    catalog: Catalog,
    *,
    at: Moment,
    zone: ZoneInfo,
    memory: str = "4GB",
    memberships: pa.Table | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with a view for each table of `SCHEMAS`, and those that derive from them.

    `events` and `trait_values` also have the `person_id` of today's identities; `people` has each person's
    `user_id` and `first_seen`; `traits` one row a person and one typed column a trait, with the values in force at
    `at`; `memberships` are those given, by default as stored; `trait_columns` says which column of `traits` holds a
    trait whose name could not be one. For consents, see `kohort.storage.consents`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     catalog = Catalog(traits={"clv": ValueType.NUMBER})
    ...     views = open_sql_views(Tables(Path(folder)), catalog, at=0, zone=ZoneInfo("UTC"))
    ...     run_query(views, "SELECT person_id, clv FROM traits").schema.names
    ['person_id', 'clv']
    """
    connection = open_duckdb(folders=[tables.folder], memory=memory, time_zone=zone.key, spill=False)
    run(connection, create("actors", _shown(stored_rows(tables, "actors"), SCHEMAS["actors"].names), kind="TABLE"))
    stored = {name: stored_rows(tables, name) for name in SCHEMAS}
    if memberships is not None:
        connection.register("memberships_now", memberships)
        stored["memberships"] = exp.select("*").from_("memberships_now")
    for name, schema in SCHEMAS.items():
        if name not in {"actors", "events", "trait_values"}:
            run(connection, create(name, _shown(stored[name], schema.names), kind="VIEW"))
    values = _shown(stored_rows(tables, "trait_values"), SCHEMAS["trait_values"].names)
    run(connection, create("trait_values", with_person(values), kind="VIEW"))
    run(connection, create("events", with_person(_events(tables, catalog)), kind="VIEW"))
    run(connection, create("people", _people(), kind="VIEW"))
    add_consents(connection, catalog.purposes)
    _add_traits(connection, catalog, at)
    return connection


def run_query(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    """Return the answer to one statement that only reads; raises UsageError for any other, or a wrong one.

    >>> run_query(open_duckdb(), "SELECT 1 AS one").to_pylist()
    [{'one': 1}]
    >>> run_query(open_duckdb(), "DROP TABLE people")
    Traceback (most recent call last):
    kohort.errors.UsageError: the statement does not only read; give one SELECT
    """
    try:
        _check_reads_only(connection, statement)
        answer = connection.sql(statement).to_arrow_table()
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            "the statement needs more memory than kohort.yaml allows; ask for less at a time, or raise its `memory`"
        ) from error
    except duckdb.PermissionException as error:
        raise UsageError("the statement reads a file or an address; only the project's tables can be read") from error
    except duckdb.Error as error:
        raise UsageError(f"could not run the statement: {error}") from error
    twice = [name for name, times in Counter(answer.column_names).items() if times > 1]
    if twice:
        raise UsageError(f'two columns of the answer are called "{twice[0]}"; rename one with AS')
    return answer


def _check_reads_only(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Raise UsageError unless the parser finds one statement, and nothing in it but queries."""
    asked = connection.execute("SELECT CAST(json_serialize_sql($1::VARCHAR) AS VARCHAR)", [statement])
    ((text,),) = asked.fetchall()
    parsed = json.loads(text)
    if parsed.get("error") and parsed["error_type"] == "parser":
        raise UsageError(f"could not read the statement: {parsed['error_message']}")
    if parsed.get("error") or not set(_query_nodes(parsed)) <= _READING:
        raise UsageError("the statement does not only read; give one SELECT")
    if len(parsed["statements"]) != 1:
        raise UsageError(f"give one SELECT; here are {len(parsed['statements'])} statements")


def _query_nodes(parsed: object) -> Iterator[str]:
    waiting = [parsed]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            kind = one.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                yield kind
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _shown(
    query: exp.Select,
    columns: list[str],
    moments: frozenset[str] = MOMENT_COLUMNS,
    micros: frozenset[str] = MICRO_COLUMNS,
) -> exp.Select:
    shown = []
    for name in columns:
        stored: exp.Expr = exp.column(name, quoted=True)
        if name in moments:
            stored = exp.Anonymous(this="make_timestamptz", expressions=[stored])
        elif name in micros:
            millionth = exp.cast(exp.Literal.number("0.000001"), _MILLIONTH)
            stored = exp.cast(exp.Mul(this=exp.cast(stored, _WHOLE), expression=millionth), _DECIMAL)
        shown.append(stored.as_(name, quoted=True))
    return exp.select(*shown).from_(query.subquery("stored"))


def _events(tables: Tables, catalog: Catalog) -> exp.Select:
    kinds = {
        column: kind
        for properties in catalog.events.values()
        for types in properties.values()
        for kind, column in types.items()
    }
    columns = list(dict.fromkeys([*tables.columns("events"), *kinds]))
    fixed = frozenset(SCHEMAS["events"].names)
    moments = {column for column, kind in kinds.items() if kind is ValueType.MOMENT} | (MOMENT_COLUMNS & fixed)
    micros = {column for column, kind in kinds.items() if kind is ValueType.NUMBER}
    return _shown(stored_events(tables, catalog), columns, frozenset(moments), frozenset(micros))


def _people() -> exp.Select:
    first = exp.Anonymous(this="row", expressions=[exp.column("first_seen", "identifiers"), exp.column("value")])
    blocked = exp.EQ(this=exp.column("refused"), expression=exp.Literal.string("blocked"))
    known = exp.and_(
        exp.column("kind").eq(exp.Literal.string("user_id")),
        exp.Coalesce(this=blocked, expressions=[exp.false()]).not_(),
    )
    user_id = exp.Filter(this=exp.ArgMin(this=exp.column("value"), expression=first), expression=exp.Where(this=known))
    first_seen = exp.Min(this=exp.column("first_seen", "actors"))
    return (
        exp.select("person_id", user_id.as_("user_id"), first_seen.as_("first_seen"))
        .from_("actors")
        .join("identifiers", using=["actor_id"], join_type="left")
        .group_by("person_id")
    )


def _add_traits(connection: duckdb.DuckDBPyConnection, catalog: Catalog, at: Moment) -> None:
    columns = _trait_columns(catalog)
    connection.execute('CREATE TABLE trait_columns (place INTEGER, name VARCHAR, "column" VARCHAR, type VARCHAR)')
    if columns:
        rows = [
            [place, name, column, str(catalog.traits[name])] for place, (name, column) in enumerate(columns.items())
        ]
        connection.executemany("INSERT INTO trait_columns VALUES ($1, $2, $3, $4)", rows)
    until = exp.Anonymous(this="make_timestamptz", expressions=[exp.Literal.number(at)])
    latest = (
        exp.select("person_id", "place", *VALUE_COLUMNS.values(), "removed")
        .distinct("person_id", "place")
        .from_("trait_values")
        .join("trait_columns", using=["name"])
        .where(exp.column("set_at") <= until)
        .order_by("person_id", "place", exp.column("set_at").desc(), exp.column("value_id").desc())
    )
    shown = []
    for place, (name, column) in enumerate(columns.items()):
        value = exp.AnyValue(this=exp.column(VALUE_COLUMNS[catalog.traits[name]], "latest", quoted=True))
        wanted = exp.and_(exp.column("place").eq(place), exp.column("removed").not_())
        shown.append(exp.Filter(this=value, expression=exp.Where(this=wanted)).as_(column, quoted=True))
    query = (
        exp.select(exp.column("person_id", "people"), *shown)
        .from_("people")
        .join(latest.subquery("latest"), using=["person_id"], join_type="left")
        .group_by(exp.column("person_id", "people"))
    )
    run(connection, create("traits", query, kind="VIEW"))


def _trait_columns(catalog: Catalog) -> dict[str, str]:
    """Return the column of each trait: its name, with _ after it where SQL, blind to capitals, has that one already."""
    columns: dict[str, str] = {}
    taken = {"person_id"}
    for name in sorted(catalog.traits):
        column = name
        while column.lower() in taken:
            column += "_"
        taken.add(column.lower())
        columns[name] = column
    return columns
