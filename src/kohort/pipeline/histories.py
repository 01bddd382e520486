"""The history that the kernel engine reads: arrays mapped from files, made from the tables when somebody asks for them.

Files stand under the watermarks of the tables they were made from, so they are never stale: a table that moves on
gets new ones, and those of one event or trait are made when the first rule speaks of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import BLOCK, MISSING, NO_CODE, Block, Column, History, Rows
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.mapped import MappedFolder, drop_others

if TYPE_CHECKING:
    import duckdb

_STARTS, _PEOPLE, _TIMES, _COLUMN = "starts", "people", "times", "column-"
_TABLES: Final = {"people": ("actors",), "events": ("actors", "events"), "traits": ("actors", "trait_values")}


def open_history(workspace: Workspace, catalog: Catalog) -> History:
    """Return everybody's history as of now, its arrays mapped as they are asked for."""
    files = _Files(workspace, catalog)
    people = files.people()
    seen = people.array("first_seen")
    blocks = [
        Block(
            seen[start : start + BLOCK],
            _Mapped(number, list(catalog.events), files.events),
            _Mapped(number, list(catalog.traits), files.traits),
        )
        for number, start in enumerate(range(0, len(seen), BLOCK))
    ]
    return History(people.texts("people"), blocks)


def people_of(history: History, chosen: Sequence[str]) -> Iterator[tuple[list[str], Block]]:
    """Yield the history of chosen people, block by block, with their ids; whoever is not known is left out.

    >>> one = Block(np.array([5]), {}, {})
    >>> [(ids, block.size) for ids, block in people_of(History(pa.array(["ada"]), [one]), ["ada", "bob"])]
    [(['ada'], 1)]
    """
    # A twentieth of a second that only who asks for single people should pay.
    import pyarrow.compute as pc  # noqa: PLC0415

    found = pc.index_in(pa.array(chosen, pa.string()), value_set=history.people)
    places = np.sort(_integers(found.drop_null(), NO_CODE))
    for start, block in zip(history.starts(), history.blocks, strict=True):
        its = places[(places >= start) & (places < start + block.size)]
        if len(its):
            ids = history.people.take(pa.array(its.tolist(), pa.int64())).to_pylist()
            yield ids, block.of_people((its - start).astype(np.int32))


class _Files:
    """The mapped files of a project, and how they are made."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self._catalog = workspace, catalog
        self._known: dict[tuple[str, str], _Parts] = {}

    def people(self) -> MappedFolder:
        return self._made("people", "", self._people)

    def events(self, name: str) -> "_Parts":
        return self._parts("events", name)

    def traits(self, name: str) -> "_Parts":
        return self._parts("traits", name)

    def _parts(self, kind: str, name: str) -> "_Parts":
        if (kind, name) not in self._known:
            self._known[kind, name] = _Parts(self._made(kind, name, lambda folder: self._rows(kind, name, folder)))
        return self._known[kind, name]

    def _made(self, kind: str, name: str, make: Callable[[Path], MappedFolder]) -> MappedFolder:
        """Return the folder of an event's or trait's arrays, made if it is not there; older generations go."""
        generation = "-".join(str(self._workspace.tables.watermark(table)) for table in _TABLES[kind])
        place = self._workspace.folder.mapped / kind / generation
        folder = place / (blake2b(name.encode(), digest_size=12).hexdigest() if name else "all")
        if not folder.exists():
            drop_others(place.parent, generation)
            return make(folder)
        return MappedFolder(folder)

    @cached_property
    def _views(self) -> "duckdb.DuckDBPyConnection":
        """The project's relations, and `numbered`: everybody's place in the order of the person ids."""
        views = self._workspace.views(self._catalog)
        place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[exp.column("person_id")]))
        number = exp.Sub(this=place, expression=exp.Literal.number(1))
        people = exp.select("person_id", "first_seen", number.as_("person_number")).from_("people")
        views.execute(exp.Create(this=exp.to_table("numbered"), kind="TABLE", expression=people).sql(dialect="duckdb"))
        return views

    def _people(self, folder: Path) -> MappedFolder:
        query = exp.select("person_id", "first_seen").from_("numbered").order_by("person_number")
        people = self._views.sql(query.sql(dialect="duckdb")).to_arrow_table()
        seen = _integers(people.column("first_seen"), MISSING)
        return MappedFolder.write(folder, {"first_seen": seen}, {"people": people.column("person_id").combine_chunks()})

    def _rows(self, kind: str, name: str, folder: Path) -> MappedFolder:
        """Write the rows of an event or trait: block after block of people, in the order of time, then of ids."""
        of_events = kind == "events"
        relation, time, identity = ("events", "ts", "event_id") if of_events else ("trait_values", "set_at", "value_id")
        columns = _event_columns(self._catalog, name) if of_events else {one: of for of, one in VALUE_COLUMNS.items()}
        block = exp.IntDiv(this=exp.column("person_number"), expression=exp.Literal.number(BLOCK))
        query = (
            exp.select("person_number", exp.column(time).as_("ts"), *(exp.column(one, quoted=True) for one in columns))
            .from_(relation)
            .join("numbered", using=["person_id"])
            .where(exp.column("name").eq(exp.Placeholder()))
            .order_by(block, exp.column(time), exp.column(identity))
        )
        rows = self._views.sql(query.sql(dialect="duckdb"), params=[name]).to_arrow_table()
        numbers = _integers(rows.column("person_number"), MISSING)
        people = len(self.people().array("first_seen"))
        starts = np.searchsorted(numbers // BLOCK, np.arange(-(-people // BLOCK) + 1))
        arrays: dict[str, NDArray[Any]] = {
            _STARTS: starts.astype(np.int64),
            _PEOPLE: (numbers % BLOCK).astype(np.int32),
            _TIMES: _integers(rows.column("ts"), MISSING),
        }
        texts: dict[str, pa.Array] = {}
        for column, of in columns.items():
            values = rows.column(column)
            if values.null_count == len(values):
                continue
            arrays[_COLUMN + column], distinct = _encoded(values, of)
            if distinct is not None:
                texts[_COLUMN + column] = distinct
        return MappedFolder.write(folder, arrays, texts)


class _Parts:
    """The arrays of one event or trait, and the rows of each block in them."""

    def __init__(self, files: MappedFolder) -> None:
        self._starts = files.array(_STARTS)
        self._people, self._times = files.array(_PEOPLE), files.array(_TIMES)
        self._columns = {
            name.removeprefix(_COLUMN): Column(files.array(name), Dictionary(files.texts(name)))
            for name in files.names()
            if name.startswith(_COLUMN)
        }

    def rows(self, block: int) -> Rows:
        low, high = int(self._starts[block]), int(self._starts[block + 1])
        columns = {name: Column(one.values[low:high], one.dictionary) for name, one in self._columns.items()}
        return Rows(self._people[low:high], self._times[low:high], columns)


class _Mapped(Mapping[str, Rows]):
    """The rows of one block, by event or trait, each found when it is asked for."""

    def __init__(self, block: int, names: Sequence[str], parts: Callable[[str], _Parts]) -> None:
        self._block, self._names, self._parts = block, names, parts
        self._known: dict[str, Rows] = {}

    def __getitem__(self, name: str) -> Rows:
        if name not in self._known:
            if name not in self._names:
                raise KeyError(name)
            self._known[name] = self._parts(name).rows(self._block)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Dictionary(Sequence[Any]):
    """The distinct texts of a column, or lists of text as tuples, in order; made Python's only where looked at.

    >>> Dictionary(pa.array([["a", "b"]]))[0], len(Dictionary(pa.array(["a"])))
    (('a', 'b'), 1)
    """

    def __init__(self, texts: pa.Array) -> None:
        self._texts = texts

    def __getitem__(self, place: Any) -> Any:
        return _plain(self._texts[place].as_py())

    def __iter__(self) -> Iterator[Any]:
        return map(_plain, self._texts.to_pylist())

    def __len__(self) -> int:
        return len(self._texts)


def _plain(value: str | list[str]) -> str | tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else value


def _event_columns(catalog: Catalog, name: str) -> dict[str, ValueType]:
    return {column: kind for types in catalog.events[name].values() for kind, column in types.items()}


def _encoded(values: pa.ChunkedArray, kind: ValueType) -> tuple[NDArray[Any], pa.Array | None]:
    """Return a column as plain integers, and of texts and lists the distinct ones in order."""
    match kind:
        case ValueType.NUMBER | ValueType.MOMENT:
            return _integers(values, MISSING), None
        case ValueType.BOOLEAN:
            return _integers(values.cast(pa.int8()), NO_CODE), None
        case ValueType.TEXT:
            encoded = values.combine_chunks().dictionary_encode()
            codes, distinct = _integers(encoded.indices, NO_CODE), encoded.dictionary.to_pylist()
        case ValueType.TEXT_LIST:
            lists = [None if one is None else tuple(one) for one in values.to_pylist()]
            distinct = list(dict.fromkeys(one for one in lists if one is not None))
            places = {one: place for place, one in enumerate(distinct)}
            codes = np.array([NO_CODE if one is None else places[one] for one in lists], np.int32)
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    # One place more, for what is missing: its code, -1, is the last place.
    rank = np.full(len(distinct) + 1, NO_CODE, np.int32)
    rank[order] = np.arange(len(distinct), dtype=np.int32)
    ordered = [distinct[place] for place in order]
    return rank[codes], pa.array(ordered, pa.string() if kind is ValueType.TEXT else pa.list_(pa.string()))


def _integers(values: pa.Array | pa.ChunkedArray, missing: int) -> NDArray[Any]:
    """Return a column of integers, `missing` where there is none; by DLPack, since Arrow's own way imports pandas."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return np.from_dlpack(whole.fill_null(missing) if whole.null_count else whole)
