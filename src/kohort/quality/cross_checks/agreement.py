"""One source beside another on shared keys: what each lacks, and which values differ."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KEY = "key"
"""The column that has the key of each row."""


@dataclass(frozen=True)
class ValueAgreement:
    """How far two sources agree on one value of the `both` keys for which both have it: `differ` do not.

    Of these `spelling` are the same text but for case, accents and blanks; `largest` is the largest difference of
    numbers (micros) or moments (microseconds), 0 where they are none. `here_only` and `there_only` are keys for which
    one source alone has a value.
    """

    here: str
    there: str
    both: int
    differ: int
    spelling: int
    largest: int
    here_only: int
    there_only: int


@dataclass(frozen=True)
class Agreement:
    """How many keys two sources have, how many of them both, and how far the values of these agree."""

    here: int
    there: int
    both: int
    values: tuple[ValueAgreement, ...]


def compare(here: pa.Table, there: pa.Table, values: Sequence[tuple[str, str]]) -> Agreement:
    """Compare two sources, whose tables have a column `key` (text, each once) and, after it, one for each value.

    `values` are their names here and there. Numbers are micros and moments microseconds, both int64; where the types of
    a value differ, all of it does.

    >>> shop = pa.table({"key": ["1", "2", "3"], "its": ["a@x.fr", "B@x.fr", None]})
    >>> crm = pa.table({"key": ["1", "2"], "its": ["a@x.fr", "b@x.fr"]})
    >>> found = compare(shop, crm, [("email", "mail")])
    >>> found.here, found.there, found.both, found.values[0].differ, found.values[0].spelling
    (3, 2, 2, 1, 1)
    """
    places = pc.index_in(here.column(KEY), value_set=there.column(KEY).combine_chunks())
    shared = places.is_valid()
    mine, its = here.filter(shared), there.take(places.filter(shared))
    return Agreement(
        here.num_rows,
        there.num_rows,
        mine.num_rows,
        tuple(_agreement(*names, mine.column(place), its.column(place)) for place, names in enumerate(values, start=1)),
    )


def _agreement(here: str, there: str, mine: pa.ChunkedArray, its: pa.ChunkedArray) -> ValueAgreement:
    known, known_there = mine.is_valid(), its.is_valid()
    both = pc.and_(known, known_there)
    mine_both, its_both = mine.filter(both).combine_chunks(), its.filter(both).combine_chunks()
    spelling = largest = 0
    if mine.type != its.type:
        differ = len(mine_both)
    else:
        unequal = _unequal(mine_both, its_both)
        one, other = mine_both.filter(unequal), its_both.filter(unequal)
        differ = len(one)
        if pa.types.is_string(mine.type):
            pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
            spelling = sum(_spelled(text) == _spelled(said) for text, said in pairs)
        elif pa.types.is_integer(mine.type) and differ:
            largest = _largest(one, other)
    return ValueAgreement(
        here, there, len(mine_both), differ, spelling, largest,
        _count(pc.and_not(known, known_there)), _count(pc.and_not(known_there, known)),
    )  # fmt: skip


def _unequal(one: pa.Array, other: pa.Array) -> pa.Array:
    if pa.types.is_list(one.type):
        pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
        return pa.array([sorted(mine) != sorted(its) for mine, its in pairs], pa.bool_())
    return pc.not_equal(one, other)


def _largest(one: pa.Array, other: pa.Array) -> int:
    """Return the largest difference of two columns; Python's integers hold that of any two of 64 bits."""
    first, second = one.to_numpy(zero_copy_only=False), other.to_numpy(zero_copy_only=False)
    place = int(np.argmax(np.abs(first.astype(np.float64) - second.astype(np.float64))))
    return abs(int(first[place]) - int(second[place]))


def _count(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags).as_py() or 0)


def _spelled(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not (unicodedata.combining(char) or char.isspace()))
