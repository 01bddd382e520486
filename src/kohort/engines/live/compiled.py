"""Loops that numba compiles where it is installed, and that Python runs as they stand where it is not."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Return `function` compiled for the types it is called with, kept in the user's cache folder.

    >>> import numpy as np
    >>> from kohort.engines.live.loops import is_set
    >>> is_set(np.uint8([[0b10]]), 0, 1)
    True
    """
    try:
        import numba  # noqa: PLC0415 - a compiler takes a second to load

        from kohort.engines.kernel import numba_kernels  # noqa: F401, PLC0415 - it says where compiled code is kept
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return function
    return cast("_Function", numba.njit(nogil=True, cache=True)(function))
