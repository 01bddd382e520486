"""Step functions of time, one a person: how they are held, read at any moment, and made from intervals."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments

People = NDArray[np.int64]
Positions = NDArray[np.int64]
Truth = NDArray[np.bool_]

FOREVER: Final = 2**63 - 1
"""The moment at which what never ends ends."""


@dataclass(frozen=True)
class Stretch:
    """The time from `since` on, where the state is told, to `until`; changes lie in (since, until]."""

    since: Moment
    until: Moment


class Ordered:
    """Rows in the order of people, then of moments, that can be counted up to any moment of any person.

    Persons and moments together exceed 64 bits, so that a moment's rank among the rows' moments stands for it.

    >>> rows = Ordered(np.array([0, 0, 1]), np.array([5, 9, 7]))
    >>> rows.upto(np.array([0, 0, 1]), np.array([5, 8, 6])).tolist(), rows.before(np.array([0]), np.array([5])).tolist()
    ([1, 1, 2], [0])
    """

    def __init__(self, people: NDArray[Any], moments: Moments) -> None:
        self._times = np.sort(moments)
        self._width = len(moments) + 1
        self._keys = people.astype(np.int64) * self._width + np.searchsorted(self._times, moments, side="right")

    def upto(self, people: NDArray[Any], moments: Moments) -> Positions:
        """Return for each person and moment how many rows come before: of earlier people, or up to the moment."""
        return self._count(people, np.searchsorted(self._times, moments, side="right"))

    def before(self, people: NDArray[Any], moments: Moments) -> Positions:
        """Return the same without the rows of the moment itself."""
        return self._count(people, np.searchsorted(self._times, moments, side="left"))

    def starts(self, people: NDArray[Any]) -> Positions:
        """Return the position of each person's first row."""
        return self._count(people, np.zeros(len(people), np.int64))

    def _count(self, people: NDArray[Any], ranks: Positions) -> Positions:
        return np.searchsorted(self._keys, people.astype(np.int64) * self._width + ranks, side="right")


@dataclass(frozen=True)
class Points:
    """Moments of people, each once, in the order of people and then of moments."""

    people: People
    moments: Moments

    @classmethod
    def of(cls, size: int, people: NDArray[Any], moments: Moments, stretch: Stretch) -> "Points":
        """Return those of the points that lie in the stretch, and its beginning for each of `size` people.

        >>> Points.of(2, np.array([1, 1]), np.array([7, 99]), Stretch(5, 10)).moments.tolist()
        [5, 5, 7]
        """
        inside = (moments > stretch.since) & (moments <= stretch.until)
        everybody = np.arange(size, dtype=np.int64)
        people = np.concatenate([everybody, people[inside].astype(np.int64)])
        moments = np.concatenate([np.full(size, stretch.since, np.int64), moments[inside]])
        order = np.lexsort((moments, people))
        people, moments = people[order], moments[order]
        new = np.ones(len(people), np.bool_)
        new[1:] = (people[1:] != people[:-1]) | (moments[1:] != moments[:-1])
        return cls(people[new], moments[new])


@dataclass(frozen=True)
class Course:
    """For each person a step function: `holds[i]` is the truth for `people[i]` from `moments[i]` to the next row.

    Rows stand in the order of people and moments; every person has one at the beginning of the stretch, and each
    further row is a change.

    >>> points = Points(np.array([0, 0, 0, 1]), np.array([0, 5, 9, 0]))
    >>> course = Course.of(points, np.array([False, True, True, True]))
    >>> course.moments.tolist(), course.at(np.array([0, 0, 1]), np.array([4, 6, 6])).tolist()
    ([0, 5, 0], [False, True, True])
    """

    people: People
    moments: Moments
    holds: Truth

    @classmethod
    def of(cls, points: Points, holds: Truth) -> "Course":
        """Return the course that has `holds` from each of `points` on."""
        new = np.ones(len(holds), np.bool_)
        new[1:] = (points.people[1:] != points.people[:-1]) | (holds[1:] != holds[:-1])
        return cls(points.people[new], points.moments[new], holds[new])

    @classmethod
    def of_intervals(
        cls, size: int, people: NDArray[Any], starts: Moments, ends: Moments, stretch: Stretch
    ) -> "Course":
        """Return the course that is true within any of the half-open intervals [start, end).

        >>> course = Course.of_intervals(1, np.array([0, 0]), np.array([3, 5]), np.array([6, 8]), Stretch(0, 9))
        >>> course.moments.tolist(), course.holds.tolist()
        ([0, 3, 8], [False, True, False])
        """
        some = (starts < ends) & (ends > stretch.since)
        begins = np.maximum(starts[some], stretch.since)
        everybody = np.arange(size, dtype=np.int64)
        people = np.concatenate([everybody, people[some].astype(np.int64), people[some].astype(np.int64)])
        moments = np.concatenate([np.full(size, stretch.since, np.int64), begins, ends[some]])
        steps = np.repeat([0, 1, -1], [size, len(begins), len(begins)])
        order = np.lexsort((moments, people))
        people, moments = people[order], moments[order]
        # Each person's steps add up to nothing, so that one running total serves all.
        running = np.cumsum(steps[order])
        last = np.ones(len(people), np.bool_)
        last[:-1] = (people[1:] != people[:-1]) | (moments[1:] != moments[:-1])
        last &= moments <= stretch.until
        return cls.of(Points(people[last], moments[last]), running[last] > 0)

    def at(self, people: NDArray[Any], moments: Moments) -> Truth:
        """Return the truth for people at moments of the stretch, shape (points,)."""
        return self.holds[self._ordered.upto(people, moments) - 1]

    def of_person(self, person: int) -> tuple[Moments, Truth]:
        """Return one person's moments and the truth from each on, the beginning of the stretch first."""
        low, high = np.searchsorted(self.people, [person, person + 1])
        return self.moments[low:high], self.holds[low:high]

    @cached_property
    def _ordered(self) -> Ordered:
        return Ordered(self.people, self.moments)
