"""What was found of look-alikes, without what learns or judges."""

from dataclasses import dataclass
from typing import Final

from kohort.stats.intervals import Interval

SHARES: Final = (0.05, 0.1, 0.2)
"""The first so many of the others of whom quality is told."""


@dataclass(frozen=True)
class FirstOthers:
    """The first `share` of those outside the seed, by likeness.

    `recall` is which part of the hidden members stands as high, `lift` how many times as many as by lot, and `alike`
    which part of these first ones is like the seed: from 0, for nobody can tell, up to a bound.
    """

    share: float
    recall: Interval
    lift: Interval
    alike: Interval


@dataclass(frozen=True)
class LookalikeQuality:
    """How `members` of a seed, each hidden from the models that then ranked them, stand among the `others`.

    `area` is the AUC if all others were unlike, `corrected` with what may be hidden among them, `hidden` the share of
    the others who are like the seed, and `labelled` the share of all who are like it that the seed holds.
    `labelled_apart` is Elkan and Noto's estimate of the latter: the mean chance of hidden members, right where nobody
    is half alike, and too small otherwise.
    """

    members: int
    others: int
    first: tuple[FirstOthers, ...]
    area: Interval
    corrected: Interval
    hidden: Interval
    labelled: Interval
    labelled_apart: Interval

    @property
    def is_better_than_lot(self) -> bool:
        """Whether hidden members stand higher than drawing lots would put them, beyond chance."""
        return self.area.low > 0.5  # noqa: PLR2004 - a coin
