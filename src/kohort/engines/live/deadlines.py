"""An ordered queue of what time alone will change."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment

Lines = NDArray[np.int64]
"""What is to come, one a row: its moment, and whatever else is to be known of it."""

_FEW: Final = 2**13


@dataclass
class _Run:
    """Rows in the order of time, of which those before `next` are done."""

    lines: Lines
    next: int = 0

    def __len__(self) -> int:
        return len(self.lines) - self.next


class Deadlines:
    """What is to come, until its moment.

    Kept as a few runs in the order of time, each at least twice as long as the next, so that what is added is
    moved few times (O'Neil et al., The Log-Structured Merge-Tree, 1996). What is far ahead is not put in order before
    there is much of it.

    >>> queue = Deadlines(2)
    >>> queue.add(np.array([[9, 1], [5, 2]]))
    >>> queue.until(5).tolist(), queue.until(5).tolist(), queue.until(9).tolist()
    ([[5, 2]], [], [[9, 1]])
    """

    def __init__(self, columns: int) -> None:
        self._nothing: Lines = np.zeros((0, columns), np.int64)
        self._runs: list[_Run] = []
        self._waiting: list[Lines] = []
        self._size, self._earliest = 0, 2**63 - 1

    def add(self, lines: Lines) -> None:
        """Take in rows, in any order."""
        if not len(lines):
            return
        self._waiting.append(lines)
        self._size += len(lines)
        self._earliest = min(self._earliest, int(lines[:, 0].min()))
        if self._size > _FEW:
            self._settle()

    def until(self, now: Moment) -> Lines:
        """Take out the rows up to `now`, itself included; those of one moment in no order."""
        if self._earliest <= now:
            self._settle()
        found = list[Lines]()
        for run in self._runs:
            if run.lines[run.next, 0] <= now:
                end = int(np.searchsorted(run.lines[:, 0], now, side="right"))
                found.append(run.lines[run.next : end])
                run.next = end
        if not found:
            return self._nothing
        self._runs = [run for run in self._runs if len(run)]
        return found[0] if len(found) == 1 else _in_time(found)

    def _settle(self) -> None:
        """Put what waits in order, as a run."""
        self._runs.append(_Run(_in_time(self._waiting)))
        self._waiting, self._size, self._earliest = [], 0, 2**63 - 1
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(_Run(_in_time([before.lines[before.next :], last.lines[last.next :]])))


def _in_time(parts: list[Lines]) -> Lines:
    lines = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return lines.take(np.argsort(lines[:, 0], kind="stable"), axis=0)
