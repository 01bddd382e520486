"""Everybody's rows, old and new, from which one person's history can be taken out quickly."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, NO_CODE, Block, Column, History, Moments, Places, Rows
from kohort.engines.live.arrivals import Arrivals

Numbers = NDArray[np.int64]
NEVER: Final = 2**62
"""Since when somebody exists who does not."""


class Archive:
    """A history to which rows are added, people by number.

    >>> from kohort.engines.columns import Block, History, Rows
    >>> import pyarrow as pa
    >>> visit = Rows(np.zeros(1, np.int32), np.array([5]))
    >>> archive = Archive(History(pa.array(["ada"]), [Block(np.array([5]), {"visit": visit}, {})]))
    >>> archive.add(Arrivals({"visit": Rows(np.zeros(1, np.int32), np.array([4]))}))
    >>> archive.block(np.array([0])).events["visit"].ts.tolist()
    [4, 5]
    """

    def __init__(self, history: History) -> None:
        self._starts = np.array([*history.starts(), len(history.people)], np.int64)
        self._blocks = history.blocks
        self._parts = [_Parts.of(block) for block in history.blocks]
        self._added = _Parts()
        self._waiting: list[Arrivals] = []
        self._forgot = False
        seen = [block.first_seen for block in history.blocks]
        self.first_seen: Moments = np.concatenate([np.zeros(0, np.int64), *seen])

    def add(self, arrivals: Arrivals) -> None:
        """Take in what came."""
        if arrivals.people:
            unknown = np.full(len(arrivals.people), np.iinfo(np.int64).max)
            self.first_seen = np.concatenate([self.first_seen, unknown])
        if len(arrivals.known):
            np.minimum.at(self.first_seen, arrivals.known, arrivals.since)
        self._waiting += [arrivals] if arrivals.events or arrivals.traits else []

    def forget(self, people: Numbers) -> None:
        """Forget all rows of people, and that they exist."""
        self._settle()
        self._forgot = True
        self.first_seen[people] = NEVER
        for parts, its, _, start in self._parts_of(people):
            parts.forget(its - start)

    def met(self, arrivals: Arrivals) -> Numbers:
        """Return whom something is told of that is told already: of the same event or trait, and the same moment."""
        self._settle()
        found: list[Numbers] = [np.zeros(0, np.int64)]
        for kind, told in (("events", arrivals.events), ("traits", arrivals.traits)):
            for name, rows in told.items():
                people = np.unique(rows.people).astype(np.int64)
                for parts, its, _, start in self._parts_of(people):
                    found += [part.met(rows, its - start, start) for part in parts.tables[kind].get(name, ())]
        return np.unique(np.concatenate(found))

    def _settle(self) -> None:
        """Put in order what came since this was last done."""
        for kind in ("events", "traits"):
            tables: dict[str, list[Rows]] = {}
            for arrivals in self._waiting:
                for name, rows in (arrivals.events if kind == "events" else arrivals.traits).items():
                    tables.setdefault(name, []).append(rows)
            self._added.add(kind, {name: joined(rows) for name, rows in tables.items()})
        self._waiting = []

    def block(self, people: Numbers, reads: Collection[tuple[str, str]] | None = None) -> Block:
        """Return the history of people, whose numbers increase, one after another.

        Where `reads` names tables, by "events" or "traits" and a name, it is what these tell.
        """
        self._settle()
        kinds: dict[str, dict[str, list[Rows]]] = {"events": {}, "traits": {}}
        for parts, its, places, start in self._parts_of(people):
            for kind, tables in parts.tables.items():
                for name in tables:
                    if reads is None or (kind, name) in reads:
                        kinds[kind].setdefault(name, []).extend(parts.rows(kind, name, its - start, places))
        found = {
            kind: {name: _in_time(joined(rows)) for name, rows in tables.items() if rows}
            for kind, tables in kinds.items()
        }
        return Block(self.first_seen[people], found["events"], found["traits"])

    @property
    def slices(self) -> int:
        """The number of parts into which people are divided, in their order; the last is of those who came later."""
        return len(self._starts)

    def slice(self, number: int) -> Numbers:
        """Return the people of a part."""
        bounds = [*self._starts.tolist(), len(self.first_seen)]
        return np.arange(bounds[number], bounds[number + 1])

    def everybody(self) -> Iterator[tuple[Numbers, Block]]:
        """Yield all people with their history, some at a time."""
        for number in range(self.slices):
            people = self.slice(number)
            if len(people):
                yield people, self.block_of(number)

    def block_of(self, number: int) -> Block:
        """Return the history of the people of a part."""
        self._settle()
        untouched = not self._forgot and not self._added.tables["events"] and not self._added.tables["traits"]
        return self._blocks[number] if untouched and number < len(self._blocks) else self.block(self.slice(number))

    def _parts_of(self, people: Numbers) -> Iterator[tuple["_Parts", Numbers, Numbers, int]]:
        """Yield the parts that hold rows of people: whose they are, their places among all, the part's first number."""
        edges = np.searchsorted(people, self._starts)
        for number, (low, high) in enumerate(pairwise(edges.tolist())):
            if low < high:
                yield self._parts[number], people[low:high], np.arange(low, high), int(self._starts[number])
        yield self._added, people, np.arange(len(people)), 0


@dataclass
class _Parts:
    """Rows by kind and name, in parts that are each ordered by person when first asked for."""

    tables: dict[str, dict[str, list["_Part"]]] = field(default_factory=lambda: {"events": {}, "traits": {}})

    @staticmethod
    def of(block: Block) -> "_Parts":
        found = _Parts()
        found.add("events", block.events)
        found.add("traits", block.traits)
        return found

    def add(self, kind: str, tables: Mapping[str, Rows]) -> None:
        for name, rows in tables.items():
            if not len(rows.ts):
                continue
            parts = self.tables[kind].setdefault(name, [])
            parts.append(_Part(rows))
            while len(parts) > 1 and len(parts[-2].rows.ts) < 2 * len(parts[-1].rows.ts):
                last, before = parts.pop(), parts.pop()
                parts.append(_Part(joined([before.kept(), last.kept()])))

    def forget(self, people: Numbers) -> None:
        for part in (part for tables in self.tables.values() for parts in tables.values() for part in parts):
            part.gone = np.union1d(part.gone, people)

    def rows(self, kind: str, name: str, people: Numbers, places: Numbers) -> Iterator[Rows]:
        """Yield the rows of people, who become known by their `places`."""
        for part in self.tables[kind][name]:
            found = part.of_people(people, places)
            if len(found.ts):
                yield found


@dataclass
class _Part:
    """Rows, of which those of people who are `gone` do not count."""

    rows: Rows
    gone: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))

    def kept(self) -> Rows:
        return self.rows.of(~np.isin(self.rows.people, self.gone)) if len(self.gone) else self.rows

    @cached_property
    def _order(self) -> tuple[Numbers, Places]:
        order = np.argsort(self.rows.people, kind="stable")
        return order, self.rows.people[order]

    @cached_property
    def _newest(self) -> int:
        return int(self.rows.ts.max(initial=-NEVER))

    def met(self, rows: Rows, people: Numbers, start: int) -> Numbers:
        """Return who of people, numbered from `start` on, has a row of the same moment as one of `rows`."""
        if rows.ts.min(initial=NEVER) > self._newest:
            return np.zeros(0, np.int64)
        chosen, _ = self._chosen(people)
        chosen = chosen[np.isin(self.rows.ts[chosen], rows.ts)]
        news = np.isin(rows.ts, self.rows.ts[chosen])
        whose = np.concatenate([self.rows.people[chosen] + start, rows.people[news]])
        both = np.stack([whose, np.concatenate([self.rows.ts[chosen], rows.ts[news]])], axis=1)
        _, place = np.unique(both, axis=0, return_inverse=True)
        place = place.reshape(-1)
        return np.asarray(rows.people[news][np.isin(place[len(chosen) :], place[: len(chosen)])], np.int64)

    def of_people(self, people: Numbers, places: Numbers) -> Rows:
        chosen, counts = self._chosen(people)
        columns = {name: Column(column.values[chosen], column.dictionary) for name, column in self.rows.columns.items()}
        return Rows(np.repeat(places, counts).astype(np.int32), self.rows.ts[chosen], columns)

    def _chosen(self, people: Numbers) -> tuple[Numbers, Numbers]:
        """Return the places of people's rows, those of one after those of another, and how many each has."""
        order, ordered = self._order
        low, high = np.searchsorted(ordered, people, side="left"), np.searchsorted(ordered, people, side="right")
        counts = np.where(np.isin(people, self.gone), 0, high - low) if len(self.gone) else high - low
        total = int(counts.sum())
        within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        return order[np.repeat(low, counts) + within], counts


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several parts one after another, with one dictionary a column.

    >>> one = Rows(np.zeros(1, np.int32), np.array([5]), {"shop": Column(np.zeros(1, np.int32), ("Paris",))})
    >>> joined([one, replace(one, columns={"shop": Column(np.zeros(1, np.int32), ("Lyon",))})]).columns["shop"]
    Column(values=array([1, 0], dtype=int32), dictionary=('Lyon', 'Paris'))
    """
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(name for rows in parts for name in rows.columns)
    columns = {name: _joined([(rows.columns.get(name), len(rows.ts)) for rows in parts]) for name in names}
    return Rows(np.concatenate([rows.people for rows in parts]), np.concatenate([rows.ts for rows in parts]), columns)


def _joined(parts: Sequence[tuple[Column | None, int]]) -> Column:
    there = [column for column, _ in parts if column is not None]
    if any(column.values.dtype == np.int64 for column in there):
        return Column(np.concatenate([_filled(column, size, MISSING, np.int64) for column, size in parts]))
    if not any(len(column.dictionary) for column in there):
        return Column(np.concatenate([_filled(column, size, NO_CODE, there[0].values.dtype) for column, size in parts]))
    if len(there) == len(parts) and all(column.dictionary is there[0].dictionary for column in there):
        return Column(np.concatenate([column.values for column in there]), there[0].dictionary)
    dictionary = _texts(there)
    codes = {text: code for code, text in enumerate(dictionary)}
    recoded = [None if one is None else Column(_recoded(one, codes)) for one, _ in parts]
    sizes = [size for _, size in parts]
    values = [_filled(column, size, NO_CODE, np.int32) for column, size in zip(recoded, sizes, strict=True)]
    return Column(np.concatenate(values), dictionary)


def _texts(columns: Iterable[Column]) -> tuple[Any, ...]:
    """Return the different texts, or lists, that columns use, in order."""
    used = {one.dictionary[code] for one in columns for code in np.unique(one.values[one.present()]).tolist()}
    return tuple(sorted(used))


def _recoded(column: Column, codes: Mapping[Any, int]) -> NDArray[np.int32]:
    used, place = np.unique(column.values, return_inverse=True)
    new = [NO_CODE if code == NO_CODE else codes[column.dictionary[code]] for code in used.tolist()]
    return np.array(new, np.int32)[place]


def _filled(column: Column | None, size: int, missing: int, dtype: Any) -> NDArray[Any]:
    return np.full(size, missing, dtype) if column is None else column.values.astype(dtype, copy=False)


def _in_time(rows: Rows) -> Rows:
    """Return rows in the order of time; of one moment, those of one person in the order in which they came."""
    order = np.argsort(rows.ts, kind="stable")
    columns = {name: Column(one.values[order], one.dictionary) for name, one in rows.columns.items()}
    return replace(rows, people=rows.people[order], ts=rows.ts[order], columns=columns)
