"""Segments: their definition, its versions, their sizes, and how they lie in one another."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said


class SegmentDetail(Answer):
    """A segment: what it means, and how fresh it is."""

    name: str
    label: str = Field(description="What it is called in English.")
    labels: dict[str, str] = Field(description="What it is called, by language: en, fr.")
    version: int | None = Field(description="The version of its rule; null where none is in force.")
    sentence: str = Field(description="Its rule, in the project's language.")
    size: int | None = Field(description="How many are in; null where it was never evaluated.")
    share: float | None = Field(description="The part of the population that is in.")
    at: IsoMoment | None = Field(description="The moment as of which they are in.")
    evaluated_at: IsoMoment | None = Field(description="When it was last evaluated.")
    stalled: bool = Field(description="Whether that is longer ago than the schedule's stalled_after.")
    note: Said = Field(description="Why it has no members, or what to know about them; empty for most.")


class Version(Answer):
    """A segment that came into force with a version, or went out of it."""

    version: int
    sentence: str | None = Field(description="Its rule; null where the segment was removed.")
    in_force: bool
    applied_at: IsoMoment | None
    at: IsoMoment | None = Field(description="The moment of the members that it then had.")
    size: int
    entered: int = Field(description="How many entered because of the definition.")
    left: int
    cause: str
    despite: list[str] = Field(description="The guard rails that were overridden, for `reason`.")
    reason: str


class History(Answer):
    """Every version of a segment, oldest first."""

    segment: str
    versions: list[Version]


class SizeAt(Answer):
    """The size of a segment at a moment, by its rule of today, beside what was recorded then."""

    at: IsoMoment
    size: int
    population: int
    share: float
    recorded: int | None
    recorded_at: IsoMoment | None


class Sizes(Answer):
    """A segment's size at regular moments."""

    segment: str
    sizes: list[SizeAt]


class Intersection(Answer):
    """The people who are in all of `segments` and in no other of those compared; of none, those outside all."""

    segments: list[str]
    size: int


class Pair(Answer):
    """The people whom two segments share, and how alike that makes them."""

    first: str
    second: str
    shared: int
    jaccard: float = Field(description="The share of those in either who are in both.")
    overlap_coefficient: float = Field(description="The share of the smaller segment that is in the larger.")


class Overlap(Answer):
    """How segments lie in one another. Intersections share nobody: their sizes add up to the population."""

    population: int
    sizes: dict[str, int]
    intersections: list[Intersection]
    pairs: list[Pair]


class SegmentFlow(Answer):
    """One segment at two moments: before + entered - left = after, and `stayed` were in it at both."""

    segment: str
    before: int
    entered: int
    left: int
    stayed: int
    after: int


class Transition(Answer):
    """How many people were in the state `before` and are in the state `after`."""

    before: str
    after: str
    people: int


class Flows(Answer):
    """What became of people between two moments."""

    since: IsoMoment
    until: IsoMoment
    segments: list[SegmentFlow]
    transitions: list[Transition]
