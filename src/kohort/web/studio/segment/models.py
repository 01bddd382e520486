"""What the page of a segment tells, as data."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.changes import Verdict
from kohort.web.api.models.segments import Pair, SegmentDetail, SegmentFlow, SizeAt, Transition, Version


class SegmentOverview(SegmentDetail):
    """A segment, and where the data of each part of its page are."""

    description: str
    owner: str
    purpose: str
    population: int | None = Field(description="How many people there are.")
    seq: int | None = Field(description="The stream of changes goes on from here; null where nothing was recorded.")
    parts: dict[str, str] = Field(description="The paths of the parts, by name.")


class SegmentSizes(Answer):
    """The size of a segment at regular moments, by its rule of today, beside what was recorded."""

    segment: str
    every: str
    sizes: list[SizeAt]


class DayMoves(Answer):
    """How many entered and left on a day of the project's calendar."""

    since: IsoMoment
    until: IsoMoment
    entered: int
    left: int


class Change(Answer):
    """One person who entered or left."""

    person_id: str
    user_id: str | None
    change: str
    effective_at: IsoMoment
    cause: str


class SegmentMoves(Answer):
    """Who entered and left lately; `newest` is null for who may not know of people."""

    segment: str
    at: IsoMoment
    entered: int
    left: int
    days: list[DayMoves]
    newest: list[Change] | None


class Estimate(Answer):
    """A number with its 95 % interval, and how many people it rests on."""

    estimate: float
    low: float
    high: float
    n: int


class Difference(Answer):
    """One way in which the members differ; see `kohort.measurement.distinctions.Distinction`."""

    kind: str = Field(description="number (a mean), category or event (shares).")
    subject: str
    value: str
    members: Estimate
    others: Estimate
    everybody: float
    effect: Estimate = Field(description="Cohen's h of shares, Hedges' g of means, against the others.")
    lift: Estimate | None = Field(description="The members' over everybody's.")
    named: bool = Field(description="Whether the rule itself speaks of it.")


class SegmentDifferences(Answer):
    """What sets the members apart from the others, or from those of another segment, the largest effect first."""

    segment: str
    against: str | None
    at: IsoMoment
    members: int
    others: int
    few: bool = Field(description="Whether a side is too small to compare.")
    differences: list[Difference]


class SegmentValue(Answer):
    """What the members have spent; null where no revenue is declared, or too few are in to tell. Amounts in micros."""

    segment: str
    at: IsoMoment
    currency: str
    members: int | None
    revenue: int | None
    revenue_of_all: int | None
    share: float | None
    share_of_people: float | None
    per_member: Estimate | None
    per_other: Estimate | None
    ratio: Estimate | None


class SegmentDriver(Answer):
    """What features that are read as one bring on average, in parts of the chance: to members, and to everybody."""

    features: list[str]
    members: Estimate
    everybody: Estimate


class SegmentScore(Answer):
    """What goes with the chances of a score; nothing was found of fewer than five members."""

    score: str
    at: IsoMoment
    model: int
    members: int = Field(description="How many members were scored.")
    everybody: int
    looked_at: int = Field(description="Of how many members the means are.")
    few: bool
    mean: Estimate | None
    mean_of_all: Estimate | None
    base: float | None
    found: list[SegmentDriver]


class SegmentChances(Answer):
    """What goes with the chances of a segment's members, beside everybody."""

    segment: str
    scores: list[SegmentScore]


class Shared(Answer):
    """The people who are in all of `segments` and in no other of those compared."""

    segments: list[str]
    size: int


class SegmentOverlap(Answer):
    """How a segment lies in others: exact intersections that hold its members, and each pair."""

    segment: str
    at: IsoMoment
    size: int
    compared: list[str]
    intersections: list[Shared]
    pairs: list[Pair]


class SegmentFlows(Answer):
    """Where those who entered between two moments came from, and where those who left went."""

    segment: str
    since: IsoMoment
    until: IsoMoment
    flow: SegmentFlow
    came: list[Transition]
    went: list[Transition]


class SegmentVersions(Answer):
    """Every version of a segment, the newest first."""

    segment: str
    versions: list[Version]


class GuardRail(Answer):
    """A limit, and what stands against it; `holds` is null where that only shows in a change."""

    guard: str
    limit: float
    found: float | None
    holds: bool | None
    stops: bool
    other: str | None


class SegmentTests(Answer):
    """What became of the tests of a segment, and its guard rails."""

    segment: str
    at: IsoMoment
    verdicts: list[Verdict]
    guards: list[GuardRail]


class PageMember(Answer):
    """A person in the segment."""

    person_id: str
    user_id: str | None
    entered_at: IsoMoment | None


class SegmentMembers(Answer):
    """A page of members, in the order of their person ids."""

    segment: str
    at: IsoMoment | None
    size: int
    members: list[PageMember]
    next_cursor: str | None
