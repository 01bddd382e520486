"""People joined with a table of open data, as a score declares."""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.enrichment import EnrichmentDefinition
from kohort.definitions.provenance import Mark, mark_of
from kohort.definitions.values import ValueType, format_micros
from kohort.pipeline.declared_files import declared_file, refuse_told_traits
from kohort.pipeline.enrichment.repairs import FileTable, told_traits
from kohort.pipeline.workspace import Workspace
from kohort.places.columns import distinct_rows
from kohort.places.open_data import joined, read_open_data
from kohort.storage.records import Finding

ENOUGH: Final = 5
"""People who must have a key in common for a finding to name it."""
_MOST_NAMED: Final = 5


def enriched_traits(
    workspace: Workspace, definition: EnrichmentDefinition, at: Moment
) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and how many keys the table does not have.

    Each value is marked with file and date. Raises UnknownNameError and DefinitionError for a key, a file or a column
    that there is not, or is of another type, for a key in two rows, and for traits that a source or score tells.
    """
    refuse_told_traits(workspace, definition.name, [one.trait for one in definition.traits])
    told, (kind,) = told_traits(workspace, definition.name, definition.columns, at, (ValueType.TEXT, ValueType.NUMBER))
    path = declared_file(workspace, definition.file) if definition.files else None
    data = read_open_data(path, definition, workspace.settings.zone)
    rows, whose = distinct_rows([told.column(1)])
    keys = [_key(value, kind) for (value,) in rows]
    found = joined(data, keys)
    places = found.take(pa.array(whose))
    table = FileTable(told.column("person_id"))
    mark = pa.scalar(mark_of(Mark.JOINED, f"{definition.file} of {definition.date.isoformat()}"))
    for one in definition.traits:
        column = data.columns[one.trait].take(places)
        table.add(one.trait, one.kind, column, pc.if_else(column.is_valid(), mark, pa.scalar(None, pa.string())))
    counts = np.bincount(whose, minlength=len(keys)).tolist()
    people = {key: count for key, count in zip(keys, counts, strict=True) if key is not None}
    unmatched = Counter(
        {
            key: count
            for key, count, place in zip(keys, counts, found.to_pylist(), strict=True)
            if key is not None and place is None
        }
    )
    return table, [_finding(definition, sum(people.values()), unmatched)]


def _key(value: str | int | None, kind: ValueType) -> str | None:
    if value is None:
        return None
    return format_micros(value) if kind is ValueType.NUMBER and isinstance(value, int) else str(value).strip()


def _finding(definition: EnrichmentDefinition, people: int, unmatched: Counter[str]) -> Finding:
    missing = unmatched.total()
    share = missing / people if people else 0.0
    # Of a key that few have, its name would tell of them.
    shown = sorted(((-count, key) for key, count in unmatched.items() if count >= ENOUGH))[:_MOST_NAMED]
    named = "; most often: " + ", ".join(f"{key} ({-count:,})" for count, key in shown) if shown else ""
    detail = (
        f"{missing:,} of {people:,} people who tell {definition.key} ({100 * share:.1f} %), with {len(unmatched):,} "
        f"different values, are not in {definition.file}, of {definition.source} as of {definition.date.isoformat()} "
        f"({definition.licence}){named}"
    )
    return Finding("joined", definition.name, definition.key, "info", missing, share if people else None, detail)
