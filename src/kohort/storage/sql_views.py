"""What people who know SQL are handed: every table as a view with plain SQL values, and only reading allowed.

Moments are timestamps in the project's time zone, numbers are decimals. Only what a statement names is opened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.rules.catalog import Catalog
from kohort.storage.connections import open_duckdb
from kohort.storage.consents import add_consents
from kohort.storage.schemas import MICRO_COLUMNS, MOMENT_COLUMNS, SCHEMAS
from kohort.storage.statements import relations_read, run_statement
from kohort.storage.tables import Tables
from kohort.storage.views import create, run, stored_events, stored_rows, with_person

_DECIMAL: Final = exp.DataType.build("DECIMAL(19, 6)", dialect="duckdb")
_WHOLE: Final = exp.DataType.build("DECIMAL(19, 0)", dialect="duckdb")
_MILLIONTH: Final = exp.DataType.build("DECIMAL(7, 6)", dialect="duckdb")


_NEEDS: Final = {
    "events": ("actors",),
    "trait_values": ("actors",),
    "people": ("actors", "identifiers"),
    "traits": ("people", "trait_values"),
    "trait_columns": ("traits",),
    **dict.fromkeys(("purposes", "consents", "consent_status"), ("consent_choices", "actors")),
}
SQL_RELATIONS: Final = frozenset({*SCHEMAS, *_NEEDS})
"""The names of everything that a statement may read."""


@dataclass(frozen=True)
class SqlViews:
    """What statements read: a project's tables, and the relations that derive from them.

    `events` and `trait_values` also have the `person_id` of today's identities; `people` has each person's
    `user_id` and `first_seen`; `traits` one row a person and one typed column a trait, with the values in force at
    `at`; `memberships` are those that the function gives, or as stored; `trait_columns` says which column of `traits`
    holds a trait whose name could not be one. For consents, see `kohort.storage.consents`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     catalog = Catalog(traits={"clv": ValueType.NUMBER})
    ...     views = SqlViews(Tables(Path(folder)), catalog, at=0, zone=ZoneInfo("UTC"))
    ...     views.query("SELECT person_id, clv FROM traits").schema.names
    ['person_id', 'clv']
    """

    tables: Tables
    catalog: Catalog
    at: Moment
    zone: ZoneInfo
    memory: str = "4GB"
    memberships: Callable[[], pa.Table] | None = None

    def query(self, statement: str) -> pa.Table:
        """Return the answer to one statement that only reads; raises UsageError for any other, or a wrong one."""
        folders = [self.tables.folder]
        with open_duckdb(folders=folders, memory=self.memory, time_zone=self.zone.key, spill=False) as connection:
            self._add(connection, relations_read(connection, statement, SQL_RELATIONS))
            return run_statement(connection, statement)

    def _add(self, connection: duckdb.DuckDBPyConnection, wanted: frozenset[str]) -> None:
        needed = _with_needs(wanted)
        if "actors" in needed:
            _make(connection, "actors", self._stored("actors"), kind="TABLE")
        for name in SCHEMAS:
            if name in needed and name not in {"actors", "events", "trait_values", "memberships"}:
                _make(connection, name, self._stored(name), kind="VIEW")
        if "memberships" in needed:
            _make(connection, "memberships", self._memberships(connection), kind="VIEW")
        if "trait_values" in needed:
            _make(connection, "trait_values", with_person(self._stored("trait_values")), kind="VIEW")
        if "events" in needed:
            _make(connection, "events", with_person(_events(self.tables, self.catalog)), kind="VIEW")
        if "people" in needed:
            _make(connection, "people", _people(), kind="VIEW")
        if "purposes" in needed:
            add_consents(connection, self.catalog.purposes, temporary=False)
        if "traits" in needed:
            _add_traits(connection, self.catalog, self.at)

    def _stored(self, name: str) -> exp.Select:
        return _shown(stored_rows(self.tables, name), SCHEMAS[name].names)

    def _memberships(self, connection: duckdb.DuckDBPyConnection) -> exp.Select:
        if self.memberships is None:
            return self._stored("memberships")
        connection.register("memberships_now", self.memberships())
        return _shown(exp.select("*").from_("memberships_now"), SCHEMAS["memberships"].names)


def _make(connection: duckdb.DuckDBPyConnection, name: str, query: exp.Expr, *, kind: str) -> None:
    """Make a relation where whoever writes out all of its name, `memory.main.people`, finds it."""
    run(connection, create(name, query, kind=kind, temporary=False))


def _with_needs(wanted: frozenset[str]) -> frozenset[str]:
    needed, waiting = set[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(_NEEDS.get(name, ()))
    # Three relations of consents are made at once, and so are two of traits.
    for together in (("purposes", "consents", "consent_status"), ("traits", "trait_columns")):
        if needed & set(together):
            needed.update(together)
    return frozenset(needed)


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
    _make(connection, "traits", query, kind="VIEW")


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
