"""A world in PostgreSQL, which stores no NUL character: in its place stands one that no world has."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

import psycopg
import pyarrow as pa
from psycopg import sql

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation, Explanation
from kohort.engines.plan import build_plan
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.statistics import Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.storage.postgres import PostgresStore
from kohort.testing.relations import relations_of
from kohort.testing.worlds import World

IN_PLACE_OF_NUL: Final = "\x01"

_SQL_TYPES: Final = {
    pa.string(): "TEXT",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.list_(pa.string()): "TEXT[]",
}
Any_ = TypeVar("Any_")


class PostgresEngine:
    """The SQL engine on PostgreSQL, with NUL characters replaced in what it is asked, as they are in the data."""

    def __init__(self, store: PostgresStore, world: World) -> None:
        fill_postgres(store, relations_of(world))
        self._given, self._stored = world.catalog, catalog_without_nul(world.catalog)
        self._engine = SqlEngine(store, self._stored)

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return what the engine finds, of rules without NUL."""
        asked = {name: without_nul(rule) for name, rule in rules.items()}
        keys = self._keys(rules, asked)
        found = self._engine.evaluate(asked, at, pinned and _renamed(pinned, keys))
        return replace(found, statistics=_renamed(found.statistics, {new: old for old, new in keys.items()}))

    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation:
        """Return what the engine explains, of a rule without NUL."""
        asked = without_nul(rule)
        keys = self._keys({"": rule}, {"": asked})
        return self._engine.explain(asked, person_id, at, pinned and _renamed(pinned, keys))

    def _keys(self, rules: Mapping[str, Rule], asked: Mapping[str, Rule]) -> dict[str, str]:
        """Return the keys of the statistics of `rules`, each with that of the same statistic of the rules `asked`."""
        terms, same = build_plan(rules, self._given).terms, build_plan(asked, self._stored).terms
        return dict(zip(terms, same, strict=True))


def fill_postgres(store: PostgresStore, relations: Mapping[str, pa.Table]) -> None:
    """Make `relations` on the connection of `store`, seen by it alone, in place of earlier ones."""
    for name, table in relations.items():
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_SQL_TYPES[field.type]))
            for field in table.schema
        ]
        named = sql.Identifier("pg_temp", name)
        with psycopg.ClientCursor(store.connection) as cursor:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(named))
            cursor.execute(
                sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(sql.Identifier(name), sql.SQL(", ").join(columns))
            )
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(named)) as copy:
                for row in table.to_pylist():
                    copy.write_row([without_nul(value) for value in row.values()])


def without_nul(value: Any_) -> Any_:
    r"""Return texts, lists and frozen dataclasses with every NUL character in them replaced.

    >>> without_nul(("a\0b", 1))
    ('a\x01b', 1)
    """
    found: Any = value
    match value:
        case str() if type(value) is str:
            found = value.replace("\0", IN_PLACE_OF_NUL)
        case tuple() | list():
            found = type(value)(without_nul(one) for one in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changes = {one.name: without_nul(getattr(value, one.name)) for one in fields(value) if one.init}
            found = replace(value, **changes)
    return found  # type: ignore[no-any-return]  # it is of the same type


def _renamed(statistics: Statistics, keys: Mapping[str, str]) -> Statistics:
    return Statistics({keys.get(key, key): one for key, one in statistics.by_key.items()})


def catalog_without_nul(catalog: Catalog) -> Catalog:
    """Return the catalog with every NUL character in the sentences of its segments replaced."""
    segments = {
        name: print_rule(without_nul(read_rule(sentence, catalog))) for name, sentence in catalog.segments.items()
    }
    return replace(catalog, segments=segments)
