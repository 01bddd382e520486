"""Everybody as of a moment, with groups among them: what they are, did and spent, as arrays, one place a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, History
from kohort.errors import NotEvaluatedError
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.recording import current_memberships
from kohort.pipeline.segments.evaluation import rules_of
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Crowd:
    """Everybody who exists at the moment `at`; arrays have a place for each person of the history, in its order."""

    history: History
    catalog: Catalog
    at: Moment

    @staticmethod
    def of(workspace: Workspace, at: Moment) -> "Crowd":
        """Return everybody of a project; what is asked of them is read when it is asked for."""
        catalog = workspace.catalog({})
        return Crowd(open_history(workspace, catalog), catalog, at)

    @cached_property
    def existing(self) -> Mask:
        """Who exists."""
        seen = [block.first_seen for block in self.history.blocks]
        return np.concatenate(seen) <= self.at if seen else np.zeros(0, dtype=np.bool_)

    def having(self, people: pa.ChunkedArray) -> Mask:
        """Return who of those who exist is among these ids."""
        # Everybody looked up among the few, not the few among everybody, of whom there would be a table to build.
        inside = pc.is_in(self.history.people, value_set=people.combine_chunks())
        return np.asarray(inside.to_numpy(zero_copy_only=False), np.bool_) & self.existing

    def numbers(self, trait: str) -> NDArray[np.int64]:
        """Return the latest number of a trait, in micros, `MISSING` where somebody has none."""
        parts, _ = self._latest(trait, ValueType.NUMBER, np.int64(MISSING))
        return self._concatenated(parts, np.int64)

    def codes(self, trait: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return the latest text or boolean of a trait as places in a list of values, `NO_CODE` for none."""
        kind = self.catalog.traits[trait]
        parts, columns = self._latest(trait, kind, np.int64(NO_CODE))
        if kind is ValueType.BOOLEAN:
            return self._concatenated(parts, np.int64), ["false", "true"]
        # Blocks may have dictionaries of their own.
        dictionaries = {
            id(one.dictionary): [str(text) for text in one.dictionary] for one in columns if one is not None
        }
        texts = sorted({text for one in dictionaries.values() for text in one})
        codes = {text: code for code, text in enumerate(texts)}
        tables = {key: np.array([*map(codes.get, one), NO_CODE], np.int64) for key, one in dictionaries.items()}
        coded = [
            part if column is None else tables[id(column.dictionary)][part]
            for part, column in zip(parts, columns, strict=True)
        ]
        return self._concatenated(coded, np.int64), texts

    def did(self, event: str, after: Moment) -> Mask:
        """Return who did something after a moment."""
        return self._concatenated([_doers(block, event, after, self.at) for block in self.history.blocks], np.bool_)

    def sums(self, event: str, name: str) -> NDArray[np.int64]:
        """Return the sum of a number of an event so far, in micros."""
        column = self.catalog.events[event][name][ValueType.NUMBER]
        return self._concatenated([_sums(block, event, column, self.at) for block in self.history.blocks], np.int64)

    def _latest(
        self, trait: str, kind: ValueType, missing: np.int64
    ) -> tuple[list[NDArray[np.int64]], list[Column | None]]:
        columns = [block.traits[trait].columns.get(VALUE_COLUMNS[kind]) for block in self.history.blocks]
        parts = [
            _latest_of(block, trait, column, self.at, missing)
            for block, column in zip(self.history.blocks, columns, strict=True)
        ]
        return parts, columns

    @staticmethod
    def _concatenated(parts: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
        return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)


def recorded_members_of(workspace: Workspace, segment: str) -> pa.Table:
    """Return the rows of `memberships` of those whom a segment is recorded to hold.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that has no members yet.
    """
    rules_of(workspace, [segment], workspace.catalog())
    if segment not in workspace.in_force().versions:
        raise NotEvaluatedError(segment, workspace.why_not_evaluated())
    stored = current_memberships(workspace.tables, segments=[segment])
    return stored.filter(pc.is_null(stored.column("left_at")))


def recorded_people(workspace: Workspace, segment: str) -> pa.ChunkedArray:
    """Return the ids of those whom a segment is recorded to hold; raises as `recorded_members_of`."""
    return recorded_members_of(workspace, segment).column("person_id")


def _latest_of(block: Block, trait: str, column: Column | None, at: Moment, missing: np.int64) -> NDArray[np.int64]:
    found = np.full(block.size, missing, dtype=np.int64)
    if column is None:
        return found
    rows = block.traits[trait]
    until = rows.until(at)
    # Of several rows of a person the last one counts, which stands furthest down.
    latest = np.full(block.size, -1, dtype=np.int64)
    latest[rows.people[:until]] = np.arange(until)
    there = latest >= 0
    found[there] = column.values[latest[there]]
    return found


def _doers(block: Block, event: str, after: Moment, at: Moment) -> Mask:
    mask = np.zeros(block.size, dtype=np.bool_)
    rows = block.events[event]
    mask[rows.people[rows.until(after) : rows.until(at)]] = True
    return mask


def _sums(block: Block, event: str, column: str, at: Moment) -> NDArray[np.int64]:
    found = np.zeros(block.size, dtype=np.int64)
    rows = block.events[event]
    values = rows.columns.get(column)
    if values is not None:
        until = rows.until(at)
        there = values.present()[:until]
        np.add.at(found, rows.people[:until][there], values.values[:until][there])
    return found
