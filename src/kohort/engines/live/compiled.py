"""Loops that numba compiles where it is installed, and that Python runs as they stand where it is not."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Whole = int | np.integer[Any]
"""A whole number of the loops, of whatever size."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function, *, inline: bool = False) -> _Function:
    """Return `function` compiled for the types it is called with, kept in the user's cache folder.

    >>> import numpy as np
    >>> from kohort.engines.live.loops import is_set
    >>> is_set(np.uint8([[0b10]]), 0, 1)
    True
    """
    try:
        from kohort.engines.kernel import numba_kernels  # noqa: PLC0415 - a compiler takes a second to load
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return function
    return numba_kernels.compiled(function, inline=inline)


_Asking = Callable[[NDArray[Any], Whole, Whole], None]


def _asking() -> _Asking:
    try:
        from kohort.engines.kernel.numba_prefetch import ask_for  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return lambda _array, _row, _offset: None
    return cast("_Asking", ask_for)


ask_for = _asking()
"""Ask for memory that is read soon, by an array, its row and how many bytes further on, without waiting for it.

Most of the time of a loop over everybody would go by in waiting, one time after another. There need be no such place.
"""


def inlined(function: _Function) -> _Function:
    """Return `function` compiled anew into each that calls it, for what is called at every step: calls are dear."""
    return compiled(function, inline=True)
