"""A store looked at inside its one transaction: its tables by the mappings of the sources, and what was kept there."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.source import SourceDefinition
from kohort.definitions.stores import StoreDefinition
from kohort.definitions.values import ValueType
from kohort.engines.sql.dialects import Dialect, dialect_of
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.sql.landing.feed import feed_of, mended_people, rows_without_cursor
from kohort.engines.sql.landing.kinds import held_columns, table_columns
from kohort.engines.sql.landing.mapped import MappedTable, mapped_table
from kohort.engines.sql.landing.place import Place, create_schema, schema_exists
from kohort.engines.sql.landing.relations import database_name, enter_schema, people_table, relations, row_counts
from kohort.engines.sql.refresh.memory import Memory
from kohort.engines.sql.statements import Statement
from kohort.errors import DefinitionError
from kohort.pipeline.columns import Shown
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.openers import OpenStore
from kohort.storage.schemas import SCHEMAS

_LANDED = ("memberships", "membership_log", "segment_sizes", "epochs")
_KEPT = "kohort_kept"


class Inside:
    """A store whose snapshot has begun already, so that what asks for one is inside it."""

    def __init__(self, store: OpenStore) -> None:
        self._store = store
        self.dialect = store.dialect

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        self._store.run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        return self._store.fetch(text, values)

    def snapshot(self) -> AbstractContextManager[None]:
        """Change nothing: all statements are inside one state of the data already."""
        return nullcontext()

    def make(self, statement: Statement) -> None:
        """Run a statement of the engine's."""
        self._store.run(statement.text, statement.values)

    def rows(self, statement: Statement) -> list[dict[str, Any]]:
        """Return the rows of a statement of the engine's."""
        found: list[dict[str, Any]] = self._store.fetch(statement.text, statement.values).to_pylist()
        return found


@dataclass(frozen=True)
class Site:
    """A store inside its one transaction: what it is called, what it shows, and the project looked at from there.

    `memory` is what the run before left, None where a source does not let a run go on from there.
    """

    store: Inside
    dialect: Dialect
    place: Place
    tables: Sequence[MappedTable]
    there: Workspace
    memory: Memory | None


def look(
    workspace: Workspace,
    definition: StoreDefinition,
    sources: Sequence[SourceDefinition],
    store: Inside,
    at: Moment,
    *,
    full: bool,
) -> Site:
    """Look at the tables of the sources as of `at`, and make the engine's relations of them.

    With `full` nothing that an earlier run kept is used. Raises ProjectError for a table that the mapping does not fit,
    DefinitionError where two sources give one name two types.
    """
    dialect = dialect_of(store.dialect)
    (database,) = (row["name"] for row in store.rows(database_name(dialect)))
    tables = []
    for number, source in enumerate(sources):
        schema, table = source.table or ("", "")
        held = held_columns(dialect, store.rows(table_columns(dialect, schema, table)))
        tables.append(mapped_table(source, held, workspace.plan, workspace.settings.zone, number))

    def engine_of(catalog: Catalog) -> SqlEngine:
        return SqlEngine(store, catalog)

    there = replace(workspace, shown=_shown(tables), elsewhere=engine_of)
    place = Place(database, definition.schema, {name: SCHEMAS[name] for name in _LANDED})
    if dialect.anew or not store.rows(schema_exists(dialect, place))[0]["count"]:
        store.make(create_schema(dialect, place))
    # What the engine keeps stands beside the results.
    store.make(enter_schema(dialect, place.schema))
    catalog = there.catalog({})
    for statement in relations(dialect, tables, catalog, database):
        store.make(statement)
    memory = None
    if all(one.source.cursor for one in tables):
        feed = feed_of(tables, catalog)
        memory = Memory(store, _KEPT, feed, at, asked=full)
    for statement in [people_table(dialect, tables)] if memory is None else mended_people(dialect, memory, feed):
        store.make(statement)
    return Site(store, dialect, place, tables, there, memory)


def _shown(tables: Sequence[MappedTable]) -> Shown:
    """Return the names that mapped tables show; raises DefinitionError where two of them give one name two types."""
    found: dict[str, dict[str, ValueType]] = {}
    for table in tables:
        types = found.setdefault(table.source.event, {})
        for one in table.values:
            if types.setdefault(one.name, one.type) is not one.type:
                raise DefinitionError(
                    f'{table.source.file}: "{one.name}" is {one.type} here and {types[one.name]} in another source; '
                    "give both mappings one type"
                )
    return found


def counted(site: Site) -> Iterator[StepOutcome]:
    """Yield how many rows each source's table has, and how many of them count for nothing, and why."""
    for table in site.tables:
        seen, taken = _rows_of(site, table)
        name, lacking = ".".join(table.source.table or ()), seen - taken
        dated = ", or a day that is not its time's" if table.source.days() else ""
        left_out = f", {lacking:,} left out: no person, time, key or required value, or a text over 32 KB{dated}"
        yield StepOutcome(
            f"source {table.source.name}", "done", f"{seen:,} rows of {name}{left_out if lacking else ''}"
        )


def _rows_of(site: Site, table: MappedTable) -> tuple[int, int]:
    """Return how many rows a table has, and how many of them count; those that were there before are known."""
    store, memory = site.store, site.memory
    if memory is None:
        (counted,) = store.rows(row_counts(site.dialect, exp.to_table(table.view)))
        return counted["seen"], counted["taken"]
    name = table.source.name
    (counted,) = store.rows(row_counts(site.dialect, memory.new_rows(name)))
    (without,) = store.rows(rows_without_cursor(site.dialect, table))
    known = memory.count(name, counted["seen"], counted["taken"])
    return known.rows + without["lacking"], known.taken
