"""Where people went between two moments: who entered, left and stayed, and from which segment to which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.bits import arrow_mask, mask_of
from kohort.engines.evaluation import Evaluation
from kohort.errors import UsageError

Mask = NDArray[np.bool_]

NONE: Final = "(none)"
"""The state of people who exist and are in none of the segments."""

NOBODY_YET: Final = "(not yet a person)"
"""The state of people whose first event was still to come."""


@dataclass(frozen=True)
class SegmentFlow:
    """One segment at two moments: `before` + `entered` - `left` = `after`, and `stayed` were in it at both."""

    segment: str
    before: int
    entered: int
    left: int
    stayed: int
    after: int


@dataclass(frozen=True)
class Transition:
    """How many people were in the state `before` and are in the state `after`."""

    before: str
    after: str
    people: int


@dataclass(frozen=True)
class Flows:
    """What became of people between two moments.

    `segments` tell of each segment by itself. For `transitions` the segments are states, and a person is in the first
    one, in the order asked for, that they are a member of, else in `NONE` or `NOBODY_YET`; each person counts once.
    """

    since: Moment
    until: Moment
    segments: tuple[SegmentFlow, ...]
    transitions: tuple[Transition, ...]


def flows_between(before: Evaluation, after: Evaluation, segments: Sequence[str]) -> Flows:
    """Return the flows of `segments` between two evaluations of the same rules, the earlier first.

    Raises UsageError if the moments are not in order.

    >>> import pyarrow as pa
    >>> from kohort.engines.evaluation import Members
    >>> from kohort.engines.statistics import Statistics
    >>> people, (ada, bob, both) = pa.array(["ada", "bob"]), np.array([[0b01], [0b10], [0b11]], dtype=np.uint8)
    >>> then = Evaluation(5, Members(people, {"new": ada}), ada, Statistics())
    >>> now = Evaluation(9, Members(people, {"new": bob}), both, Statistics())
    >>> for one in flows_between(then, now, ["new"]).transitions:
    ...     print(one.people, one.before, "→", one.after)
    1 new → (none)
    1 (not yet a person) → new
    """
    if before.at >= after.at:
        raise UsageError("flows go from an earlier moment to a later one; exchange or change --from and --to")
    then_there, then_inside = _masks(before, segments)
    there, inside = _masks(after, segments)
    # Whoever exists keeps existing, so that everybody of the earlier moment has a place in the later one.
    came_from = before.members.people.filter(arrow_mask(before.existing, len(then_there)))
    places = np.asarray(np.from_dlpack(pc.index_in(came_from, value_set=after.members.people)), dtype=np.int64)
    existed, *was_inside = (_placed(mask[then_there], places, len(there)) for mask in (then_there, *then_inside))
    labels = [*segments, NONE, NOBODY_YET]
    then_in, now_in = _states(was_inside, existed)[there], _states(inside, there)[there]
    counts = np.bincount(then_in * len(labels) + now_in, minlength=len(labels) ** 2).reshape(len(labels), -1)
    return Flows(
        before.at,
        after.at,
        tuple(_flow(*one) for one in zip(segments, was_inside, inside, strict=True)),
        tuple(
            Transition(labels[source], labels[target], int(counts[source, target]))
            for source, target in np.argwhere(counts).tolist()
        ),
    )


def _masks(found: Evaluation, segments: Sequence[str]) -> tuple[Mask, list[Mask]]:
    """Return who exists, and who is in each segment, one boolean a person."""
    people = len(found.members.people)
    return mask_of(found.existing, people), [mask_of(found.members.bits[name], people) for name in segments]


def _placed(mask: Mask, places: NDArray[np.int64], people: int) -> Mask:
    """Return a mask with its people at their `places` among so many."""
    placed = np.zeros(people, dtype=np.bool_)
    placed[places] = mask
    return placed


def _states(masks: Sequence[Mask], existing: Mask) -> NDArray[np.int64]:
    """Return for each person the number of the first mask that holds them, else that of `NONE` or `NOBODY_YET`."""
    states = np.where(existing, len(masks), len(masks) + 1)
    for number in reversed(range(len(masks))):
        states[masks[number]] = number
    return states


def _flow(segment: str, then: Mask, now: Mask) -> SegmentFlow:
    entered, left, stayed = (int(np.count_nonzero(one)) for one in (now & ~then, then & ~now, then & now))
    return SegmentFlow(segment, stayed + left, entered, left, stayed, stayed + entered)
