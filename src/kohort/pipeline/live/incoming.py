"""What has come into the tables, as the live engine is told it: rows of whoever stays who they were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import Rows
from kohort.pipeline.live.front import Front
from kohort.pipeline.live.lookup import by_name, rows_of
from kohort.pipeline.mapped.mapping import event_columns
from kohort.rules.catalog import Catalog

_VALUES = {column: kind for kind, column in VALUE_COLUMNS.items()}


@dataclass(frozen=True)
class Incoming:
    """Reads the rows that the tables got between two fronts; `numbers` tells whose actors are, by number."""

    before: Front
    after: Front
    numbers: Mapping[str, int]

    def consenting(self) -> frozenset[int]:
        """Return the numbers of those who made choices: what they consent to is found from all of them."""
        rows = [rows for _, rows in self.after.rows_since(self.before, "consent_choices")]
        return frozenset(self.numbers[actor] for one in rows for actor in one.column("actor_id").to_pylist())

    def events(self, catalog: Catalog, but: frozenset[int]) -> dict[str, Rows]:
        """Return the rows of events, of everybody `but` some."""
        found: dict[str, list[pa.Table]] = {}
        for name, rows in self.after.rows_since(self.before, "events"):
            if name in catalog.events:
                found.setdefault(name, []).append(rows)
        return {
            name: rows
            for name, tables in found.items()
            for rows in self._rows(tables, "ts", ["event_id", "source"], but, event_columns(catalog, name))
        }

    def traits(self, but: frozenset[int]) -> dict[str, Rows]:
        """Return the values of traits, of everybody `but` some."""
        tables = [rows for _, rows in self.after.rows_since(self.before, "trait_values")]
        if not tables:
            return {}
        return {
            name: rows
            for name, table in by_name(pa.concat_tables(tables, promote_options="default"))
            if not name.startswith(CONSENT_PREFIX)
            for rows in self._rows([table], "set_at", ["value_id", "source"], but, _VALUES)
        }

    def _rows(
        self,
        tables: list[pa.Table],
        time: str,
        order: list[str],
        but: frozenset[int],
        columns: Mapping[str, ValueType],
    ) -> Iterator[Rows]:
        """Yield rows in the order in which the tables' readers have them; nothing where nobody is left."""
        table = pa.concat_tables(tables, promote_options="default")
        people = [self.numbers[actor] for actor in table.column("actor_id").to_pylist()]
        table = table.append_column("person_number", pa.array(people, pa.int32()))
        if but:
            others = np.array([person not in but for person in people], np.bool_)
            table = table.filter(pa.array(others))
        if table.num_rows:
            yield rows_of(table.sort_by([(name, "ascending") for name in (time, *order)]), time, columns)
