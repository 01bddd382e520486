"""Answers about segments: sizes, members, versions, how they lie in one another, how they are declared."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Segment(Struct, frozen=True):
    """A segment at a glance, and how fresh it is."""

    name: str
    label: str
    version: int | None
    size: int | None
    share: float | None
    at: str | None
    evaluated_at: str | None
    lag_seconds: float | None
    stalled: bool
    note: str


class Segments(Struct, frozen=True):
    """Every segment that is declared or in force."""

    segments: tuple[Segment, ...]


class SegmentDetail(Struct, frozen=True):
    """A segment: what it means, and how fresh it is."""

    name: str
    label: str
    labels: Mapping[str, str]
    version: int | None
    sentence: str
    size: int | None
    share: float | None
    at: str | None
    evaluated_at: str | None
    stalled: bool
    note: str


class Version(Struct, frozen=True):
    """A segment that came into force with a version, or went out of it."""

    version: int
    sentence: str | None
    in_force: bool
    applied_at: str | None
    at: str | None
    size: int
    entered: int
    left: int
    cause: str
    despite: tuple[str, ...]
    reason: str


class History(Struct, frozen=True):
    """Every version of a segment, oldest first."""

    segment: str
    versions: tuple[Version, ...]


class SizeAt(Struct, frozen=True):
    """The size of a segment at a moment, by its rule of today, beside what was recorded then."""

    at: str
    size: int
    population: int
    share: float
    recorded: int | None
    recorded_at: str | None


class Sizes(Struct, frozen=True):
    """A segment's size at regular moments."""

    segment: str
    sizes: tuple[SizeAt, ...]


class Intersection(Struct, frozen=True):
    """The people who are in all of `segments` and in no other of those compared; of none, those outside all."""

    segments: tuple[str, ...]
    size: int


class Pair(Struct, frozen=True):
    """The people whom two segments share, and how alike that makes them."""

    first: str
    second: str
    shared: int
    jaccard: float
    overlap_coefficient: float


class Overlap(Struct, frozen=True):
    """How segments lie in one another. Intersections share nobody: their sizes add up to the population."""

    population: int
    sizes: Mapping[str, int]
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]


class SegmentFlow(Struct, frozen=True):
    """One segment at two moments: before + entered - left = after, and `stayed` were in it at both."""

    segment: str
    before: int
    entered: int
    left: int
    stayed: int
    after: int


class Transition(Struct, frozen=True):
    """How many people were in the state `before` and are in the state `after`."""

    before: str
    after: str
    people: int


class Flows(Struct, frozen=True):
    """What became of people between two moments."""

    since: str
    until: str
    segments: tuple[SegmentFlow, ...]
    transitions: tuple[Transition, ...]


class Member(Struct, frozen=True):
    """A person in a segment."""

    person_id: str
    user_id: str | None
    entered_at: str | None


class Members(Struct, frozen=True):
    """A page of a segment's members, in the order of their person ids."""

    segment: str
    version: int | None
    at: str
    evaluated_at: str | None
    lag_seconds: float | None
    seq: int | None
    size: int
    members: tuple[Member, ...]
    next_cursor: str | None


class Definition(Struct, frozen=True):
    """How a segment is declared."""

    name: str
    file: str
    where: str
    sentences: Mapping[str, str]
    rule: Mapping[str, Any] | None
    label: Mapping[str, str]
    description: str
    owner: str
    purpose: str
    needs: tuple[str, ...]
    tests: tuple[Mapping[str, Any], ...]
    guards: Mapping[str, Any]
    text: str
    tag: str


class Edited(Struct, frozen=True):
    """What became of a segment's declaration. It is in force once a plan is applied."""

    before: Definition | None
    after: Definition | None


class Change(Struct, frozen=True):
    """A row of the membership log: somebody entered or left; `retracts` is the id of a row that never was."""

    id: int
    segment: str
    version: int
    person_id: str
    change: str
    effective_at: str
    recorded_at: str
    cause: str
    retracts: int | None = None
