"""A person's page as data, and what is found by an identifier."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.people import HeldTrait, LivedEvent, Person, PersonScore
from kohort.web.api.models.rules import Explanation


class FoundPerson(Answer):
    """A person whom an identifier has found."""

    person_id: str
    kind: str = Field(description="What kind of identifier it is; person_id for their own id.")
    value: str
    refused: str = Field(description="Why the identifier joins nobody; empty where it does.")


class PeopleFound(Answer):
    """The people of whom an identifier is exactly this."""

    identifier: str = Field(description="What was looked for; empty before anything was.")
    found: list[FoundPerson]


class PersonSegment(Answer):
    """A segment in force, and whether the person is in it by what is recorded."""

    name: str
    labels: dict[str, str]
    inside: bool
    entered_at: IsoMoment | None = Field(description="Since when; null where the population's numbers decided.")


class HeldScore(Answer):
    """What a score has found of the person: the traits that it wrote."""

    name: str
    kind: str = Field(description="rfm, clusters, imputation or outliers.")
    at: IsoMoment = Field(description="The moment that it speaks of.")
    traits: list[HeldTrait]


class PersonPage(Answer):
    """What is known of a person."""

    person: Person
    segments: list[PersonSegment]
    explanation: Explanation | None = Field(description="Why they are in the segment that was asked about, or not.")
    traits: list[HeldTrait] = Field(description="Told and computed, by family; not what scores that stand apart found.")
    scores: list[HeldScore]
    predictions: list[PersonScore] = Field(description="What predictions say of them, and what goes with it.")
    event: str = Field(description="The only event of the timeline; empty for all.")
    events: list[LivedEvent] = Field(description="What they did, the newest first.")
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")
