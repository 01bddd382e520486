"""A sequence as an engine runs it: the rows of each step, and how they must follow one another.

For every row it is enough to know the latest row before it that ended the steps so far: whatever an earlier one
allows, the latest allows too, since its time limits end later, nothing can stand in between that does not stand
behind the earlier one, and it began no earlier.
"""

from collections.abc import Callable
from collections.abc import Sequence as Listed
from dataclasses import dataclass

from kohort.engines.columns import Moments, Places
from kohort.rules.nodes import Sequence, Step


@dataclass(frozen=True)
class Stream:
    """The rows that one step means, in the order of time."""

    people: Places
    ts: Moments


@dataclass(frozen=True)
class Following:
    """A step that was done: its stream, the longest time from the step before (µs), and what was not done between."""

    stream: int
    within: int | None
    absent: tuple[int, ...]


@dataclass(frozen=True)
class Never:
    """A step that was not done after the last one, for so long (µs)."""

    stream: int
    within: int


@dataclass(frozen=True)
class Steps:
    """A sequence: the stream of each step, the first one's in its window; `limit` from the first to the last (µs)."""

    streams: Listed[Stream]
    later: tuple[Following, ...]
    never: tuple[Never, ...]
    limit: int | None


def steps_of(sequence: Sequence, stream_of: Callable[[Step, bool], Stream]) -> Steps:
    """Return the steps of `sequence`; `stream_of` gives the rows of a step, and is told which is the first.

    >>> import numpy as np
    >>> from kohort.rules.parse import parse_rule
    >>> nothing = Stream(np.zeros(0, np.int32), np.zeros(0, np.int64))
    >>> steps = steps_of(parse_rule("did a then not b then c within 1 hour"), lambda step, first: nothing)
    >>> steps.later
    (Following(stream=2, within=3600000000, absent=(1,)),)
    """
    later: list[Following] = []
    absent: list[int] = []
    for place, step in enumerate(sequence.steps[1:], start=1):
        if step.negated:
            absent.append(place)
        else:
            later.append(Following(place, None if step.within is None else step.within.length, tuple(absent)))
            absent = []
    never = tuple(Never(place, within.length) for place in absent if (within := sequence.steps[place].within))
    streams = [stream_of(step, place == 0) for place, step in enumerate(sequence.steps)]
    return Steps(streams, tuple(later), never, None if sequence.limit is None else sequence.limit.length)
