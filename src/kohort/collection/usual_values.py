"""The values of events whose properties have the same names, made columns of one type each."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.collection.message_columns import PLAIN_FIELDS, Alike
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import MICRO, ValueType

_LARGEST_INTEGER: Final = 9 * 10**12
_LARGEST_SCALED: Final = 2.0**45
"""In micros: above it a binary fraction may not tell which micro the written number is nearest to."""
_NEARLY_HALF: Final = 0.49
_TYPES: Final = {str: ValueType.TEXT, bool: ValueType.BOOLEAN, int: ValueType.NUMBER, float: ValueType.NUMBER}


class Group(NamedTuple):
    """Events with the same names of properties: the number of each one's key, its place, and each property's values.

    An empty key is none: such events are not read here.
    """

    keys: Sequence[str]
    numbers: NDArray[np.int64]
    places: NDArray[np.int64]
    columns: Mapping[str, Sequence[Any]]


def typed(group: Group, plan: TrackingPlan) -> Iterator[Alike]:
    """Yield those with values of the same types, but those of another type than declared, and numbers not surely exact.

    >>> plan, values = TrackingPlan(), {"a": ["x", 0.1, 10**30], "b": [None, 1, 2]}
    >>> group = Group(["seen"], np.array([0, 0, 0]), np.array([3, 4, 5]), values)
    >>> [(one.places.tolist(), [(str(kind), name) for kind, name, _ in one.columns]) for one in typed(group, plan)]
    [([3], [('text', 'a')]), ([4], [('number', 'a'), ('number', 'b')])]
    """
    found = {name: {_TYPES.get(one) for one in set(map(type, values))} for name, values in group.columns.items()}
    mixed = [name for name, kinds in found.items() if len(kinds) > 1]
    if mixed:
        signatures = zip(*([_TYPES.get(type(one)) for one in group.columns[name]] for name in mixed), strict=True)
        parts: dict[tuple[ValueType | None, ...], list[int]] = {}
        for row, signature in enumerate(signatures):
            parts.setdefault(signature, []).append(row)
        for part in parts.values():
            its = {name: [values[row] for row in part] for name, values in group.columns.items()}
            yield from typed(Group(group.keys, group.numbers[part], group.places[part], its), plan)
        return
    kinds = {name: kind for name, (kind,) in found.items() if kind is not None}
    right, columns = _exact(group, kinds)
    present, own = np.unique(group.numbers, return_inverse=True)
    for number, rows in zip(present.tolist(), places_of(own, len(present)), strict=True):
        key, exact = group.keys[number], rows[right[rows]]
        if len(exact) and key and _is_as_declared(key, kinds, plan):
            taken = pa.array(exact)
            yield Alike(key, group.places[exact], [(kind, name, values.take(taken)) for kind, name, values in columns])


def places_of(numbers: NDArray[np.int64], count: int) -> Iterator[NDArray[np.int64]]:
    """Yield where each of the numbers from 0 stands, in order.

    >>> [places.tolist() for places in places_of(np.array([1, 0, 1]), 3)]
    [[1], [0, 2], []]
    """
    order, ends = np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers, minlength=count)).tolist()
    for start, end in pairwise([0, *ends]):
        yield order[start:end]


def _is_as_declared(key: str, kinds: Mapping[str, ValueType], plan: TrackingPlan) -> bool:
    declared = plan.types_of(key)
    return all(kinds.get(name, kind) is kind for name, kind in declared.items()) and all(
        name in kinds for name in plan.required_of(key)
    )


def _exact(
    group: Group, kinds: Mapping[str, ValueType]
) -> tuple[NDArray[np.bool_], list[tuple[ValueType, str, pa.Array]]]:
    """Return of which events all values are surely exact, and the values of all."""
    right = np.ones(len(group.places), np.bool_)
    columns: list[tuple[ValueType, str, pa.Array]] = []
    for kind in PLAIN_FIELDS:
        for name in [name for name, one in kinds.items() if one is kind]:
            values = group.columns[name]
            if kind is ValueType.NUMBER:
                micros, sure = _micros(values)
                right &= sure
                columns.append((kind, name, pa.array(micros)))
            else:
                columns.append((kind, name, pa.array(values, pa.string() if kind is ValueType.TEXT else pa.bool_())))
    return right, columns


def _micros(values: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return numbers as micros, and of which that is sure."""
    try:
        if set(map(type, values)) == {int}:
            whole = np.array(values, np.int64)
            sure = (whole < _LARGEST_INTEGER) & (whole > -_LARGEST_INTEGER)
            return np.where(sure, whole, 0) * MICRO, sure
        scaled = np.array(values, np.float64) * MICRO
    except OverflowError:
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    nearest = np.rint(scaled)
    sure = (np.abs(scaled) < _LARGEST_SCALED) & (np.abs(scaled - nearest) < _NEARLY_HALF)
    return np.where(sure, nearest, 0).astype(np.int64), sure
