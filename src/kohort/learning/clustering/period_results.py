"""What following clusters finds of a period: what became of each, and how far it has moved."""

from dataclasses import dataclass
from enum import StrEnum

from kohort.stats.intervals import Interval


@dataclass(frozen=True)
class Shift:
    """How far one measure has moved from the first period.

    `kind` is "centre" (in the first period's standard deviations), "spread" (log ratio of standard deviations) or
    "correlation" (difference of r). `cluster` is None where it is of everybody; `other` is the second feature of a
    correlation. `p_value` is adjusted by Holm for all that was looked at; `found` says that it is below the level and
    the shift at least the smallest that matters.
    """

    kind: str
    cluster: int | None
    feature: str
    other: str | None
    change: Interval
    p_value: float
    found: bool


class Fate(StrEnum):
    """What became of a cluster; one that *moved* is the same beyond the reach of the model that knew it."""

    PERSISTS = "persists"
    SPLIT = "split"
    MERGED = "merged"
    DISSOLVED = "dissolved"
    MOVED = "moved"


@dataclass(frozen=True)
class ClusterFate:
    """What became of a cluster of the first period: `into` are the later clusters that its people are in.

    `jaccard` is the similarity of its people, as the first model gives them, with those of its partner among the
    clusters sought again; `low` and `high` are quantiles of people drawn again.
    """

    cluster: int
    fate: Fate
    into: tuple[int, ...]
    jaccard: Interval


@dataclass(frozen=True)
class PeriodFound:
    """One later period.

    `shares` tells how many people the first model gives each of its clusters, `stayed` how many of those who were in
    it in the first period and are still there have stayed (None where nobody was). `k` is the number of clusters that
    hold in the period, `fates` what became of those of the first, `appeared` the later clusters whose people were not
    there before. `shifts` tells how far centres, spreads and correlations have moved.
    """

    name: str
    people: int
    k: int
    shares: tuple[Interval, ...]
    stayed: tuple[Interval | None, ...]
    fates: tuple[ClusterFate, ...]
    appeared: tuple[int, ...]
    shifts: tuple[Shift, ...]

    @property
    def drifted(self) -> tuple[int, ...]:
        """The clusters of the first period that do not persist as they were."""
        changed = {one.cluster for one in self.fates if one.fate is not Fate.PERSISTS}
        return tuple(sorted(changed | {one.cluster for one in self.shifts if one.found and one.cluster is not None}))

    @property
    def silent(self) -> bool:
        """Whether nothing has changed: no cluster, no correlation, and nobody new."""
        return not (self.drifted or self.appeared or any(one.found for one in self.shifts))
