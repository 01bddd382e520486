"""Who is in which segment as bits, one place a person: made once of the table, and moved on by the log since.

Counting who is in two segments at once is then counting bits. What they are made of is known by its commit, so that
they are never behind: a table that was written since is read anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.engines.bits import mask_of, packed
from kohort.engines.plan import Bits
from kohort.pipeline.recording import current_memberships, log_since
from kohort.storage.lookups import Standing
from kohort.storage.tables import Tables


@dataclass(frozen=True)
class _Numbered:
    """Everybody who is in a segment, a place each, and the bits of each segment."""

    people: pa.Array
    bits: Mapping[str, Bits]


def member_bits(tables: Tables) -> tuple[Mapping[str, Bits], int]:
    """Return who is in each segment now, and how many places are taken; a segment that nobody is in is left out.

    The places are those of nothing else: who is in none has none.
    """
    stored, log = _stored(Standing(tables, "memberships")), log_since(tables)
    found = stored if not log.num_rows else _moved(stored, log)
    if found is None:
        found = _numbered(current_memberships(tables))
    return found.bits, len(found.people)


@lru_cache(maxsize=2)
def _stored(standing: Standing) -> _Numbered:
    return _numbered(standing.tables.read("memberships"))


def _numbered(memberships: pa.Table) -> _Numbered:
    inside = memberships.filter(pc.is_null(memberships.column("left_at")))
    # Each person's name is looked at once, however many segments they are in.
    coded = inside.column("person_id").combine_chunks().dictionary_encode()
    which = inside.column("segment").combine_chunks().dictionary_encode()
    places, segments = np.from_dlpack(coded.indices), np.from_dlpack(which.indices)
    bits = {}
    for number, name in enumerate(which.dictionary.to_pylist()):
        mask = np.zeros(len(coded.dictionary), dtype=np.bool_)
        mask[places[segments == number]] = True
        bits[name] = packed(mask)
    return _Numbered(coded.dictionary, bits)


def _moved(stored: _Numbered, log: pa.Table) -> _Numbered | None:
    """Return who is in each segment after rows of the log; None where the rows do not fit what is stored.

    Who entered and left comes and goes in turn, and whoever is taken back leaves by the same row, or enters again: what
    all rows of a person in a segment add up to is what has changed.
    """
    people, places = _placed(stored.people, log.column("person_id").combine_chunks())
    which = log.column("segment").combine_chunks().dictionary_encode()
    segments, ways = np.from_dlpack(which.indices), pc.equal(log.column("change"), "entered").to_numpy()
    bits = dict(stored.bits)
    for number, name in enumerate(which.dictionary.to_pylist()):
        its = segments == number
        state = np.zeros(len(people), np.int64)
        if name in bits:
            before = mask_of(bits[name])[: len(people)]
            state[: len(before)] = before
        np.add.at(state, places[its], np.where(ways[its], 1, -1))
        if state.min(initial=0) < 0 or state.max(initial=0) > 1:
            return None
        bits[name] = packed(state.astype(np.bool_))
    return _Numbered(people, bits)


def _placed(known: pa.Array, people: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return people with those who were not known after them, and the place of each of `people`."""
    few = people.unique()
    # Everybody looked up among the few, not the few among everybody, of whom there would be a table to build.
    there = np.flatnonzero(pc.is_in(known, value_set=few).to_numpy(zero_copy_only=False))
    old = known.take(pa.array(there))
    new = few.filter(pc.invert(pc.is_in(few, value_set=old)))
    numbers = np.append(there, np.arange(len(new)) + len(known))
    found = pc.index_in(people, value_set=pa.concat_arrays([old, new]))
    return pa.concat_arrays([known, new]), numbers[np.from_dlpack(found)]
