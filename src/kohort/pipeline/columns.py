"""Messages and score files made into rows of the tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.definitions.provenance import marked_source
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.storage.records import ScoreRun
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS

EVENT_TYPES: Final = frozenset({"track", "page", "screen"})

_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_PLAIN: Final = 60
_RESERVED: Final = frozenset(SCHEMAS["events"].names) | {"person_id"}


Shown = Mapping[str, Mapping[str, ValueType]]
"""Names with their types: an event's properties by the event's key, and traits under the empty text."""


@dataclass
class Names:
    """The names that data have shown so far, and the physical column of each; grows as messages come in.

    `columns` maps (event, property, type) to a column; `types` maps (property, type) to the same column, since
    events share it; `events` and `traits` (trait, type) are the keys seen, an event without properties included.
    `fresh` counts what is not stored yet.

    >>> names = Names()
    >>> names.column("order_completed", "total", ValueType.NUMBER)
    'total'
    >>> names.column("order_completed", "total", ValueType.TEXT)
    'total__text'
    """

    columns: dict[tuple[str, str, ValueType], str] = field(default_factory=dict)
    types: dict[tuple[str, ValueType], str] = field(default_factory=dict)
    events: dict[str, None] = field(default_factory=dict)
    traits: dict[tuple[str, ValueType], None] = field(default_factory=dict)
    fresh: int = 0

    @classmethod
    def of(cls, rows: pa.Table) -> "Names":
        """Read the names back from the table `names`."""
        names = cls()
        for row in rows.to_pylist():
            if not row["name"]:
                names.events[row["event"]] = None
                continue
            kind = ValueType(row["type"])
            if row["event"]:
                names.columns[row["event"], row["name"], kind] = row["column"]
                names.types[row["name"], kind] = row["column"]
            else:
                names.traits[row["name"], kind] = None
        return names

    def all(self) -> Iterator[tuple[str, str, ValueType]]:
        """Yield (event, property, type) of every property, then ("", trait, type) of every trait."""
        yield from self.columns
        for name, kind in self.traits:
            yield "", name, kind

    def rows(self) -> pa.Table:
        """Return the rows of the table `names`."""
        events = [(event, "", "", "") for event in self.events]
        properties = [(event, name, str(kind), column) for (event, name, kind), column in self.columns.items()]
        traits = [("", name, str(kind), "") for name, kind in self.traits]
        fields = zip(*(events + properties + traits), strict=True)
        return pa.table([list(one) for one in fields], schema=SCHEMAS["names"])

    def event(self, event: str) -> None:
        """Note that an event has been seen."""
        if event not in self.events:
            self.fresh += 1
            self.events[event] = None

    def column(self, event: str, name: str, kind: ValueType) -> str:
        """Return the physical column of an event's property, making one for a new name or type."""
        key = (event, name, kind)
        if key not in self.columns:
            self.fresh += 1
            if (name, kind) not in self.types:
                taken = {known for known, _ in self.types}
                self.types[name, kind] = physical_name(name, kind, first=name not in taken)
            self.columns[key] = self.types[name, kind]
        return self.columns[key]

    def add(self, shown: Shown) -> None:
        """Note events with their properties, and traits."""
        for event, types in shown.items():
            if event:
                self.event(event)
            for name, kind in types.items():
                if event:
                    self.column(event, name, kind)
                else:
                    self.trait(name, kind)

    def trait(self, name: str, kind: ValueType) -> None:
        """Note that a trait has had a value of this type."""
        if (name, kind) not in self.traits:
            self.fresh += 1
            self.traits[name, kind] = None


def physical_name(name: str, kind: ValueType, *, first: bool) -> str:
    """Return the column for a property: its name where that is plain, else a hash; later types get a suffix.

    >>> physical_name("total", ValueType.NUMBER, first=True)
    'total'
    >>> physical_name('"; DROP', ValueType.NUMBER, first=True)
    'p_2b451a305384'
    """
    plain = len(name) <= _LONGEST_PLAIN and _PLAIN.fullmatch(name) and name not in _RESERVED
    column = name if plain else "p_" + blake2b(name.encode(), digest_size=6).hexdigest()
    return column if first else f"{column}__{kind.name.lower()}"


def spread(length: int, rows: Sequence[int] | NDArray[np.int64], values: pa.Array) -> pa.Array:
    """Return a column of so many rows that has values in some of them.

    >>> spread(3, [2, 0], pa.array(["b", "a"])).to_pylist()
    ['a', None, 'b']
    """
    take = np.full(length, -1, dtype=np.int64)
    take[rows] = np.arange(len(rows))
    return values.take(pa.array(take, mask=take < 0))


def score_rows(
    scores: pa.Table, run: ScoreRun, *, recorded_at: int, value_id: str, types: Mapping[str, ValueType]
) -> pa.Table:
    """Return rows of `trait_values` for the file of a run: a column `person_id` and one column a trait.

    A missing score is a removal, so that yesterday's value does not outlive its reason. A value's mark, where there is
    one, stands in its source.
    """
    tables = []
    length = scores.num_rows
    for name, kind in types.items():
        column = scores.column(name).cast(ARROW_TYPES[kind])
        values = {VALUE_COLUMNS[one]: pa.nulls(length, arrow) for one, arrow in ARROW_TYPES.items()}
        values[VALUE_COLUMNS[kind]] = column
        fixed = {"name": name, "value_id": value_id, "set_at": run.at, "recorded_at": recorded_at}
        repeated = {
            key: pa.repeat(pa.scalar(value, SCHEMAS["trait_values"].field(key).type), length)
            for key, value in fixed.items()
        }
        sources = _sources(run.score, length, scores.column(run.marks[name]) if name in run.marks else None)
        columns = {
            "actor_id": scores.column("person_id"), "source": sources, **repeated, **values, "removed": column.is_null()
        }  # fmt: skip
        tables.append(pa.table(columns).select(SCHEMAS["trait_values"].names).cast(SCHEMAS["trait_values"]))
    return pa.concat_tables(tables)


def _sources(score: str, length: int, marks: pa.ChunkedArray | None) -> pa.Array:
    if marks is None:
        return pa.repeat(pa.scalar(score), length)
    coded = marks.cast(pa.string()).combine_chunks().dictionary_encode()
    named = pa.array([score, *(marked_source(score, mark) for mark in coded.dictionary.to_pylist())])
    return named.take(pa.array(coded.indices.fill_null(-1).to_numpy() + 1))
