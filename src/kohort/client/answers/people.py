"""Answers about people."""

from collections.abc import Mapping

from msgspec import Struct

from kohort.client.answers.discovery import Words


class Identifier(Struct, frozen=True):
    """An identifier of a person."""

    kind: str
    value: str
    first_seen: str
    last_seen: str
    refused: str


class Merge(Struct, frozen=True):
    """What made two identifiers one person."""

    one: str
    other: str
    by: str
    at: str


class Consent(Struct, frozen=True):
    """A choice for a purpose."""

    purpose: str
    category: str
    status: str
    at: str
    source: str
    form: str
    proof: str


class Person(Struct, frozen=True):
    """Who somebody is."""

    person_id: str
    identifiers: tuple[Identifier, ...]
    merges: tuple[Merge, ...]
    consents: tuple[Consent, ...]
    consents_to: Mapping[str, str]


class PersonCluster(Struct, frozen=True):
    """The cluster of somebody by what is known up to `at`; None for whoever is in none."""

    score: str
    person_id: str
    at: str
    found_at: str
    number: int | None
    identity: str | None
    persona: Words | None


class LivedEvent(Struct, frozen=True):
    """Something that a person did."""

    event_id: str
    name: str
    at: str
    received_at: str
    source: str
    properties: Mapping[str, str | tuple[str, ...]]


class Timeline(Struct, frozen=True):
    """A page of what a person did, the newest first."""

    events: tuple[LivedEvent, ...]
    next_cursor: str | None


class HeldTrait(Struct, frozen=True):
    """The value of a trait, and where it comes from."""

    name: str
    type: str
    value: str | tuple[str, ...]
    set_at: str
    recorded_at: str
    source: str
    mark: str = ""
    family: str = "other"


class Traits(Struct, frozen=True):
    """A person's traits, by name."""

    traits: tuple[HeldTrait, ...]


class HeldMembership(Struct, frozen=True):
    """A segment that a person is in."""

    segment: str
    version: int
    entered_at: str | None


class Memberships(Struct, frozen=True):
    """The segments that a person is in, by name."""

    segments: tuple[HeldMembership, ...]


class ScoreDriver(Struct, frozen=True):
    """What a feature goes with, or several that are read as one; no cause."""

    features: tuple[str, ...]
    values: tuple[float | str | None, ...]
    points: float
    margin: float | None


class ScoreDrivers(Struct, frozen=True):
    """What goes with a score: the base and all parts add up to it."""

    method: str
    base: float
    base_margin: float | None
    unit: str
    fidelity: float | None
    found: tuple[ScoreDriver, ...]


class PersonScore(Struct, frozen=True):
    """What a prediction says of a person; without drivers, `untold` says why."""

    score: str
    chance: float
    band: str
    at: str
    model: int
    version: str
    recorded: bool
    drivers: ScoreDrivers | None
    untold: str | None


class PersonScores(Struct, frozen=True):
    """A person's scores, of each prediction that was asked of them."""

    scores: tuple[PersonScore, ...]
