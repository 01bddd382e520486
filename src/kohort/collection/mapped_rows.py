"""From the rows of a file to batches of messages, by a source's definition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.collection.aggregation import aggregated, repeated_rows
from kohort.collection.assembly import Drafts, NamedColumn, messages_of
from kohort.collection.batches import Batch, InputFinding, Origin
from kohort.collection.groups import Groups, Positions, check_people
from kohort.collection.lookups import LoadedLookup
from kohort.collection.normalised_columns import Normalise
from kohort.collection.occurrences import Occurrences
from kohort.collection.refusals import (
    duplicate_rows,
    malformed_line,
    refused_groups,
    unholdable,
    unholdable_numbers,
)
from kohort.collection.rows import Rows, concatenated
from kohort.collection.scalars import text_of
from kohort.collection.typed_rows import NO_FAULT, NOTHING_NORMALISED, TypedRows, type_rows
from kohort.definitions.source import Aggregate, SourceDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.storage.connections import open_duckdb


@dataclass(frozen=True)
class RowMapping:
    """What mapping rows depends on: the definition, its loaded lookups, the plan, the project's zone.

    `normalise` brings values into their declared form (see `type_rows`).
    """

    source: SourceDefinition
    lookups: Sequence[LoadedLookup]
    plan: TrackingPlan
    zone: ZoneInfo
    received_at: Moment
    batch_size: int
    normalise: Mapping[str, Normalise] = field(default_factory=lambda: NOTHING_NORMALISED)


def map_file(chunks: Iterable[Rows], mapping: RowMapping, origin: Origin) -> Iterator[Batch]:
    """Yield the batches of a file's rows. Grouped rows are held in memory as a whole, all others by stretches."""
    occurrences = Occurrences()
    for chunk in [concatenated(list(chunks))] if mapping.source.group_by else chunks:
        malformed = [malformed_line(bad, origin) for bad in chunk.malformed]
        if not len(chunk):
            if malformed:
                yield Batch(rejected=malformed, rows=len(malformed))
            continue
        rows, warnings = _joined(chunk.with_columns(mapping.source.columns()), mapping.lookups, origin)
        typed = type_rows(rows, mapping.source, mapping.plan, mapping.zone, mapping.normalise)
        warnings += unholdable_numbers(typed, rows, origin)
        if mapping.source.group_by:
            groups = Groups.by_keys(typed.keys)
            typed = check_people(typed, groups, mapping.source)
        else:
            groups = Groups.of_rows(len(rows))
        refused = np.unique(groups.codes[typed.faults != NO_FAULT])
        kept = np.setdiff1d(np.arange(len(groups.firsts)), refused)
        if mapping.source.group_by:
            drafts, found = _grouped_drafts(rows, typed, groups, kept, origin)
        else:
            drafts, found = _single_drafts(rows, typed, kept, occurrences, origin)
        first = Batch(
            rejected=[*malformed, *refused_groups(refused, {}, groups, rows, typed, origin)],
            warnings=warnings + found,
            rows=len(malformed) + len(rows) - int(drafts.row_counts.sum()),
            tallies=list(typed.tallies),
        )
        first.rejected.sort(key=lambda one: one.line)
        source = _Prepared(rows, typed, groups, kept, origin)
        yield from _batches(first, drafts, source, mapping)


@dataclass(frozen=True)
class _Prepared:
    """Typed rows with their groups; `kept` are the groups that become messages, one for each draft."""

    rows: Rows
    typed: TypedRows
    groups: Groups
    kept: Positions
    origin: Origin


def _batches(first: Batch, drafts: Drafts, prepared: _Prepared, mapping: RowMapping) -> Iterator[Batch]:
    """Yield the messages of all drafts in batches, the first of which also says what `first` does."""
    required = mapping.plan.required_of(mapping.source.event)
    batch = first
    for start in range(0, len(drafts.row_counts), mapping.batch_size):
        part = drafts.slice(start, mapping.batch_size)
        messages, lacking = messages_of(part, mapping.source, required, mapping.received_at)
        missing = {int(prepared.kept[start + index]): name for index, name in lacking.items()}
        chosen = np.array(list(missing), dtype=np.int64)
        rejected = refused_groups(chosen, missing, prepared.groups, prepared.rows, prepared.typed, prepared.origin)
        rows = batch.rows + int(part.row_counts.sum())
        whole = np.setdiff1d(np.arange(len(part.lines)), list(lacking))
        lines, again = part.lines[whole].tolist(), part.again[whole].tolist()
        yield Batch(messages, batch.rejected + rejected, batch.warnings, rows, lines, again, batch.tallies)
        batch = Batch()
    if batch.rows or batch.rejected or batch.warnings or batch.tallies:
        yield batch


def _joined(rows: Rows, lookups: Sequence[LoadedLookup], origin: Origin) -> tuple[Rows, list[InputFinding]]:
    warnings = []
    for lookup in lookups:
        rows, unmatched = lookup.join(rows)
        if unmatched.any():
            file, on = lookup.declaration.file, lookup.declaration.on
            message = f"rows whose {on} is not in {file}; its columns are missing there"
            line = int(rows.lines[unmatched.argmax()])
            warnings.append(origin.finding(line, on, "lookup_without_match", int(unmatched.sum()), message))
    return rows, warnings


def _grouped_drafts(
    rows: Rows, typed: TypedRows, groups: Groups, kept: Positions, origin: Origin
) -> tuple[Drafts, list[InputFinding]]:
    arrays = [column.array for column in rows.own_columns().values()]
    with open_duckdb() as connection:
        table = aggregated(
            connection, groups.codes, typed.ts, typed.values, np.flatnonzero(np.isin(groups.codes, kept))
        )
        count, line = repeated_rows(connection, arrays, rows.lines)
    findings = [duplicate_rows(origin, line, count)] if count else []
    columns = []
    firsts = groups.firsts[kept]
    for index, value in enumerate(typed.values):
        values = table.column(f"value_{index}").combine_chunks()
        if value.aggregate in {Aggregate.SUM, Aggregate.SUM_PRODUCT} and values.null_count:
            too_large = values.is_null().to_numpy(zero_copy_only=False)
            findings.append(unholdable(origin, value.name, rows.lines[firsts[too_large]]))
        if value.raw_of:  # where nothing was repaired or flagged there is no empty list either
            values = values.take(pc.if_else(pc.greater(pc.list_value_length(values), 0), np.arange(len(values)), None))
        columns.append(NamedColumn(value.name, value.type, values, value.raw_of))
    drafts = Drafts(
        tuple(key.take(firsts) for key in typed.keys),
        table.column("ts").combine_chunks(),
        typed.user_id.take(firsts),
        typed.anonymous_id.take(firsts),
        tuple(columns),
        table.column("row_count").to_numpy(),
        rows.lines[firsts],
        np.zeros(len(firsts), np.bool_),
    )
    return drafts, findings


def _single_drafts(
    rows: Rows, typed: TypedRows, kept: Positions, occurrences: Occurrences, origin: Origin
) -> tuple[Drafts, list[InputFinding]]:
    identity, findings = typed.keys, list[InputFinding]()
    again = np.zeros(len(rows), np.bool_)
    if not identity:
        contents = list(contents_of(rows))
        numbers = np.array([occurrences.number(content) for content in contents], dtype=np.int64)
        identity = (pa.array(contents, pa.string()), pa.array(numbers).cast(pa.string()))
        again = numbers > 1
        repeated = np.flatnonzero(again)
        if len(repeated):
            findings.append(duplicate_rows(origin, int(rows.lines[repeated[0]]), len(repeated)))
    drafts = Drafts(
        tuple(part.take(kept) for part in identity),
        typed.ts.take(kept),
        typed.user_id.take(kept),
        typed.anonymous_id.take(kept),
        tuple(NamedColumn(one.name, one.type, one.inputs[0].take(kept), one.raw_of) for one in typed.values),
        np.ones(len(kept), dtype=np.int64),
        rows.lines[kept],
        again[kept],
    )
    return drafts, findings


def contents_of(rows: Rows) -> Iterator[str]:
    """Yield what each row says, whatever the kind of file and the order of its columns: its non-empty texts.

    >>> from kohort.collection.json_rows import rows_of
    >>> list(contents_of(rows_of([(1, {"b": msgspec.Raw(b"2.0"), "a": msgspec.Raw(b'"x"')})])))
    ['[["a","x"],["b","2"]]']
    """
    own = rows.own_columns()
    names = sorted(own)
    columns = [[None if one is None else text_of(one) for one in own[name].plain()] for name in names]
    for texts in zip(*columns, strict=True):
        said = [(name, text) for name, text in zip(names, texts, strict=True) if text and text.strip()]
        yield msgspec.json.encode(said).decode()
