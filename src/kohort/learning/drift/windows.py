"""Which windows a window is compared with: quiet ones when the model learnt, or the same season of the year before."""

from dataclasses import dataclass

import numpy as np

from kohort.errors import UsageError
from kohort.learning.drift.alarm import Compared
from kohort.stats.divergences import Counts


@dataclass(frozen=True)
class Calendar:
    """Windows of equal length, numbered in time: those from `first` to `learnt`, when the model learnt, are quiet.

    With a `season` of so many windows (12 of a month, 52 of a week) each window is compared with the one a season
    before, so that what comes back every year is no drift; without, with all quiet ones together.
    """

    learnt: int
    season: int = 0
    first: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.learnt or self.season < 0:
            raise UsageError(
                f"windows count from {self.first}, the model learnt from {self.learnt}, a season has {self.season}: "
                "none is below 0, and the first is not after the one learnt from"
            )

    @property
    def quiet(self) -> range:
        """The windows in which nothing has happened, as far as the model knows."""
        return range(self.first, self.learnt + 1)

    def reference(self, window: int) -> tuple[int, ...]:
        """Return the windows to compare one with, others than itself; none where they are too long ago to be known.

        >>> Calendar(learnt=11, season=12).reference(14), Calendar(learnt=11, season=12).reference(11)
        ((2,), ())
        >>> Calendar(learnt=2).reference(5), Calendar(learnt=2).reference(1)
        ((0, 1, 2), (0, 2))
        """
        others = [window - self.season] if self.season else self.quiet
        return tuple(one for one in others if one >= self.first and one != window)


def compared(counts: Counts, window: int, calendar: Calendar) -> Compared | None:
    """Return what to compare one window by, of a feature's people by window and bin: shape (windows, bins).

    Quiet windows are compared in the same way, to tell what they differ by. None where nothing is to compare with, or
    a window has nobody.

    >>> compared(np.array([[5, 5], [6, 4], [1, 9]]), 2, Calendar(learnt=1)).reference.tolist()
    [11, 9]
    """
    reference = counts[list(calendar.reference(window))].sum(axis=0)
    if not reference.sum() or not counts[window].sum():
        return None
    pairs = [(counts[list(calendar.reference(one))].sum(axis=0), counts[one]) for one in calendar.quiet]
    pairs = [(before, after) for before, after in pairs if before.sum() and after.sum()]
    shape = (-1, counts.shape[1])
    before, after = (np.array([pair[side] for pair in pairs], dtype=np.int64).reshape(shape) for side in (0, 1))
    return Compared(reference, counts[window], before, after)
