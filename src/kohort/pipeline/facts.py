"""What the steps read from the views: one event's occurrences, or people's traits, as of a moment."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.errors import DefinitionError, UnknownNameError
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.lookups import is_any


def event_facts(
    connection: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    event: str,
    properties: Mapping[str, tuple[str, ValueType]],
    *,
    at: Moment,
    where: str,
) -> pa.Table:
    """Return the occurrences of `event` up to `at`: person_id, ts, and one column for each of `properties`.

    `properties` maps the column's name to the property and the type wanted. Rows are sorted by person and time,
    ties by event id. `where` is the place named by the error if a name is unknown.

    Raises UnknownNameError for an unknown event or property, DefinitionError for one of another type.
    """
    if event not in catalog.events:
        raise UnknownNameError("event", event, catalog.events, where=where)
    known = catalog.events[event]
    columns = []
    for name, (wanted, kind) in properties.items():
        if wanted not in known:
            raise UnknownNameError(f"property of {event}", wanted, known, where=where)
        if kind not in known[wanted]:
            found = ", ".join(known[wanted])
            raise DefinitionError(f"{where}: {event}.{wanted} should be a {kind} and is a {found}")
        columns.append((known[wanted][kind], name))
    return connection.sql(_event_statement(tuple(columns)), params=[event, at]).to_arrow_table()


@lru_cache
def _event_statement(columns: tuple[tuple[str, str], ...]) -> str:
    """Return the statement of `event_facts` for columns and what they are called in it."""
    query = (
        exp.select("person_id", "ts", *(exp.column(one, quoted=True).as_(name, quoted=True) for one, name in columns))
        .from_("events")
        .where(exp.column("name").eq(exp.Placeholder()), exp.column("ts") <= exp.Placeholder())
        .order_by("person_id", "ts", "event_id", "source")
    )
    return query.sql(dialect="duckdb")


def facts_until(
    workspace: Workspace, event: str, properties: Mapping[str, tuple[str, ValueType]], at: Moment, *, where: str
) -> pa.Table:
    """Return what `event_facts` does of a project; within a block of `read_once` it is read once for all moments."""

    def read(until: Moment) -> pa.Table:
        catalog = workspace.catalog({})
        with workspace.views(catalog) as views:
            return event_facts(views, catalog, event, properties, at=until, where=where)

    if workspace.once is None:
        return read(at)
    return workspace.once.facts((workspace.only, event, tuple(properties.items())), at, read)


def revenue_of(workspace: Workspace, at: Moment, *, after: Moment | None = None) -> dict[str, int]:
    """Return what each person has spent up to `at` (and after `after`), in micros; nobody without a revenue setting."""
    catalog = workspace.catalog({})
    revenue = workspace.settings.revenue
    if revenue is None or revenue[0] not in catalog.events:
        return {}
    wanted = {"value": (revenue[1], ValueType.NUMBER)}
    facts = facts_until(workspace, revenue[0], wanted, at, where="kohort.yaml, revenue")
    if after is not None:
        facts = facts.filter(pc.greater(facts.column("ts"), after))
    spent = facts.group_by("person_id").aggregate([("value", "sum")])
    sums = pc.fill_null(spent.column("value_sum"), 0).to_pylist()
    return dict(zip(spent.column("person_id").to_pylist(), sums, strict=True))


def traits_at(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[tuple[str, ValueType]],
    *,
    at: Moment,
    relation: str = "trait_values",
) -> pa.Table:
    """Return people who exist at `at` (column person_id, sorted) with one column for each trait, missing as null.

    `relation` holds the values: all, or at least those of the names.
    """
    asked = [name for name, _ in names]
    latest = (
        exp.select("person_id", "name", *VALUE_COLUMNS.values(), "removed")
        .distinct("person_id", "name")
        .from_(relation)
        .where(exp.column("set_at") <= exp.Placeholder(), is_any("name", asked))
        .order_by(
            "person_id", "name", exp.column("set_at").desc(), exp.column("value_id").desc(), exp.column("source").desc()
        )
    )
    columns, parameters = [], []
    for name, kind in names:
        chosen = exp.AnyValue(this=exp.column(VALUE_COLUMNS[kind], "latest", quoted=True))
        condition = exp.and_(exp.column("name", "latest").eq(exp.Placeholder()), exp.column("removed", "latest").not_())
        columns.append(exp.Filter(this=chosen, expression=exp.Where(this=condition)).as_(name, quoted=True))
        parameters.append(name)
    query = (
        exp.select(exp.column("person_id", "people"), *columns)
        .from_("people")
        .join(latest.subquery("latest"), using=["person_id"], join_type="left")
        .where(exp.column("first_seen", "people") <= exp.Placeholder())
        .group_by(exp.column("person_id", "people"))
        .order_by(exp.column("person_id", "people"))
    )
    return connection.sql(query.sql(dialect="duckdb"), params=[*parameters, at, *asked, at]).to_arrow_table()


def traits_told(workspace: Workspace, catalog: Catalog, names: Sequence[tuple[str, ValueType]], at: Moment) -> pa.Table:
    """Return what `traits_at` does of a project; within a block of `read_once` values are read once for all moments."""
    with workspace.views(catalog) as views:
        if workspace.once is None:
            return traits_at(views, names, at=at)
        return traits_at(views, names, at=at, relation=workspace.once.values(views, [name for name, _ in names]))


def first_seen(workspace: Workspace) -> pa.Table:
    """Return everybody (column person_id, sorted) and since when they exist (`first_seen`, a moment)."""
    query = (
        exp.select("person_id", exp.func("min", exp.column("first_seen")).as_("first_seen"))
        .from_("people")
        .group_by("person_id")
        .order_by("person_id")
    )
    with workspace.views(workspace.catalog({})) as views:
        return views.sql(query.sql(dialect="duckdb")).to_arrow_table()


def dated_trait(connection: duckdb.DuckDBPyConnection, name: str, kind: ValueType, *, at: Moment) -> pa.Table:
    """Return who has a trait at `at`: person_id, ts (when it was set) and value, sorted by person."""
    latest = (
        exp.select("person_id", "set_at", VALUE_COLUMNS[kind], "removed")
        .distinct("person_id")
        .from_("trait_values")
        .where(exp.column("name").eq(exp.Placeholder()), exp.column("set_at") <= exp.Placeholder())
        .order_by("person_id", exp.column("set_at").desc(), exp.column("value_id").desc(), exp.column("source").desc())
    )
    value = exp.column(VALUE_COLUMNS[kind], "latest", quoted=True)
    query = (
        exp.select("person_id", exp.column("set_at").as_("ts"), value.as_("value", quoted=True))
        .from_(latest.subquery("latest"))
        .where(exp.column("removed", "latest").not_(), value.is_(exp.null()).not_())
        .order_by("person_id")
    )
    return connection.sql(query.sql(dialect="duckdb"), params=[name, at]).to_arrow_table()
