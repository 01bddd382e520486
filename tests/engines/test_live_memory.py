"""Loops over everybody ask for memory before they read it, and are compiled anew when anything changes."""

from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from kohort.engines.kernel.numba_kernels import digest_of
from kohort.engines.live.compiled import ask_for


def read(rows: NDArray[np.int64], row: int) -> int:
    """Return a value of a row, having asked for that of the next."""
    ask_for(rows, row + 1, 8)
    return int(rows[row, 1])


def test_memory_is_asked_for_and_nothing_else_happens() -> None:
    """Even where there is none: what is asked for may lie outside of an array."""
    compiled: Any = numba.njit(read)
    rows = np.arange(6).reshape(3, 2)
    assert [compiled(rows, row) for row in range(3)] == [1, 3, 5]
    (text,) = compiled.inspect_llvm().values()
    assert "llvm.prefetch" in text


def test_what_was_compiled_is_not_used_when_what_is_inlined_into_it_has_changed(tmp_path: Path) -> None:
    for name in ("columns", "kernel/one", "live/inner", "live/outer"):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    before = digest_of(tmp_path)
    (tmp_path / "live/inner.py").write_text("changed")
    assert digest_of(tmp_path) != before
