"""What engines are handed: a DuckDB connection whose relations show a project's tables as people and events."""

from collections.abc import Callable, Hashable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.rules.catalog import Catalog
from kohort.storage.amended import STANDS
from kohort.storage.consents import add_consents
from kohort.storage.kinds import WHOSE
from kohort.storage.row_index import RowIndex
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS
from kohort.storage.tables import Tables

# Made and not read from text: every step of a run opens views, which have hundreds of columns.
_SQL_TYPES = {
    pa.int64(): exp.DType.BIGINT,
    pa.string(): exp.DType.TEXT,
    pa.bool_(): exp.DType.BOOLEAN,
    pa.float64(): exp.DType.DOUBLE,
}

_UNWRITTEN = "unwritten_"
_OWN = "own_"

_FEW = 2_000
"""Of a file with more rows of some actors all is read."""

ROW_NUMBER = "file_row_number"
"""How DuckDB calls the place of a row in its file."""


def open_views(
    tables: Tables, catalog: Catalog, *, memory: str = "4GB", only: Sequence[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with the relations that engines read.

    `events` and `trait_values` carry the `person_id` of today's identities beside the `actor_id`; `people` has
    one row a person with `first_seen`. Columns that the catalog names but no event
    has shown yet are there, and empty. The consent to each purpose of the catalog is a boolean trait, which no message
    can set: see `kohort.definitions.consent.consent_trait`. With `only`, some actors, people are theirs alone, and of
    events and traits no more is read than theirs.
    """
    return Relations(tables, memory=memory, only=only).of_now(catalog)


class Relations:
    """What `open_views` opens, for who asks again and again: relations of tables without news are not made again.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     relations = Relations(tables)
    ...     before = relations.of_now(Catalog()).execute("SELECT count(*) FROM people").fetchone()
    ...     actors = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     _ = tables.append("actors", actors, watermark=3)
    ...     before, relations.of_now(Catalog()).execute("SELECT count(*) FROM people").fetchone()
    ((0,), (1,))
    """

    def __init__(self, tables: Tables, *, memory: str = "4GB", only: Sequence[str] = ()) -> None:
        self._tables, self._only = tables, only
        self._connection = tables.duckdb.connect(memory=memory)
        self._made_of: dict[str, Hashable] = {}

    def of_now(self, catalog: Catalog) -> duckdb.DuckDBPyConnection:
        """Return the connection, its relations as the tables are now, with the names of `catalog`."""
        for name in SCHEMAS:
            if unwritten := self._tables.unwritten(name):
                self._connection.register(_UNWRITTEN + name, pa.concat_tables(unwritten, promote_options="default"))
        if self._follow("actors", (), self._hold_stored):
            run(self._connection, create("people", _people(), kind="TABLE"))
        # Without them consents are nobody's, and whatever reads traits is spared what they take to plan.
        consents = bool(catalog.purposes and self._tables.count("consent_choices"))
        if consents:
            purposes = tuple((name, tuple(its)) for name, its in catalog.purposes.items())
            self._follow("consent_choices", purposes, lambda name: self._add_consents(name, catalog))
        columns = set(self._tables.columns("events"))
        wanted = tuple(_wanted(catalog, columns).items())
        self._follow("events", wanted, lambda name: self._add_events(name, catalog))
        self._follow("trait_values", consents, lambda name: self._add_traits(name, consents=consents))
        return self._connection

    def _follow(self, name: str, asked: Hashable, make: Callable[[str], None]) -> bool:
        """Make what is `asked` of a table, unless it was made of the same before; whether that was done."""
        waiting = object() if self._tables.unwritten(name) else None
        made_of = (asked, *self._tables.files(name), *self._tables.amended(name), waiting)
        if self._made_of.get(name) == made_of:
            return False
        make(name)
        self._made_of[name] = made_of
        return True

    def _hold_stored(self, name: str) -> None:
        _hold(self._connection, name, *_of(stored_rows(self._tables, name), self._only))

    def _add_consents(self, name: str, catalog: Catalog) -> None:
        run(self._connection, create(name, stored_rows(self._tables, name), kind="VIEW"))
        add_consents(self._connection, catalog.purposes)

    def _add_events(self, name: str, catalog: Catalog) -> None:
        if self._only:
            self._hold_own(name)
            held = {row[0] for row in self._connection.execute(f"DESCRIBE {_OWN}{name}").fetchall()}
            events = _with_columns(exp.select("*").from_(_OWN + name), catalog, held)
        else:
            events = stored_events(self._tables, catalog)
        run(self._connection, create(name, with_person(events), kind="VIEW"))

    def _add_traits(self, name: str, *, consents: bool) -> None:
        if self._only:
            self._hold_own(name)
        told = exp.select("*").from_(_OWN + name) if self._only else stored_rows(self._tables, name)
        traits: exp.Query = _said_traits(told)
        if consents:
            traits = exp.union(traits, _consent_traits(), distinct=False, copy=False)
        run(self._connection, create(name, traits, kind="VIEW"))

    def _hold_own(self, name: str) -> None:
        # Rows that wait to be written have no index.
        waiting, only = bool(self._tables.unwritten(name)), self._only
        stored = _of(stored_rows(self._tables, name), only) if waiting else rows_of(self._tables, name, only)
        _hold(self._connection, _OWN + name, *stored)


def _hold(
    connection: duckdb.DuckDBPyConnection, name: str, query: exp.Query, parameters: Sequence[object] = ()
) -> None:
    """Make a table of what a query gives."""
    connection.execute(create(name, query, kind="TABLE").sql(dialect="duckdb", copy=False), list(parameters))


def _of(stored: exp.Select, actors: Sequence[str]) -> tuple[exp.Select, Sequence[str]]:
    """Return the query of the stored rows of some actors, or of all, and its parameters."""
    if not actors:
        return stored, ()
    return exp.select("*").from_(stored.subquery("whole")).where(_is_any(actors)), actors


def _is_any(actors: Sequence[str]) -> exp.Expr:
    return exp.In(this=exp.column("actor_id"), expressions=[exp.Placeholder() for _ in actors])


def count_by(tables: Tables, name: str, column: str) -> dict[str, int]:
    """Return how many rows a table holds for each value of one of its columns, in the order of the values."""
    counted = exp.Count(this=exp.Star()).as_("rows")
    query = exp.select(exp.column(column), counted).from_(stored_rows(tables, name).subquery("stored"))
    with tables.duckdb.connect() as connection:
        statement = query.group_by(exp.column(column)).order_by(exp.column(column))
        return dict(connection.execute(statement.sql(dialect="duckdb")).fetchall())


def run(connection: duckdb.DuckDBPyConnection, statement: exp.Expr) -> None:
    """Run a statement that gives nothing back."""
    connection.execute(statement.sql(dialect="duckdb", copy=False))


def create(name: str, query: exp.Expr, *, kind: str, temporary: bool = True) -> exp.Create:
    """Return the statement that makes the relation `name`, a "TABLE" or a "VIEW", of a query, anew if it is there.

    It is the connection's own, unless not `temporary`.
    """
    properties = exp.Properties(expressions=[exp.TemporaryProperty()] if temporary else [])
    return exp.Create(this=exp.to_table(name), kind=kind, expression=query, properties=properties, replace=True)


def _people() -> exp.Select:
    first_seen = exp.Min(this=exp.column("first_seen")).as_("first_seen")
    return exp.select("person_id", first_seen).from_("actors").group_by("person_id")


def _said_traits(stored: exp.Select) -> exp.Select:
    """Return stored values of all traits but those that are called as consents are."""
    claims = exp.StartsWith(this=exp.column("name"), expression=exp.Literal.string(CONSENT_PREFIX))
    columns = [exp.column(name, quoted=True) for name in (*SCHEMAS["trait_values"].names, "person_id")]
    said = with_person(stored).subquery("said", copy=False)
    chosen = exp.Select().select(*columns, copy=False).from_(said, copy=False)
    return chosen.where(exp.Not(this=claims), copy=False)


def _consent_traits() -> exp.Select:
    """Return each person's consent to each purpose as values of a boolean trait."""
    held: dict[str, exp.Expr] = {
        "actor_id": exp.column("person_id"),
        "name": exp.Concat(expressions=[exp.Literal.string(CONSENT_PREFIX), exp.column("purpose")]),
        "value_id": exp.Literal.string(""),
        "set_at": exp.column("since"),
        "recorded_at": exp.column("since"),
        "source": exp.Literal.string("consent"),
        VALUE_COLUMNS[ValueType.BOOLEAN]: exp.column("granted"),
        "removed": exp.false(),
        "person_id": exp.column("person_id"),
    }
    schema = SCHEMAS["trait_values"]
    columns = (
        held[name].as_(name, quoted=True, copy=False) if name in held else _missing(name, schema.field(name).type)
        for name in (*schema.names, "person_id")
    )
    return exp.Select().select(*columns, copy=False).from_("consent_status", copy=False)


def with_person(query: exp.Select) -> exp.Select:
    """Return the rows of a query that have an `actor_id`, with the `person_id` of today's identities.

    The query becomes part of what is returned.
    """
    columns = exp.Column(this=exp.Star(), table=exp.to_identifier("stored")), exp.column("person_id", "actors")
    stored = exp.Select().select(*columns, copy=False).from_(query.subquery("stored", copy=False), copy=False)
    return stored.join("actors", using=["actor_id"], copy=False)


def rows_in(files: Sequence[str], *, numbered: bool = False) -> exp.Select:
    """Return the query of the rows that files of a table hold; `numbered` in `ROW_NUMBER`, from 0 on, in each file."""
    read = _read_parquet(files, **({ROW_NUMBER: exp.true()} if numbered else {}))
    return exp.Select().select(exp.Star(), copy=False).from_(read, copy=False)


def stored_rows(tables: Tables, name: str) -> exp.Select:
    """Return the query of a table's rows as they are stored; of none if nobody has written it yet.

    Rows that wait to be written are those of a relation that `open_views` adds.
    """
    files = tables.files(name)
    if tables.unwritten(name):
        unwritten = exp.select("*").from_(_UNWRITTEN + name)
        if not files:
            return unwritten
        stored = exp.select("*").from_(_read_parquet(files))
        return exp.select("*").from_(
            exp.Union(this=stored, expression=unwritten, distinct=False, by_name=True).subquery("both")
        )
    if not files:
        columns = [_missing(field.name, field.type) for field in SCHEMAS[name]]
        return exp.Select().select(*columns, copy=False).where(exp.false(), copy=False)
    stored = rows_in(files)
    amended = [str(span.path) for span in tables.amended(name)]
    return _with_amended(stored, name, amended) if amended else stored


def _with_amended(stored: exp.Select, name: str, amended: Sequence[str]) -> exp.Select:
    """Return a table's rows with those of files that amend it in place of them, the later before the earlier."""
    file = exp.column("filename")
    columns = [exp.column(one, quoted=True) for one in SCHEMAS[name].names]
    all_ = exp.select("*").from_(_read_parquet(amended, filename=exp.true()))
    newest = exp.Window(this=exp.Max(this=file), partition_by=[exp.column(WHOSE)])
    its = exp.select(*columns, STANDS).from_(all_.qualify(exp.EQ(this=file, expression=newest)).subquery("newest"))
    named = exp.select(WHOSE).from_(_read_parquet(amended))
    untouched = exp.select(*columns).from_(stored.subquery("untouched"))
    untouched = untouched.where(exp.In(this=exp.column(WHOSE), query=named.subquery()).not_())
    others = exp.select(*columns).from_(its.subquery("others")).where(exp.column(STANDS))
    return exp.select("*").from_(exp.union(untouched, others, distinct=False).subquery("amended"))


def rows_of(tables: Tables, table: str, actors: Sequence[str]) -> tuple[exp.Select, list[object]]:
    """Return the query of the stored rows of actors, and its parameters: large files are read where indexes say."""
    index = RowIndex(tables, table)
    found = dict(index.rows(actors))
    few = {file: places for file, places in found.items() if len(places) <= _FEW}
    without = set(index.large) - (found.keys() - few.keys())
    others = [file for file in tables.files(table) if file not in without]
    parts = [_rows_at(file, places) for file, places in few.items()]
    if others or not parts:
        parts.append(rows_in(others) if others else stored_rows(tables, table).where(exp.false()))
    stored: exp.Query = parts[0]
    for part in parts[1:]:
        stored = exp.Union(this=stored, expression=part, distinct=False, by_name=True)
    return exp.select("*").from_(stored.subquery("stored")).where(_is_any(actors)), [*actors]


def _rows_at(file: str, places: NDArray[np.int64]) -> exp.Select:
    rows = rows_in([file], numbered=True)
    numbers = [exp.Literal.number(place) for place in places.tolist()]
    kept = exp.Star(except_=[exp.to_identifier(ROW_NUMBER)])
    return exp.select(kept).from_(rows.subquery("numbered")).where(exp.column(ROW_NUMBER).isin(*numbers))


def stored_events(tables: Tables, catalog: Catalog) -> exp.Select:
    """Return the query of all events, with a column for every property that the catalog names."""
    return _with_columns(stored_rows(tables, "events"), catalog, set(tables.columns("events")))


def _with_columns(stored: exp.Select, catalog: Catalog, present: set[str]) -> exp.Select:
    """Return events with a column for every property that the catalog names, of which some are `present`."""
    missing = [_missing(column, ARROW_TYPES[kind]) for column, kind in _wanted(catalog, present).items()]
    return stored.select(*missing, copy=False)


def _wanted(catalog: Catalog, present: set[str]) -> dict[str, ValueType]:
    """Return the columns that the catalog names and events have not yet, with their types."""
    return {
        column: ValueType(kind)
        for properties in catalog.events.values()
        for types in properties.values()
        for kind, column in types.items()
        if column not in present
    }


def _missing(column: str, kind: pa.DataType) -> exp.Expr:
    held = exp.Cast(this=exp.Null(), to=_sql_type(kind))
    return exp.Alias(this=held, alias=exp.to_identifier(column, quoted=True))


def _sql_type(kind: pa.DataType) -> exp.DataType:
    if pa.types.is_list(kind):
        return exp.DataType(this=exp.DType.ARRAY, expressions=[_sql_type(kind.value_type)], nested=True)
    return exp.DataType(this=_SQL_TYPES[kind], nested=False)


def _read_parquet(files: Sequence[str], **more: exp.Expr) -> exp.Expr:
    options = {
        **more,
        "union_by_name": exp.true(),
        "hive_partitioning": exp.true(),
        "hive_types_autocast": exp.false(),
    }
    arguments = [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in options.items()]
    listed = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, *arguments]))
