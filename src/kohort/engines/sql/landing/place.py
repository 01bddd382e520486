"""Where results land, and what has landed there."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.statements import Statement, printed
from kohort.engines.sql.terms import Parameters, column, named, ordered
from kohort.rules.nodes import Rule


@dataclass(frozen=True)
class Place:
    """Where results land: the store's name for its database, the schema, and the tables there with their columns."""

    database: str
    schema: str
    tables: Mapping[str, pa.Schema]

    def table(self, name: str, alias: str | None = None) -> exp.Expr:
        """Return one of the tables there."""
        parts = [exp.to_identifier(one, quoted=True) for one in (name, self.schema, self.database)]
        found = exp.Table(this=parts[0], db=parts[1], catalog=parts[2])
        return found if alias is None else exp.alias_(found, alias, table=True)

    def written(self, name: str, seq: int) -> exp.Expr:  # noqa: ARG002 - where rows are changed, they stand at once
        """Return the rows that stand once the epoch `seq` has landed, under the table's name."""
        return self.table(name)


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
    return printed(exp.Create(this=exp.Table(db=name), kind="SCHEMA", exists=dialect.anew), Parameters(dialect))


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
