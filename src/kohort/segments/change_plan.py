"""A plan of changes: what would become of every segment, and what speaks against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kohort.clock import Moment
from kohort.segments.changes import Definitions, Kind
from kohort.segments.expectations import State, Verdict
from kohort.segments.guards import Broken

SAMPLE = 3
"""How many of those who would enter or leave a plan names."""


@dataclass(frozen=True)
class SegmentChange:
    """What would become of one segment, at the moment of the plan and on the same history.

    `before` and `after` are canonical sentences, None where there is no such segment; `version` is the one that it
    would have, or for a removed segment the last. The samples are user ids, or person ids of people without one.
    `downstream` are the segments that refer to it.
    """

    segment: str
    kind: Kind
    through: tuple[str, ...]
    version: int
    before: str | None
    after: str | None
    size_before: int
    size_after: int
    entering: int
    leaving: int
    entering_sample: tuple[str, ...]
    leaving_sample: tuple[str, ...]
    downstream: tuple[str, ...]


@dataclass(frozen=True)
class ModelChange:
    """The model that a plan puts in force for a score, of training run `run`, in place of that of `before`.

    Both are numbers of the score's models, from 1; `before` is None where none is in force. It scores `scored` people,
    `moved` of whom, or of those who lose their score, have another value of `trait` than now. `journeys` tell others
    of who enters or leaves a segment that would change.
    """

    score: str
    run: int
    before: int | None
    trait: str
    scored: int
    moved: int
    journeys: tuple[str, ...]


@dataclass(frozen=True)
class ChangePlan:
    """What applying definitions would change: made at once for all segments, nothing written.

    `applied` is the journal record that put the present versions in force, 0 before the first; the plan holds as long
    as that, the files, and what it says of people at `at` stay as they are. `cause` is "apply", or "rollback" of
    `segment` to `version` (if None to what it was before its last change), of all segments if None. `left_out` are
    segments of the files that cannot be evaluated yet, and why. With a `model` definitions stay as they are, and its
    scores change who is in; `cause` then is "promote" or "rollback".
    """

    at: Moment
    applied: int
    population: int
    definitions: Definitions
    changes: tuple[SegmentChange, ...]
    unchanged: tuple[str, ...]
    broken: tuple[Broken, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    cause: str = "apply"
    segment: str | None = None
    version: int | None = None
    model: ModelChange | None = None

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The tests that fail."""
        return tuple(one for one in self.verdicts if one.state is State.FAILED)

    @property
    def stopping(self) -> tuple[Broken, ...]:
        """The guard rails that stop an apply."""
        return tuple(one for one in self.broken if one.stops)
