"""Loops over everybody ask for memory before they read it."""

import numba
import numpy as np
from numpy.typing import NDArray

from kohort.engines.live.compiled import ask_for


def test_memory_is_asked_for_and_nothing_else_happens() -> None:
    """Even where there is none: what is asked for may lie outside of an array."""

    @numba.njit
    def read(rows: NDArray[np.int64], row: int) -> int:
        ask_for(rows, row + 1, 8)
        return int(rows[row, 1])

    assert read(np.arange(6).reshape(3, 2), 1) == 3
    assert read(np.arange(6).reshape(3, 2), 2) == 5
    (text,) = read.inspect_llvm().values()
    assert "llvm.prefetch" in text
