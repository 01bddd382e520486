"""One reading of a history for several questions: relations are opened, and facts read, once for all moments."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.rules.catalog import Catalog

if TYPE_CHECKING:
    import duckdb

_MOST: Final = 40_000_000
"""Half a gigabyte, of numbers and ids."""
_HELD: Final = "held_values_"


class ReadOnce:
    """Relations by the people and names that they show, and facts (a column `ts` among theirs) up to a moment.

    What was read up to `until` answers about every earlier moment, in the same order of rows. The facts asked for
    first go where there would be more than `most` values in all, but never the last; they are read again when they are
    asked for.

    >>> once, read = ReadOnce(9), []
    >>> def facts(until: int) -> pa.Table:
    ...     read.append(until)
    ...     return pa.table({"ts": [3, 5, 9]}).filter(pc.field("ts") <= until)
    >>> [once.facts("orders", at, facts).column("ts").to_pylist() for at in (4, 5, 9)], read
    ([[3], [3, 5], [3, 5, 9]], [9])
    >>> small = ReadOnce(9, most=3)
    >>> _ = [small.facts(one, 5, facts) for one in ("orders", "orders", "visits", "visits", "orders")]
    >>> read
    [9, 9, 9, 9]
    """

    def __init__(self, until: Moment, *, most: int = _MOST) -> None:
        self._until, self._most = until, most
        self._opened: list[tuple[tuple[str, ...], Catalog, duckdb.DuckDBPyConnection]] = []
        self._facts: dict[Hashable, tuple[Moment, pa.Table]] = {}
        self._values: list[tuple[duckdb.DuckDBPyConnection, list[str]]] = []

    def views(
        self, only: tuple[str, ...], catalog: Catalog, opening: Callable[[], "duckdb.DuckDBPyConnection"]
    ) -> "duckdb.DuckDBPyConnection":
        """Return the relations opened before for the same people and names, or open them; `close` closes them."""
        for people, names, connection in self._opened:
            if people == only and names == catalog:
                return connection
        connection = opening()
        self._opened.append((only, catalog, connection))
        return connection

    def facts(self, asked: Hashable, at: Moment, read: Callable[[Moment], pa.Table]) -> pa.Table:
        """Return the facts up to `at`; `read` reads those up to a moment, once for whatever is `asked`."""
        until, found = self._facts.pop(asked, (at, None))
        if found is None or until < at:
            until = max(at, self._until)
            found = read(until)
        self._facts[asked] = until, found
        while (
            len(self._facts) > 1 and sum(one.num_rows * one.num_columns for _, one in self._facts.values()) > self._most
        ):
            del self._facts[next(iter(self._facts))]
        return found if until == at else found.filter(pc.less_equal(found.column("ts"), at))

    def values(self, views: "duckdb.DuckDBPyConnection", names: list[str]) -> str:
        """Return what the relation is called that holds the values of some traits, as `trait_values` shows them."""
        # With DuckDB, which most commands need not load.
        from sqlglot import exp  # noqa: PLC0415

        from kohort.storage.lookups import is_any  # noqa: PLC0415
        from kohort.storage.views import create  # noqa: PLC0415

        if (views, names) not in self._values:
            self._values.append((views, names))
            query = exp.select("*").from_("trait_values").where(is_any("name", names))
            statement = create(f"{_HELD}{len(self._values) - 1}", query, kind="TABLE")
            views.execute(statement.sql(dialect="duckdb"), names)
        return f"{_HELD}{self._values.index((views, names))}"

    def close(self) -> None:
        """Close what was opened, and forget what was read."""
        for _, _, connection in self._opened:
            connection.close()
        self._opened.clear()
        self._facts.clear()
        self._values.clear()
