"""What steps of one run have opened and computed of people, so that the next one that asks the same need not again."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import pyarrow as pa

from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.storage.tables import Tables

if TYPE_CHECKING:
    import duckdb

    from kohort.storage.views import Relations

Computed = tuple[pa.Table, dict[str, ValueType]]
"""People (column person_id) with a column for each trait, and the traits' types."""
_MOST = 5_000_000


class Shared:
    """The relations that show tables, and traits by what they were asked for.

    The oldest traits go where there would be more than `most` values in all; relations go with this.

    >>> shared, made = Shared(most=4), []
    >>> def traits() -> Computed:
    ...     made.append(1)
    ...     return pa.table({"person_id": ["a", "b"]}), {}
    >>> _ = shared.traits("orders", traits), shared.traits("orders", traits)
    >>> len(made)
    1
    >>> _ = shared.traits("visits", traits), shared.traits("habits", traits), shared.traits("orders", traits)
    >>> len(made)
    4
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._held: dict[Hashable, Computed | None] = {}
        self._relations: dict[Tables, Relations] = {}

    def views(self, tables: Tables, catalog: Catalog, *, memory: str) -> "duckdb.DuckDBPyConnection":
        """Return the relations that `kohort.storage.views.open_views` opens, as the tables are now."""
        # As where they are opened for one step: a quarter of a second that not all need pay.
        from kohort.storage.views import Relations  # noqa: PLC0415

        if tables not in self._relations:
            self._relations[tables] = Relations(tables, memory=memory)
        return self._relations[tables].of_now(catalog)

    def traits(self, asked: Hashable, make: Callable[[], Computed | None]) -> Computed | None:
        """Return what was made for the same question, or else make it."""
        if asked not in self._held:
            self._held[asked] = make()
            while sum(map(_values, self._held.values())) > self._most and len(self._held) > 1:
                del self._held[next(iter(self._held))]
        return self._held[asked]


def _values(found: Computed | None) -> int:
    return 0 if found is None else found[0].num_rows * found[0].num_columns
