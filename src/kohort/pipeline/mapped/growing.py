"""The next generation of the mapped history, made from the one before and what has come since."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kohort.definitions.consent import CONSENT_PREFIX
from kohort.engines.columns import BLOCK, MISSING
from kohort.pipeline.mapped.generations import TABLES, Actors, Generation, Mask, Stand, write_layer
from kohort.pipeline.mapped.joining import Coded, Joined, Source, joined
from kohort.pipeline.mapped.layout import (
    COLUMN,
    FIRSTS,
    GROWING,
    MAKERS,
    NAME,
    PEOPLE,
    STARTS,
    TIMES,
    Kind,
    filed_as,
    name_of,
)
from kohort.pipeline.mapped.mapping import KEYS, Maker, integers, value_columns
from kohort.pipeline.mapped.news import News
from kohort.pipeline.mapped.regrouping import Regrouped, regrouped
from kohort.storage.mapped import MappedFolder
from kohort.storage.tables import Tables
from kohort.storage.text_index import NONE

_KINDS: Final[tuple[Kind, ...]] = ("events", "traits")
_NEW: Final = -1
_TOLD: Final = -2


@dataclass(frozen=True)
class Growth:
    """What becomes of the generation `before` by what has come: a new layer, of whom it has, and the rows of those."""

    before: Generation
    tables: Tables
    regrouped: Regrouped

    @staticmethod
    def since(before: Generation, tables: Tables, *, whole: bool) -> "Growth | None":
        """Return the growth up to the tables as they are; None if it cannot be told what has come since.

        If it is `whole`, everybody is in one layer then.
        """
        if any(tables.unwritten(name) for name in TABLES):
            return None
        news = News.since(before, tables)
        return None if news is None else Growth(before, tables, regrouped(before, news, whole=whole))

    @property
    def is_whole(self) -> bool:
        """Whether everybody is in one layer."""
        its = self.regrouped
        if its.kept and len(its.people):
            return False
        return len(its.kept) <= 1 and not any(its.dead[: one.people].any() for one in its.kept)

    def write(self, folder: Path, name: str, maker: Maker) -> None:
        """Write the generation called `name` into a folder."""
        its = self.regrouped
        layers = [*its.kept, *([write_layer(folder, name, its.people, its.actors)] if len(its.people) else [])]
        for table, rows in its.pending.items():
            pq.write_table(rows, folder / f"{table}.parquet")
        for kind in _KINDS:
            for filed in self.before.made(kind):
                if filed_as(kind, name_of(filed), maker.catalog) == filed:
                    self._write_rows(kind, filed, folder, name, maker)
        own = sum(layer.places for layer in layers) - len(its.dead)
        dead = np.concatenate([its.dead, np.arange(own) >= len(its.people)])
        Stand.of(self.tables, self.before.stand.actors + its.strangers, layers).write(folder, dead)

    def _write_rows(self, kind: Kind, filed: str, folder: Path, name: str, maker: Maker) -> None:
        """Write the rows of an event or trait of the new layer, and where those of the layers before it are."""
        its, old = self.regrouped, self.before.rows(kind, filed)
        makers, firsts = old.texts(MAKERS)[: len(its.kept)].to_pylist(), old.array(FIRSTS)[: len(its.kept)]
        arrays: dict[str, NDArray[Any]] = {FIRSTS: firsts}
        texts: dict[str, pa.Array] = {NAME: pa.array([filed])}
        if len(its.people):
            makers, arrays[FIRSTS] = [*makers, name], np.append(firsts, 0)
            found = self._joined(kind, filed, maker)
            arrays |= found.arrays
            texts |= found.texts
        texts[MAKERS] = pa.array(makers, pa.string())
        MappedFolder.write(folder / kind / old.folder.name, arrays, texts)

    def _joined(self, kind: Kind, filed: str, maker: Maker) -> Joined:
        its, name = self.regrouped, name_of(filed)
        of_consent = kind == "traits" and name.startswith(CONSENT_PREFIX)
        told = (its.consenting if of_consent else its.split).copy()
        sources = list(_old_rows(self.before, kind, filed, its))
        new = None if of_consent else its.news.rows[GROWING[kind]].get(name)
        if new is not None and len(new):
            sources.append(_new_rows(new, kind, its))
        found = joined([one.only(~told[one.places]) for one in sources], len(its.people))
        told[found.unclear] = True
        if not told.any():
            return found
        # Of a few people the tables alone tell which rows are theirs, or in which order.
        others = [one.only(~told[one.places]) for one in sources]
        return joined([*others, _told_rows(kind, name, its, told, maker)], len(its.people))


def _told_rows(kind: Kind, name: str, its: Regrouped, told: Mask, maker: Maker) -> Source:
    """Return the rows of people as the tables tell them."""
    theirs = told[its.actors.places]
    actors = Actors(its.actors.ids.filter(pa.array(theirs)), its.actors.places[theirs], its.actors.seen[theirs])
    rows = maker.told(kind, name, its.people, actors)
    places = integers(rows.column("_place"), MISSING)
    return Source.of(rows, places, value_columns(kind, rows), KEYS[kind][0], _TOLD)


def _new_rows(rows: pa.Table, kind: Kind, its: Regrouped) -> Source:
    time, identity = KEYS[kind]
    rows = rows.sort_by([(time, "ascending"), (identity, "ascending"), ("source", "ascending")])
    places = its.places_of(rows.column("actor_id").combine_chunks())
    columns = value_columns(kind, rows)
    return Source.of(rows, places, columns, time, _NEW)


def _old_rows(before: Generation, kind: Kind, filed: str, its: Regrouped) -> Iterator[Source]:
    """Yield the rows of an event or trait that go to the new layer, layer by layer."""
    folder = before.rows(kind, filed)
    makers, firsts = folder.texts(MAKERS).to_pylist(), folder.array(FIRSTS)
    for layer, maker, first in zip(before.layers, makers, firsts.tolist(), strict=True):
        origins = its.origins[layer.start : layer.start + layer.of.places]
        if not (origins != NONE).any():
            continue
        files = MappedFolder(before.root / maker / kind / folder.folder.name)
        starts, people = files.array(STARTS), files.array(PEOPLE)
        rows, whence, places = [], [], []
        for block in range(layer.of.blocks):
            low, high = int(starts[first + block]), int(starts[first + block + 1])
            theirs = origins[block * BLOCK : (block + 1) * BLOCK]
            # A table of bytes, that stays in a processor's cache while all rows are looked at.
            chosen = low + np.flatnonzero((theirs != NONE)[people[low:high]])
            its_people = people[chosen]
            rows.append(chosen)
            places.append(theirs[its_people].astype(np.int64))
            whence.append(layer.start + block * BLOCK + its_people.astype(np.int64))
        chosen = np.concatenate([np.zeros(0, np.int64), *rows])
        columns = {
            name.removeprefix(COLUMN): Coded(files.array(name)[chosen], files.texts_of(name))
            for name in files.names()
            if name.startswith(COLUMN)
        }
        yield Source(
            np.concatenate([np.zeros(0, np.int64), *places]), files.array(TIMES)[chosen], columns,
            np.concatenate([np.zeros(0, np.int64), *whence]),
        )  # fmt: skip
