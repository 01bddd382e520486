"""Rows of several sources put together, in the order of time, with one dictionary a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.engines.columns import BLOCK, MISSING, NO_CODE, Moments, Values
from kohort.pipeline.mapped.generations import Mask, Numbers
from kohort.pipeline.mapped.layout import COLUMN, PEOPLE, STARTS, TIMES
from kohort.pipeline.mapped.mapping import encoded, integers, narrowest, type_of


@dataclass(frozen=True)
class Coded:
    """A column as plain integers, of texts and lists with the distinct ones."""

    values: Values
    texts: pa.Array | None = None


@dataclass(frozen=True)
class Source:
    """Rows in the order of time, then of ids, whose `places` are of a new layer.

    `whence` tells them apart by where they were found: two of different origins may stand in any order.
    """

    places: Numbers
    ts: Moments
    columns: Mapping[str, Coded]
    whence: Numbers

    @staticmethod
    def of(rows: pa.Table, places: Numbers, columns: Sequence[str], time: str, whence: int) -> "Source":
        """Return rows as the tables have them; those of one moment must stand in the order of their ids."""
        coded = {}
        for name in columns:
            if name in rows.column_names and rows.column(name).null_count < len(rows):
                coded[name] = Coded(*encoded(rows.column(name), type_of(rows.column(name))))
        return Source(places, integers(rows.column(time), MISSING), coded, np.full(len(rows), whence, np.int64))

    def only(self, chosen: Mask) -> "Source":
        """Return some of the rows."""
        if chosen.all():
            return self
        columns = {name: Coded(one.values[chosen], one.texts) for name, one in self.columns.items()}
        return Source(self.places[chosen], self.ts[chosen], columns, self.whence[chosen])


@dataclass(frozen=True)
class Joined:
    """Rows block after block, in each in the order of time; `unclear` are places whose rows' order is not known."""

    arrays: Mapping[str, NDArray[Any]]
    texts: Mapping[str, pa.Array]
    unclear: Numbers


def joined(sources: Sequence[Source], people: int) -> Joined:
    """Return the rows of so many people, from all sources."""
    places = np.concatenate([np.zeros(0, np.int64), *(one.places for one in sources)])
    ts = np.concatenate([np.zeros(0, np.int64), *(one.ts for one in sources)])
    whence = np.concatenate([np.zeros(0, np.int64), *(one.whence for one in sources)])
    order = _order(places // BLOCK, ts, -(-people // BLOCK))
    places, ts, whence = places[order], ts[order], whence[order]
    arrays: dict[str, NDArray[Any]] = {
        STARTS: np.searchsorted(places // BLOCK, np.arange(-(-people // BLOCK) + 1)),
        PEOPLE: (places % BLOCK).astype(np.int32),
        TIMES: ts,
    }
    texts: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for one in sources for name in one.columns):
        column = _column([(one.columns.get(name), len(one.ts)) for one in sources])
        arrays[COLUMN + name] = column.values[order]
        if column.texts is not None:
            texts[COLUMN + name] = column.texts
    values = [array for name, array in arrays.items() if name.startswith(COLUMN)]
    return Joined(arrays, texts, _unclear(places, ts, whence, values, people))


def _order(blocks: Numbers, ts: Moments, count: int) -> Numbers:
    """Return the order of blocks, and in each of time; what is of one moment stays as it came."""
    if count == 1:
        return np.argsort(ts, kind="stable")
    by_block = np.argsort(blocks.astype(np.uint16) if count <= 2**16 else blocks, kind="stable")
    edges = np.searchsorted(blocks[by_block], np.arange(count + 1))
    parts = [by_block[low:high] for low, high in pairwise(edges.tolist())]
    return np.concatenate([np.zeros(0, np.int64), *(part[np.argsort(ts[part], kind="stable")] for part in parts)])


def _unclear(places: Numbers, ts: Moments, whence: Numbers, values: Sequence[NDArray[Any]], people: int) -> Numbers:
    """Return the places that have rows of one moment from several origins, and not the same in all columns."""
    last = np.full(people, -1, np.int64)
    last[places] = whence
    several = np.zeros(people, np.bool_)
    several[places[last[places] != whence]] = True
    rows = np.flatnonzero(several[places])
    rows = rows[np.lexsort((ts[rows], places[rows]))]
    if not len(rows):
        return rows
    new = np.ones(len(rows), np.bool_)
    new[1:] = (places[rows[1:]] != places[rows[:-1]]) | (ts[rows[1:]] != ts[rows[:-1]])
    first = rows[np.flatnonzero(new)[np.cumsum(new) - 1]]
    other = whence[rows] != whence[first]
    unlike = np.zeros(len(rows), np.bool_)
    for one in values:
        unlike |= one[rows] != one[first]
    group = np.cumsum(new) - 1
    mixed, differing = np.zeros(group[-1] + 1, np.bool_), np.zeros(group[-1] + 1, np.bool_)
    mixed[group[other]], differing[group[unlike]] = True, True
    return np.unique(places[rows[np.flatnonzero(new)[mixed & differing]]])


def _column(parts: Sequence[tuple[Coded | None, int]]) -> Coded:
    """Return the column of all sources, of which some may have none."""
    there = [one for one, _ in parts if one is not None]
    if any(one.values.dtype == np.int64 for one in there):
        return Coded(np.concatenate([_filled(one, size, MISSING, np.int64) for one, size in parts]))
    if all(one.texts is None for one in there):
        return Coded(np.concatenate([_filled(one, size, NO_CODE, np.int8) for one, size in parts]))
    used = [None if one is None else _used(one) for one, _ in parts]
    distinct = _in_order([one.texts.take(pa.array(its)) for (one, _), its in zip(parts, used, strict=True)
                          if one is not None and one.texts is not None and its is not None])  # fmt: skip
    width = narrowest(len(distinct))
    values = []
    for (one, size), its in zip(parts, used, strict=True):
        if one is None or one.texts is None or its is None:
            values.append(np.full(size, NO_CODE, width))
            continue
        table = np.full(len(one.texts) + 1, NO_CODE, width)  # the last one is of what is missing
        table[its] = _codes(one.texts.take(pa.array(its)), distinct)
        values.append(table[one.values])
    return Coded(np.concatenate(values), distinct)


def _used(column: Coded) -> Numbers:
    """Return the codes that a column of texts uses, in order."""
    flags = np.zeros(len(column.texts if column.texts is not None else ()) + 1, np.bool_)
    flags[column.values] = True
    return np.flatnonzero(flags[:-1])


def _in_order(texts: Sequence[pa.Array]) -> pa.Array:
    """Return the distinct texts, or lists, of several arrays, in order."""
    if len(texts) == 1:
        return texts[0]  # they are already
    if pa.types.is_string(texts[0].type):
        distinct = pa.concat_arrays(texts).unique()
        return distinct.take(pc.sort_indices(distinct))
    lists = {tuple(one) for its in texts for one in its.to_pylist()}
    return pa.array([list(one) for one in sorted(lists)], texts[0].type)


def _codes(texts: pa.Array, distinct: pa.Array) -> NDArray[Any]:
    if pa.types.is_string(texts.type):
        return integers(pc.index_in(texts, value_set=distinct), NO_CODE)
    places = {tuple(one): place for place, one in enumerate(distinct.to_pylist())}
    return np.array([places[tuple(one)] for one in texts.to_pylist()], np.int64)


def _filled(column: Coded | None, size: int, missing: int, dtype: Any) -> NDArray[Any]:
    return np.full(size, missing, dtype) if column is None else column.values.astype(dtype, copy=False)
