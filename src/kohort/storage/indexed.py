"""A table in memory of which rows are found, and replaced, in time for those rows alone, however many others there are.

Rows stand in parts, each with the hashes of what its columns hold, sorted. What is replaced becomes a part of its own,
and parts of about one size become one: there are few of them, and a row moves seldom.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.storage.hashing import hashes_of

SEPARATOR: Final = "\0"
"""What stands between the texts of several columns written as one: no text holds it."""

Columns = tuple[str, ...]
"""By which columns, of texts, rows are looked up."""

_Codes = NDArray[np.uint64]
_ID: Final = 20
"""The letters of an id of 80 bits, which is a hash itself."""
_MIXED: Final = np.uint64(0x9E3779B97F4A7C15)


class Rows(Protocol):
    """Rows that are looked up."""

    def of(self, columns: Columns, values: pa.Array) -> pa.Table:
        """Return the rows that hold one of some values, each as `texts_of` writes it."""


def texts_of(rows: pa.Table, columns: Columns) -> pa.ChunkedArray:
    """Return what rows hold in some columns, as one text a row.

    >>> texts_of(pa.table({"a": ["x"], "b": ["y"]}), ("a", "b")).to_pylist() == ["x" + SEPARATOR + "y"]
    True
    """
    if len(columns) == 1:
        return rows.column(columns[0])
    return pc.binary_join_element_wise(*(rows.column(name) for name in columns), SEPARATOR)


def distinct(*parts: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return what stands in any of some columns of texts, each value once."""
    chunks = [chunk for part in parts for chunk in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])]
    return pc.unique(pa.chunked_array(chunks, pa.string()))


class Indexed:
    """Rows with an index for each of `looked`; the first of them tells whose a row is.

    `notes` are what the column `noted` ever held, where that was not null, by the text of the columns `noted_by`.

    >>> actors = pa.table({"actor_id": ["a", "b"], "person_id": ["a", "a"]})
    >>> indexed = Indexed(actors, [("actor_id",), ("person_id",)])
    >>> indexed.amend(pa.array(["b"]), pa.table({"actor_id": ["b"], "person_id": ["b"]}))
    >>> indexed.of(("person_id",), pa.array(["a"])).column("actor_id").to_pylist(), len(indexed)
    (['a'], 2)
    """

    def __init__(self, rows: pa.Table, looked: Sequence[Columns], noted: str = "", noted_by: Columns = ()) -> None:
        self._looked, self._noted, self._noted_by = tuple(looked), noted, noted_by
        self._parts = [_Part.of(rows, self._looked)]
        self._whole: pa.Table | None = rows
        self._size: int = rows.num_rows
        self._notes: dict[str, str] = {}
        self._note(rows)
        self.emptied: set[str] = set()
        """Ids that had rows, and were given none."""

    def __len__(self) -> int:
        return self._size

    @property
    def notes(self) -> Mapping[str, str]:
        """What is noted, by the text that it is noted of."""
        return self._notes

    def whole(self) -> pa.Table:
        """Return all rows, in no order."""
        if self._whole is None:
            self._whole = pa.concat_tables([part.standing() for part in self._parts])
        return self._whole

    def of(self, columns: Columns, values: pa.Array) -> pa.Table:
        """Return the rows that hold one of some values, each as `texts_of` writes it, in no order."""
        if not self._size:
            return self.whole()
        codes = np.unique(_codes_of(values, columns))
        places = [part.places(columns, codes) for part in self._parts]
        found = [part.rows.take(pa.array(its)) for part, its in zip(self._parts, places, strict=True) if len(its)]
        if not found:
            return self._parts[0].rows.slice(0, 0)
        rows = pa.concat_tables(found)
        return rows.filter(pc.is_in(texts_of(rows, columns), value_set=values))

    def amend(self, whose: pa.Array, rows: pa.Table) -> None:
        """Give some ids, of the columns looked up first, other rows in place of those that they have."""
        columns = self._looked[0]
        codes = np.unique(_codes_of(whose, columns))
        for part in self._parts:
            places = part.places(columns, codes)
            if not len(places):
                continue
            its = texts_of(part.rows.take(pa.array(places)), columns)
            gone = places[pc.is_in(its, value_set=whose).to_numpy()]
            part.stands[gone] = False
            self._size -= len(gone)
        self._size += rows.num_rows
        self._whole = None
        self.emptied.update(_outside(whose, texts_of(rows, columns)).to_pylist())
        self._note(rows)
        last = _Part.of(rows.combine_chunks(), self._looked)
        while len(self._parts) > 1 and self._parts[-1].rows.num_rows < 2 * last.rows.num_rows:
            last = _Part.joined(self._parts.pop(), last)
        self._parts.append(last)
        if 2 * last.rows.num_rows > self._parts[0].rows.num_rows:
            self._parts = [_Part.joined(*self._parts)]

    def known(self, whose: pa.Array) -> frozenset[str]:
        """Return which of some ids, of the columns looked up first, have rows, or had."""
        columns = self._looked[0]
        return frozenset(texts_of(self.of(columns, whose), columns).to_pylist()) | self.emptied.intersection(
            whose.to_pylist()
        )

    def _note(self, rows: pa.Table) -> None:
        if self._noted:
            told = rows.filter(pc.is_valid(rows.column(self._noted)))
            texts = texts_of(told, self._noted_by).to_pylist()
            self._notes |= zip(texts, told.column(self._noted).to_pylist(), strict=True)


class _Sorted(NamedTuple):
    """The hashes of rows in order, and the place of each."""

    codes: _Codes
    places: NDArray[np.int32]

    @classmethod
    def of(cls, codes: _Codes) -> "_Sorted":
        order = np.argsort(codes, kind="stable").astype(np.int32)
        return cls(codes[order], order)


@dataclass(frozen=True)
class _Part:
    """Rows that came together, which of them stand still, and where each hash is."""

    rows: pa.Table
    stands: NDArray[np.bool_]
    index: Mapping[Columns, _Sorted]

    @classmethod
    def of(cls, rows: pa.Table, looked: Sequence[Columns]) -> "_Part":
        index = {columns: _Sorted.of(_codes_of(texts_of(rows, columns), columns)) for columns in looked}
        return cls(rows, np.ones(rows.num_rows, np.bool_), index)

    @classmethod
    def joined(cls, *parts: "_Part") -> "_Part":
        """Return what stands in some parts as one."""
        rows = pa.concat_tables([part.standing() for part in parts]).combine_chunks()
        index = {}
        for columns in parts[0].index:
            codes = []
            for part in parts:
                its = np.empty(len(part.stands), np.uint64)
                its[part.index[columns].places] = part.index[columns].codes
                codes.append(its[part.stands])
            index[columns] = _Sorted.of(np.concatenate(codes))
        return cls(rows, np.ones(rows.num_rows, np.bool_), index)

    def standing(self) -> pa.Table:
        """Return the rows that stand."""
        return self.rows if self.stands.all() else self.rows.filter(pa.array(self.stands))

    def places(self, columns: Columns, codes: _Codes) -> NDArray[np.int32]:
        """Return where rows stand that have one of some hashes."""
        its = self.index[columns]
        low, high = (np.searchsorted(its.codes, codes, side) for side in ("left", "right"))
        sizes = high - low
        found: NDArray[np.int32] = its.places[np.repeat(high - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))]
        return found[self.stands[found]]


def _outside(values: pa.Array, others: pa.ChunkedArray) -> pa.Array:
    return values.filter(pc.invert(pc.is_in(values, value_set=others.combine_chunks())))


def _codes_of(texts: pa.ChunkedArray | pa.Array, columns: Columns) -> _Codes:
    """Return hashes of texts: an id is one itself, but for what others may write as they like."""
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if len(columns) > 1:
        return _hashed(array)
    is_id = pc.fill_null(pc.equal(pc.binary_length(array), _ID), False)
    if pc.all(is_id).as_py() is not False:
        return _read(array)
    codes, ids = np.empty(len(array), np.uint64), is_id.to_numpy(zero_copy_only=False)
    codes[ids] = _read(array.filter(is_id))
    codes[~ids] = _hashed(array.filter(pc.invert(is_id)))
    return codes


def _read(ids: pa.Array) -> _Codes:
    """Return the first letters of ids as a number each."""
    if not len(ids):
        return np.zeros(0, np.uint64)
    _, offsets, content = ids.buffers()
    start = int(np.frombuffer(offsets, np.int32)[ids.offset])
    letters = np.frombuffer(content, np.uint8, len(ids) * _ID, start).reshape(-1, _ID)
    halves = np.ascontiguousarray(letters[:, :16]).view(np.uint64)
    mixed: _Codes = halves[:, 0] * _MIXED ^ halves[:, 1]
    return mixed


def _hashed(texts: pa.Array) -> _Codes:
    values = pc.fill_null(texts, "").cast(pa.binary()).to_numpy(zero_copy_only=False)
    return np.frombuffer(hashes_of(values, 8), np.uint64)
