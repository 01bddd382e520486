"""When a sequence holds: each way to do it is true from the moment it is complete until its first step leaves.

For every event it is enough to look at the latest event before it that ended the steps so far: whatever an earlier one
allows, the latest allows too, and it began no earlier, so that it leaves no earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments
from kohort.engines.timelines.courses import Course, Ordered, Truth
from kohort.engines.timelines.spans import Spans, spans_of
from kohort.engines.timelines.values import Sources
from kohort.rules.nodes import Sequence, Step
from kohort.rules.windows import Calendar, Named


@dataclass(frozen=True)
class _Ends:
    """Events that end the steps so far, in the order of people and time, and the latest beginning of each."""

    people: NDArray[Any]
    ts: Moments
    begun: Moments
    enter: Moments
    leave: Moments

    def of(self, people: NDArray[Any], ts: Moments, places: NDArray[Any]) -> "_Ends":
        return _Ends(people, ts, self.begun[places], self.enter[places], self.leave[places])


def sequence_course(sequence: Sequence, sources: Sources) -> Course:
    """Return for each person when `sequence` holds."""
    first = sequence.steps[0]
    begins = spans_of(
        sources.rows(first.event), (first.event, first.where), sequence.window, (), sources.context, sources.stretch
    )
    steps = {step: Steps.of(step, sources) for step in sequence.steps[1:]}
    found = [_intervals(sequence, some, steps) for some in _beginnings(begins, sequence)]
    people, starts, ends = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return Course.of_intervals(sources.block.size, people, starts, ends, sources.stretch)


@dataclass(frozen=True)
class Steps:
    """The events that a step means, in the order of people and time."""

    people: NDArray[Any]
    ts: Moments
    ordered: Ordered

    @classmethod
    def of(cls, step: Step, sources: Sources) -> "Steps":
        """Find the events of a step."""
        rows = spans_of(
            sources.rows(step.event), (step.event, step.where), None, (), sources.context, sources.stretch
        ).rows
        return cls(rows.people, rows.ts, Ordered(rows.people, rows.ts))

    def between(self, ends: _Ends, last: NDArray[Any], people: NDArray[Any], ts: Moments) -> Truth:
        """Return whether one of these events lies strictly between the ends at `last` and the moments `ts`."""
        before = self.ordered.before(people, ts)
        return self.ordered.upto(people, ends.ts[last]) < before

    def within(self, ends: _Ends, length: int) -> Truth:
        """Return whether one of these events lies in (end, end + length]."""
        after = self.ordered.upto(ends.people, ends.ts)
        return self.ordered.upto(ends.people, ends.ts + length) > after


def _beginnings(begins: Spans, sequence: Sequence) -> Iterator[_Ends]:
    """Yield the first events: all at once, or, where the latest is not always the one that counts, day by day."""
    rows = begins.rows
    ends = _Ends(rows.people, rows.ts, rows.ts, begins.enter, begins.leave)
    if sequence.window != Calendar(Named.YESTERDAY):
        yield ends
        return
    yield _chosen(ends, np.zeros(len(ends.ts), np.bool_))
    for enter in np.unique(ends.enter):
        yield _chosen(ends, ends.enter == enter)


def _chosen(ends: _Ends, chosen: Truth) -> _Ends:
    return ends.of(ends.people[chosen], ends.ts[chosen], np.flatnonzero(chosen))


def _intervals(sequence: Sequence, ends: _Ends, steps: dict[Step, Steps]) -> tuple[NDArray[Any], Moments, Moments]:
    absent: list[Step] = []
    for step in sequence.steps[1:]:
        if step.negated:
            absent.append(step)
        else:
            ends = _next(sequence, ends, step, [steps[one] for one in absent], steps[step])
            absent = []
    starts = np.maximum(ends.ts, ends.enter)
    undone = np.zeros(len(ends.ts), np.bool_)
    for step in absent:
        length = 0 if step.within is None else step.within.length
        undone |= steps[step].within(ends, length)
        starts = np.maximum(starts, ends.ts + length)
    return ends.people[~undone], starts[~undone], ends.leave[~undone]


def _next(sequence: Sequence, ends: _Ends, step: Step, absent: list[Steps], done: Steps) -> _Ends:
    """Return the events of `done` that go on from one of `ends`."""
    ordered = Ordered(ends.people, ends.ts)
    after = ordered.before(done.people, done.ts)
    some = np.flatnonzero(after > ordered.starts(done.people))
    people, ts, last = done.people[some], done.ts[some], after[some] - 1
    goes_on = np.ones(len(some), np.bool_)
    if step.within is not None:
        goes_on &= ts - ends.ts[last] <= step.within.length
    if sequence.limit is not None:
        goes_on &= ts - ends.begun[last] <= sequence.limit.length
    for one in absent:
        goes_on &= ~one.between(ends, last, people, ts)
    return ends.of(people[goes_on], ts[goes_on], last[goes_on])
