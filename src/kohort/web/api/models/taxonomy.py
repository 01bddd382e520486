"""What rules can speak of."""

from pydantic import Field

from kohort.web.api.models.answer import FAMILY, Answer


class KnownProperty(Answer):
    """A property of an event."""

    name: str
    types: list[str] = Field(description="The types that it has had: number, text, boolean, moment, list of text.")
    declared: bool = Field(description="Whether tracking.yaml declares it.")
    required: bool = Field(description="Whether events without it are refused.")


class KnownEvent(Answer):
    """An event."""

    name: str
    aliases: list[str] = Field(description="The other names under which it arrives.")
    declared: bool = Field(description="Whether tracking.yaml declares it.")
    count: int = Field(description="How often it has happened.")
    properties: list[KnownProperty]


class KnownTrait(Answer):
    """A trait, scores included."""

    name: str
    type: str
    count: int = Field(description="How many values were set.")
    family: str = Field(description=FAMILY)


class Taxonomy(Answer):
    """Every event and trait that a rule can speak of."""

    events: list[KnownEvent]
    traits: list[KnownTrait]


class FrequentValue(Answer):
    """A value, and how many actors have it."""

    value: str
    actors: int


class FrequentValues(Answer):
    """The most frequent values, the most frequent first."""

    values: list[FrequentValue]


class Completion(Answer):
    """A text that may stand from `start` on, in place of what is written there."""

    start: int
    text: str


class Completions(Answer):
    """What may follow in a sentence: words first, then names."""

    completions: list[Completion]
