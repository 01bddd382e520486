"""An ordered queue of what time alone will change."""

from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.engines.columns import Moments
from kohort.engines.live.flips import Flips


@dataclass
class _Run:
    """Flips in the order of time with the stamp of each, of which those before `next` are done."""

    flips: Flips
    stamps: np.typing.NDArray[np.int32]
    next: int = 0

    def __len__(self) -> int:
        return len(self.stamps) - self.next


class Deadlines:
    """Flips to come, each under the stamp that it was foreseen with: whoever takes it decides if that still counts.

    Kept as a few runs in the order of time, each at least twice as long as the next, so that what is added is
    moved few times (O'Neil et al., The Log-Structured Merge-Tree, 1996).

    >>> queue = Deadlines()
    >>> one = np.zeros(2, np.int32)
    >>> queue.add(Flips(np.array([9, 5]), one, one, one > 0, one.astype(np.int8)), one)
    >>> queue.until(5)[0].moments.tolist(), len(queue)
    ([5], 1)
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def add(self, flips: Flips, stamps: np.typing.NDArray[np.int32]) -> None:
        """Take in flips, in any order."""
        if not len(stamps):
            return
        order = np.argsort(flips.moments, kind="stable")
        self._runs.append(_Run(flips.of(order), stamps[order]))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last, before = self._runs.pop(), self._runs.pop()
            both = Flips.joined([before.flips.of(slice(before.next, None)), last.flips.of(slice(last.next, None))])
            order = np.argsort(both.moments, kind="stable")
            stamps = np.concatenate([before.stamps[before.next :], last.stamps[last.next :]])
            self._runs.append(_Run(both.of(order), stamps[order]))

    def count(self, moments: Moments) -> np.typing.NDArray[np.int64]:
        """Return how many flips there are up to each of some moments."""
        found = np.zeros(len(moments), np.int64)
        for run in self._runs:
            found += np.searchsorted(run.flips.moments, moments, side="right") - run.next
        return found

    def until(self, now: Moment) -> tuple[Flips, np.typing.NDArray[np.int32]]:
        """Take out the flips up to `now`, itself included, with their stamps."""
        found = []
        for run in self._runs:
            end = int(np.searchsorted(run.flips.moments, now, side="right"))
            if end > run.next:
                found.append((run.flips.of(slice(run.next, end)), run.stamps[run.next : end]))
                run.next = end
        self._runs = [run for run in self._runs if len(run)]
        stamps = [np.zeros(0, np.int32), *(stamps for _, stamps in found)]
        return Flips.joined([flips for flips, _ in found]), np.concatenate(stamps)
