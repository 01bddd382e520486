"""Which kernels run: compiled ones where the data are worth the wait for a compiler, else numpy's."""

from collections.abc import Collection
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import History, Moments, Places, Values
from kohort.engines.kernel.steps import Steps

WORTH_COMPILING: Final = 4_000_000
"""The number of rows from which on compiled kernels save more than the second that loading them costs."""

Chosen = NDArray[np.bool_] | None


class Kernels(Protocol):
    """The inner loops; `kohort.engines.kernel.numpy_kernels` says what each does."""

    def add_counts(self, people: Places, chosen: Chosen, counts: NDArray[Any]) -> None: ...  # noqa: D102
    def add_totals(self, people: Places, values: Values, chosen: Chosen, totals: Moments) -> None: ...  # noqa: D102
    def take_greatest(self, people: Places, values: Values, chosen: Chosen, greatest: Moments) -> None: ...  # noqa: D102
    def put(self, people: Places, values: Values, into: Moments) -> None: ...  # noqa: D102
    def take_first(self, people: Places, chosen: Chosen, start: int, rows: Places) -> None: ...  # noqa: D102
    def take_last(self, people: Places, chosen: Chosen, start: int, rows: Places) -> None: ...  # noqa: D102
    def within(self, values: Values, bounds: Values) -> NDArray[np.uint8]: ...  # noqa: D102
    def did_steps(self, steps: Steps, at: int, size: int) -> NDArray[np.bool_]: ...  # noqa: D102


def kernels_for(history: History, events: Collection[str]) -> Kernels:
    """Return compiled kernels if there are many rows of `events`, and their compiler is installed; else numpy's."""
    read = (block.events[name] for block in history.blocks for name in events if name in block.events)
    return compiled_kernels() if sum(len(rows.people) for rows in read) >= WORTH_COMPILING else plain_kernels()


def plain_kernels() -> Kernels:
    """Return the kernels in numpy."""
    from kohort.engines.kernel import numpy_kernels  # noqa: PLC0415 - it declares itself by these protocols

    return numpy_kernels


def compiled_kernels() -> Kernels:
    """Return the kernels that numba compiles; those in numpy, about three times slower, where it is not installed."""
    try:
        from kohort.engines.kernel import numba_kernels  # noqa: PLC0415 - a compiler takes a second to load
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return plain_kernels()
    return numba_kernels
