"""The values that a column of a table holds most often: what people choose from while they write a rule."""

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.storage.tables import Tables
from kohort.storage.views import stored_rows

CHOSEN: Final = frozenset({ValueType.TEXT, ValueType.BOOLEAN, ValueType.TEXT_LIST})
"""The types of values that people choose from; numbers and moments are written."""


def frequent_values(
    tables: Tables, name: str, column: str, *, among: Mapping[str, str], listed: bool, prefix: str, most: int
) -> list[tuple[str, int]]:
    """Return the values of a column that begin with `prefix`, whatever the case, with the actors who have them.

    The most frequent come first, at most `most`. `among` gives columns of which a row must have these values; `listed`
    says that the column holds lists, of which each value counts.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     frequent_values(tables, "trait_values", "text", among={"name": "plan"}, listed=False, prefix="", most=5)
    []
    """
    held: exp.Expr = exp.column(column, quoted=True)
    if listed:
        held = exp.Anonymous(this="unnest", expressions=[held])
    rows = exp.select(exp.cast(held, "VARCHAR").as_("value"), "actor_id").from_(stored_rows(tables, name).subquery("s"))
    for other in among:
        rows = rows.where(exp.column(other).eq(exp.Placeholder()))
    actors = exp.Count(this=exp.Distinct(expressions=[exp.column("actor_id")])).as_("actors")
    starts = exp.StartsWith(this=exp.Lower(this=exp.column("value")), expression=exp.Placeholder())
    query = (
        exp.select("value", actors)
        .from_(rows.subquery("rows"))
        .where(exp.column("value").is_(exp.null()).not_(), starts)
        .group_by("value")
        .order_by(exp.column("actors").desc(), exp.column("value"))
        .limit(most)
    )
    with tables.duckdb.connect() as connection:
        asked = connection.execute(query.sql(dialect="duckdb"), [*among.values(), prefix.lower()])
        return [(value, actors) for value, actors in asked.fetchall()]


def frequent_trait_values(tables: Tables, trait: str, kind: ValueType, prefix: str, most: int) -> list[tuple[str, int]]:
    """Return `frequent_values` of everything that a trait was ever set to."""
    listed = kind is ValueType.TEXT_LIST
    column = VALUE_COLUMNS[kind]
    return frequent_values(
        tables, "trait_values", column, among={"name": trait}, listed=listed, prefix=prefix, most=most
    )


def last_sources(tables: Tables) -> dict[str, str]:
    """Return from which source, or score, each trait was told last.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     last_sources(Tables(Path(folder)))
    {}
    """
    newest = exp.ArgMax(this=exp.column("source"), expression=exp.column("recorded_at")).as_("source")
    query = exp.select("name", newest).from_(stored_rows(tables, "trait_values").subquery("stored")).group_by("name")
    with tables.duckdb.connect() as connection:
        return dict(connection.execute(query.sql(dialect="duckdb")).fetchall())
