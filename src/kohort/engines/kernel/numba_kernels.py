"""The kernels compiled by numba; `kohort.engines.kernel.numpy_kernels` says what each does.

They are compiled for this machine when first used, a few seconds once, and kept in the user's cache folder. They
release the interpreter's lock while they run.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, NO_CODE, Moments, Places, Values
from kohort.engines.kernel import numpy_kernels
from kohort.engines.kernel.steps import Steps
from kohort.engines.plan import Bits

Chosen = NDArray[np.bool_] | None

# Set before anything is compiled: by default numba writes beside the source, which an installation may not allow.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kohort" / "kernels"
vars(numba.config).update(CACHE_DIR=os.environ.get("NUMBA_CACHE_DIR") or str(_CACHE))
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    return cast("_Function", numba.njit(nogil=True, cache=True)(function))


def add_counts(people: Places, chosen: Chosen, counts: NDArray[Any]) -> None:
    """See `numpy_kernels.add_counts`."""
    if chosen is None:
        _count(people, counts)
    else:
        _count_chosen(people, chosen, counts)


def add_totals(people: Places, values: Values, chosen: Chosen, totals: Moments) -> None:
    """See `numpy_kernels.add_totals`."""
    if chosen is None:
        _total(people, values, totals)
    else:
        _total_chosen(people, values, chosen, totals)


def take_greatest(people: Places, values: Values, chosen: Chosen, greatest: Moments) -> None:
    """See `numpy_kernels.take_greatest`."""
    _greatest(people, values if chosen is None else np.where(chosen, values, MISSING), greatest)


def take_first(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_first`."""
    _first(people, _all(people) if chosen is None else chosen, start, rows)


def take_last(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_last`."""
    _last(people, _all(people) if chosen is None else chosen, start, rows)


def within(values: Values, low: int, high: int) -> Bits:
    """See `numpy_kernels.within`: numpy's own loops are as fast here as any."""
    return numpy_kernels.within(values, low, high)


def did_steps(steps: Steps, at: int, size: int) -> NDArray[np.bool_]:
    """See `numpy_kernels.did_steps`."""
    return numpy_kernels.did_steps(steps, at, size)


def _all(people: Places) -> NDArray[np.bool_]:
    return np.ones(len(people), np.bool_)


@_compiled
def _count(people: Places, counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += 1


@_compiled
def _count_chosen(people: Places, chosen: NDArray[np.bool_], counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += chosen[row]


@_compiled
def _total(people: Places, values: Values, totals: Moments) -> None:
    for row in range(len(people)):
        if values[row] != MISSING:
            totals[people[row]] += values[row]


@_compiled
def _total_chosen(people: Places, values: Values, chosen: NDArray[np.bool_], totals: Moments) -> None:
    for row in range(len(people)):
        if chosen[row] and values[row] != MISSING:
            totals[people[row]] += values[row]


@_compiled
def _greatest(people: Places, values: Values, greatest: Moments) -> None:
    for row in range(len(people)):
        greatest[people[row]] = max(greatest[people[row]], values[row])


@_compiled
def _first(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row]:
            rows[people[row]] = start + row


@_compiled
def _last(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row] and rows[people[row]] == NO_CODE:
            rows[people[row]] = start + row
