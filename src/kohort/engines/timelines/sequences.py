"""When a sequence holds: each way to do it is true from the moment it is complete until its first step leaves.

For every event it is enough to look at the latest event before it that ended the steps so far: whatever an earlier one
allows, the latest allows too, and it began no earlier, so that it leaves no earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
class Ways:
    """Ways to do a sequence, so far: each by the moments of its steps, in the order of people and of the last step.

    A way counts from `enter`, and no more from `leave` on, as the window of its first step says.
    """

    people: NDArray[Any]
    steps: tuple[Moments, ...]
    enter: Moments
    leave: Moments

    @property
    def begun(self) -> Moments:
        """The moments of the first step."""
        return self.steps[0]

    @property
    def ended(self) -> Moments:
        """The moments of the last step so far."""
        return self.steps[-1]

    def of(self, places: NDArray[Any]) -> "Ways":
        """Return the ways at `places`."""
        steps = tuple(one[places] for one in self.steps)
        return Ways(self.people[places], steps, self.enter[places], self.leave[places])


def sequence_course(sequence: Sequence, sources: Sources) -> Course:
    """Return for each person when `sequence` holds."""
    ways = sequence_ways(sequence, sources)
    return Course.of_intervals(sources.block.size, ways.people, ways.enter, ways.leave, sources.stretch)


def sequence_ways(sequence: Sequence, sources: Sources) -> Ways:
    """Return the ways to do `sequence` that matter, from when (included) to when (excluded) each makes it true."""
    first = sequence.steps[0]
    begins = spans_of(
        sources.rows(first.event), (first.event, first.where), sequence.window, (), sources.context, sources.stretch
    )
    steps = {step: Steps.of(step, sources) for step in sequence.steps[1:]}
    found = [_completed(sequence, some, steps) for some in _beginnings(begins, sequence)]
    return Ways(
        np.concatenate([one.people for one in found]),
        tuple(np.concatenate(moments) for moments in zip(*(one.steps for one in found), strict=True)),
        np.concatenate([one.enter for one in found]),
        np.concatenate([one.leave for one in found]),
    )


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

    def between(self, ways: Ways, last: NDArray[Any], people: NDArray[Any], ts: Moments) -> Truth:
        """Return whether one of these events lies strictly between the ends of ways at `last` and the moments `ts`."""
        before = self.ordered.before(people, ts)
        return self.ordered.upto(people, ways.ended[last]) < before

    def within(self, ways: Ways, length: int) -> Truth:
        """Return whether one of these events lies in (end, end + length] of each way."""
        after = self.ordered.upto(ways.people, ways.ended)
        return self.ordered.upto(ways.people, ways.ended + length) > after


def _beginnings(begins: Spans, sequence: Sequence) -> Iterator[Ways]:
    """Yield the first events: all at once, or, where the latest is not always the one that counts, day by day."""
    ways = Ways(begins.rows.people, (begins.rows.ts,), begins.enter, begins.leave)
    if sequence.window != Calendar(Named.YESTERDAY):
        yield ways
        return
    yield ways.of(np.zeros(0, np.int64))
    for enter in np.unique(ways.enter):
        yield ways.of(np.flatnonzero(ways.enter == enter))


def _completed(sequence: Sequence, ways: Ways, steps: dict[Step, Steps]) -> Ways:
    absent: list[Step] = []
    for step in sequence.steps[1:]:
        if step.negated:
            absent.append(step)
        else:
            ways = _next(sequence, ways, step, [steps[one] for one in absent], steps[step])
            absent = []
    enter = np.maximum(ways.ended, ways.enter)
    undone = np.zeros(len(enter), np.bool_)
    for step in absent:
        length = 0 if step.within is None else step.within.length
        undone |= steps[step].within(ways, length)
        enter = np.maximum(enter, ways.ended + length)
    return replace(ways, enter=enter).of(np.flatnonzero(~undone))


def _next(sequence: Sequence, ways: Ways, step: Step, absent: list[Steps], done: Steps) -> Ways:
    """Return the ways that go on with one of the events `done`."""
    ordered = Ordered(ways.people, ways.ended)
    after = ordered.before(done.people, done.ts)
    some = np.flatnonzero(after > ordered.starts(done.people))
    people, ts, last = done.people[some], done.ts[some], after[some] - 1
    goes_on = np.ones(len(some), np.bool_)
    if step.within is not None:
        goes_on &= ts - ways.ended[last] <= step.within.length
    if sequence.limit is not None:
        goes_on &= ts - ways.begun[last] <= sequence.limit.length
    for one in absent:
        goes_on &= ~one.between(ways, last, people, ts)
    before = ways.of(last[goes_on])
    return replace(before, steps=(*before.steps, ts[goes_on]))
