"""Which rows make one event together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.collection.typed_rows import NO_FAULT, Check, TypedRows
from kohort.definitions.source import SourceDefinition

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """`codes` (int64): the group of each row, from 0; `firsts` (int64): the position of each group's first row."""

    codes: Positions
    firsts: Positions

    @classmethod
    def of_rows(cls, count: int) -> "Groups":
        """Return `count` rows that are each a group of their own.

        >>> Groups.of_rows(2).firsts
        array([0, 1])
        """
        return cls(np.arange(count), np.arange(count))

    @classmethod
    def by_keys(cls, keys: Sequence[pa.Array]) -> "Groups":
        """Return rows grouped by equal keys; a row that lacks a key is a group of its own.

        >>> Groups.by_keys([pa.array(["a", None, "b", "a", None])]).codes
        array([0, 2, 1, 0, 3])
        """
        codes, *others = (_codes(key) for key in keys)
        for other in others:
            lacking = (codes < 0) | (other < 0)
            codes = _codes(pa.array(codes * (other.max(initial=0) + 1) + other, mask=lacking))
        keyless = np.flatnonzero(codes < 0)
        codes[keyless] = codes.max(initial=-1) + 1 + np.arange(len(keyless))
        firsts = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
        firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # written from the last row to the first: the first stays
        return cls(codes, firsts)

    def members(self, chosen: Positions) -> list[Positions]:
        """Return the positions of the rows of each chosen group, both in ascending order.

        >>> Groups.by_keys([pa.array(["a", "b", "a"])]).members(np.array([0]))
        [array([0, 2])]
        """
        rows = np.flatnonzero(np.isin(self.codes, chosen))
        rows = rows[np.argsort(self.codes[rows], kind="stable")]
        ends = np.flatnonzero(np.diff(self.codes[rows])) + 1
        return np.split(rows, ends)


def check_people(typed: TypedRows, groups: Groups, source: SourceDefinition) -> TypedRows:
    """Return `typed` with a fault for each row that names another person than the first row of its group."""
    faults, checks = typed.faults.copy(), list(typed.checks)
    for column, ids in ((source.user_id, typed.user_id), (source.anonymous_id, typed.anonymous_id)):
        people = _codes(ids)
        other = (faults == NO_FAULT) & (people != people[groups.firsts[groups.codes]])
        faults[other] = len(checks)
        checks.append(Check(column, "the same person in all rows of the group"))
    return replace(typed, faults=faults, checks=tuple(checks))


def _codes(values: pa.Array) -> Positions:
    """Return a number for each distinct value, in the order of appearance, -1 where missing."""
    codes = pc.fill_null(values.dictionary_encode().indices, -1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)
