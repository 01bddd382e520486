"""Answers about rules, and about changes of segments."""

from collections.abc import Mapping

from msgspec import Struct


class Fact(Struct, frozen=True):
    """An event that a person did, or a trait that was set."""

    name: str
    at: str
    property: str | None
    value: str | tuple[str, ...] | None
    mark: str = ""


class SingleChange(Struct, frozen=True):
    """Something that the person would do so many times, or a trait that would take a value (None: be removed)."""

    event: str | None = None
    times: int | None = None
    properties: Mapping[str, str | tuple[str, ...]] = {}
    trait: str | None = None
    value: str | tuple[str, ...] | None = None


class Outlook(Struct, frozen=True):
    """What would change a membership soonest."""

    time_alone: str | None
    looked_until: str
    single_change: SingleChange | None


class Reason(Struct, frozen=True):
    """A part of a rule, and whether it holds of the person."""

    sentence: str
    holds: bool
    parts: "tuple[Reason, ...]"
    value: str | tuple[str, ...] | None
    scored: str | tuple[str, ...] | None
    thresholds: tuple[str | tuple[str, ...], ...]
    population: int | None
    statistics_at: str | None
    facts: tuple[Fact, ...]
    facts_in_all: int


class Explanation(Reason, frozen=True):
    """Why a person is in a segment or not, since when, and what would change it."""

    segment: str
    person_id: str
    since: str | None
    outlook: Outlook | None


class Condition(Struct, frozen=True):
    """What one condition of a rule does, in people."""

    depth: int
    role: str
    joined: str
    sentence: str
    before: int
    kept: int
    alone: int
    without: int | None


class Preview(Struct, frozen=True):
    """What a rule gives that nobody saved: its exact size, and what each condition keeps."""

    sentence: str
    at: str
    size: int
    population: int
    share: float
    sample: tuple[str, ...]
    funnel: tuple[Condition, ...]


class SegmentChange(Struct, frozen=True):
    """What would become of one segment."""

    segment: str
    kind: str
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


class Broken(Struct, frozen=True):
    """A guard rail that a segment would break."""

    guard: str
    segment: str
    words: str
    stops: bool


class Verdict(Struct, frozen=True):
    """What became of a test."""

    segment: str
    test: str
    state: str
    found: str


class ModelChange(Struct, frozen=True):
    """The model of number `run` that a plan puts in force for a score, in place of that of number `before`."""

    score: str
    run: int
    before: int | None
    trait: str
    scored: int
    moved: int
    journeys: tuple[str, ...]


class Plan(Struct, frozen=True):
    """What would change. Nothing has."""

    at: str
    population: int
    changes: tuple[SegmentChange, ...]
    unchanged: tuple[str, ...]
    broken: tuple[Broken, ...]
    verdicts: tuple[Verdict, ...]
    left_out: Mapping[str, str]
    token: str | None
    model: ModelChange | None = None


class Application(Struct, frozen=True):
    """What became of a plan that was applied."""

    changed: bool


class KnownProperty(Struct, frozen=True):
    """A property of an event."""

    name: str
    types: tuple[str, ...]
    declared: bool
    required: bool


class KnownEvent(Struct, frozen=True):
    """An event."""

    name: str
    aliases: tuple[str, ...]
    declared: bool
    count: int
    properties: tuple[KnownProperty, ...]


class KnownTrait(Struct, frozen=True):
    """A trait, scores included."""

    name: str
    type: str
    count: int
    family: str = "other"


class Taxonomy(Struct, frozen=True):
    """Every event and trait that a rule can speak of."""

    events: tuple[KnownEvent, ...]
    traits: tuple[KnownTrait, ...]


class FrequentValue(Struct, frozen=True):
    """A value, and how many actors have it."""

    value: str
    actors: int


class FrequentValues(Struct, frozen=True):
    """The most frequent values, the most frequent first."""

    values: tuple[FrequentValue, ...]


class Completion(Struct, frozen=True):
    """A text that may stand from `start` on, in place of what is written there."""

    start: int
    text: str


class Completions(Struct, frozen=True):
    """What may follow in a sentence: words first, then names."""

    completions: tuple[Completion, ...]
