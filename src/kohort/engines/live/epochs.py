"""The numbers of the population over time: which statistics are in force from which moment on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kohort.clock import Moment
from kohort.engines.plan import Plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.errors import UsageError


@dataclass(frozen=True)
class Epoch:
    """Statistics and the moment from which on they are in force."""

    since: Moment
    statistics: Statistics


def in_force(epochs: Sequence[Epoch], at: Moment) -> Statistics:
    """Return what is in force at the end of `epochs`, of which each keeps the numbers of the one before that it lacks.

    Raises UsageError unless they stand in the order of time and have all begun by the moment `at`.

    >>> in_force([Epoch(5, Statistics())], at=9)
    Statistics(by_key={})
    """
    moments = [*(one.since for one in epochs), at]
    for before, after in pairwise(moments):
        if after < before:
            raise UsageError(f"an epoch of {before} stands before {after}; give epochs in the order of time, up to now")
    return Statistics({key: one for epoch in epochs for key, one in epoch.statistics.by_key.items()})


class Epochs:
    """The epochs so far; the first reaches back to the beginning.

    `complete` has every number that `plan` needs, for terms that no epoch knows. A term that later epochs know and
    earlier ones do not has in these the number of the first that does.

    >>> from kohort.engines.plan import build_plan
    >>> from kohort.rules.catalog import Catalog
    >>> epochs = Epochs([Epoch(5, Statistics()), Epoch(9, Statistics())], build_plan({}, Catalog()), Statistics())
    >>> [(stretch.since, stretch.until) for stretch, _ in epochs.between(0, 20)]  # both are the same
    [(0, 20)]
    """

    def __init__(self, epochs: Sequence[Epoch], plan: Plan, complete: Statistics) -> None:
        self._plan = plan
        first = dict(complete.by_key)
        for epoch in reversed(epochs):
            first |= plan.known(epoch.statistics).by_key
        self._epochs = [Epoch(epochs[0].since, Statistics(first))]
        for epoch in epochs:
            self.add(epoch)

    @property
    def all(self) -> tuple[Epoch, ...]:
        """The epochs, in the order of time, each with every number."""
        return tuple(self._epochs)

    @property
    def statistics(self) -> Statistics:
        """The statistics in force."""
        return self._epochs[-1].statistics

    def add(self, epoch: Epoch) -> None:
        """Take in the next one; what it lacks stays as it is."""
        by_key = {**self.statistics.by_key, **self._plan.known(epoch.statistics).by_key}
        if by_key == self.statistics.by_key:
            return  # it goes on
        if epoch.since == self._epochs[-1].since:
            self._epochs.pop()
        self._epochs.append(Epoch(epoch.since, Statistics(by_key)))

    def between(self, since: Moment, until: Moment) -> Iterator[tuple[Stretch, Statistics]]:
        """Yield the stretches of time from `since` to `until` with the statistics in force in each."""
        ends = [one.since - 1 for one in self._epochs[1:]]
        for place, (epoch, end) in enumerate(zip(self._epochs, [*ends, until], strict=True)):
            begin = since if place == 0 else max(since, epoch.since)
            if begin <= min(end, until):
                yield Stretch(begin, min(end, until)), epoch.statistics
