"""What is known of a person."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from kohort.learning.wording import Bilingual
from kohort.web.api.models.answer import FAMILY, Answer, IsoMoment, Said, Value
from kohort.web.api.models.discovery import Words


def _in_english(said: object) -> object:
    return said.en if isinstance(said, Bilingual) else said


class Identifier(Answer):
    """An identifier of a person."""

    kind: str
    value: str
    first_seen: IsoMoment
    last_seen: IsoMoment
    refused: str = Field(description="Why it joins nobody; empty where it does.")


class Merge(Answer):
    """What made two identifiers one person."""

    one: str
    other: str
    by: str = Field(description="Another identifier, or hand.")
    at: IsoMoment


class Consent(Answer):
    """A choice for a purpose."""

    purpose: str
    category: str
    status: str = Field(description="granted, denied, or withdrawn (denied after it was granted).")
    at: IsoMoment
    source: str
    form: str
    proof: str


class Person(Answer):
    """Who somebody is."""

    person_id: str
    identifiers: list[Identifier]
    merges: list[Merge]
    consents: list[Consent] = Field(description="All choices, in the order of time.")
    consents_to: dict[str, str] = Field(description="What they come to, by purpose.")


class PersonCluster(Answer):
    """The cluster of somebody by what is known up to `at`; null for whoever is in none."""

    score: str
    person_id: str
    at: IsoMoment
    found_at: IsoMoment = Field(description="The moment of the data by which the clusters were found.")
    number: int | None = Field(description="From 1 up, as in the trait SCORE_number.")
    identity: str | None = Field(description="The persona's lasting id, as in the trait SCORE_id.")
    persona: Words | None


class LivedEvent(Answer):
    """Something that a person did."""

    event_id: str
    name: str
    at: IsoMoment
    received_at: IsoMoment
    source: str
    properties: dict[str, Value]


class Timeline(Answer):
    """A page of what a person did, the newest first."""

    events: list[LivedEvent]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")


class HeldTrait(Answer):
    """The value of a trait, and where it comes from."""

    name: str
    type: str
    value: Value
    set_at: IsoMoment = Field(description="Since when it is so.")
    recorded_at: IsoMoment = Field(description="When that was learnt.")
    source: str
    mark: str = Field(description='How a value that nobody told was made, such as "imputed by mice"; else empty.')
    family: str = Field(description=FAMILY)


class Traits(Answer):
    """A person's traits, by name."""

    traits: list[HeldTrait]


class HeldMembership(Answer):
    """A segment that a person is in."""

    segment: str
    version: int
    entered_at: IsoMoment | None = Field(description="Since when; null where the population's numbers decided.")


class Memberships(Answer):
    """The segments that a person is in, by name."""

    segments: list[HeldMembership]


class ScoreDriver(Answer):
    """What a feature goes with, or several that are read as one; no cause."""

    features: list[str]
    values: list[float | str | None] = Field(description="What the model read of each; null where nothing was known.")
    points: float = Field(description="Its part of the chance: 0.1 is ten points.")
    margin: float | None = Field(description="Its part of the model's margin; null where that is not told.")


class ScoreDrivers(Answer):
    """What goes with a score: the base and all parts add up to it."""

    method: str = Field(description="exact; or sampled, where the model has no exact contributions.")
    base: float = Field(description="The chance that the model begins from.")
    base_margin: float | None
    unit: str = Field(description="What margins are counted in, such as log-odds.")
    fidelity: float | None = Field(description="How much of scores nearby is told (R²); null where all adds up.")
    found: list[ScoreDriver] = Field(description="What brings most first.")


class PersonScore(Answer):
    """What a prediction says of a person."""

    score: str
    chance: float = Field(description="From 0 to 1.")
    band: str
    at: IsoMoment = Field(description="The moment that it speaks of.")
    model: int = Field(description="The number of the model that made it.")
    version: str = Field(description="The model's SHA-256.")
    recorded: bool = Field(description="Whether a run wrote it; false where it was computed just now.")
    drivers: ScoreDrivers | None
    untold: Annotated[Said | None, BeforeValidator(_in_english)] = Field(description="Why there are no drivers.")


class PersonScores(Answer):
    """A person's scores, of each prediction that was asked of them."""

    scores: list[PersonScore]
