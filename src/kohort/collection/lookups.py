"""Bringing columns of a file that stands beside: which rows of it match, by the text of the common column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from kohort.collection.readings import Flags, read_column
from kohort.collection.rows import Rows, concatenated
from kohort.collection.tables import check_columns, open_rows
from kohort.definitions.source import Lookup, SourceDefinition
from kohort.definitions.values import ValueType
from kohort.errors import InputError, shorten

_NO_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class LoadedLookup:
    """A lookup's rows, its declaration, and the text of each row's common column."""

    declaration: Lookup
    rows: Rows
    keys: pa.Array

    def join(self, rows: Rows) -> tuple[Rows, Flags]:
        """Return `rows` with the looked-up columns, missing where nothing matches, and the rows where nothing does."""
        on = read_column(rows.columns[self.declaration.on], ValueType.TEXT, _NO_ZONE).values
        at = pc.index_in(on, value_set=self.keys, skip_nulls=True)
        brought = {name: self.rows.columns[name].take(at) for name in self.declaration.columns}
        joined = replace(rows, columns={**rows.columns, **brought}, brought=rows.brought | set(brought))
        return joined, at.is_null().to_numpy(zero_copy_only=False)


def load_lookups(source: SourceDefinition, folder: Path) -> list[LoadedLookup]:
    """Read the files that a source's lookups name in `folder`.

    Raises InputError if one is missing, lacks a column, or has a value of the common column twice.
    """
    return [_load(source, lookup, folder / lookup.file) for lookup in source.lookups]


def _load(source: SourceDefinition, lookup: Lookup, path: Path) -> LoadedLookup:
    rows = concatenated(list(open_rows(path)))
    if rows.malformed:
        bad = rows.malformed[0]
        raise InputError(f"{path}, line {bad.line}: {bad.reason}; a lookup file must be whole")
    check_columns(path, rows, dict.fromkeys((lookup.on, *lookup.columns), "lookups"), source)
    keys = read_column(rows.columns[lookup.on], ValueType.TEXT, _NO_ZONE).values
    counts = keys.drop_null().value_counts()
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise InputError(
            f'{path}: the {lookup.on} "{shorten(twice[0]["values"].as_py())}" stands in several rows, so it is not '
            f"clear which one source {source.name} means; keep one row of each {lookup.on}"
        )
    return LoadedLookup(lookup, rows, keys)


def check_no_clash(path: Path, rows: Rows, lookups: Sequence[LoadedLookup]) -> None:
    """Raise InputError if a lookup brings a column that the file, or another lookup, has already."""
    known = set(rows.columns)
    for lookup in lookups:
        for name in lookup.declaration.columns:
            if name in known:
                raise InputError(
                    f'{path}: the column "{shorten(name)}" comes from {lookup.declaration.file} too; take it from one'
                )
            known.add(name)
