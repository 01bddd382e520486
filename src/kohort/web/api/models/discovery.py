"""The personas that clusters are, and the words and intervals that other answers share."""

import math
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from kohort.web.api.models.answer import Answer


def _finite(value: object) -> object:
    return value if not isinstance(value, float) or math.isfinite(value) else None


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A number; null where it is none, or has no bound."""


class Words(Answer):
    """The same in English and in French."""

    en: str
    fr: str


class Interval(Answer):
    """A value, and between what it lies with the confidence that the documentation names."""

    estimate: Number
    low: Number
    high: Number
    n: int = Field(description="How many people it rests on.")


class PersonaTrait(Answer):
    """A trait that sets a persona apart."""

    label: Words
    effect: Interval = Field(description="The standardised difference of means (Hedges' g).")
    here: Words
    elsewhere: Words


class PersonaCategory(Answer):
    """A category that is more or less frequent in a persona than elsewhere."""

    label: Words
    here: Interval
    elsewhere: Interval
    lift: Interval = Field(description="The ratio of the two shares.")


class Persona(Answer):
    """A cluster as people speak of it."""

    cluster: int = Field(description="Its number on the map, from 0.")
    name: Words
    sentences: list[Words]
    people: int
    share_of_people: float
    share_of_value: float | None
    stability: Interval
    gradual: bool
    traits: list[PersonaTrait]
    categories: list[PersonaCategory]
    example: str = Field(description="The person id of a typical one; empty for who may not ask about people.")
    history: Words | None = Field(description="Which persona of the discovery before it continues.")
    identity: str = Field(description="What it is called by for good, also when clusters are looked for anew.")
    value: Interval | None = Field(description="Mean value per person; null where nobody spent anything.")
    habits: list[PersonaCategory] = Field(description="Channels and moments that are more usual than elsewhere.")


class PersonaRule(Answer):
    """The rule that comes nearest to a persona, measured on people that it was not made of."""

    sentence: Words
    precision: Interval | None = Field(description="How many of whom it finds are of the persona.")
    recall: Interval | None = Field(description="How many of the persona it finds.")
    f1: Interval
    held_out: int = Field(description="How many people it was measured on.")
    is_poor: bool = Field(description="Whether it is too far off to speak of a description.")


class PersonaNote(Answer):
    """What somebody noted on a persona."""

    day: date
    by: str
    text: str
    kept_in: str = Field(description='The file where it stands, or "journal".')


class PersonaSurvey(Answer):
    """A finding of a survey, and the share of those asked that agreed."""

    finding: str
    day: date | None
    source: str
    share: Interval | None


class CataloguedPersona(Answer):
    """What is known of a persona beyond its card, whatever became of it."""

    identity: str
    status: str = Field(description="current, gone, or unknown: what people wrote of one that no search has found.")
    name: Words = Field(description="The title that people gave it, or else its name.")
    merged_into: str | None
    generations: int = Field(description="How many searches have found it.")
    rule: PersonaRule | None
    notes: list[PersonaNote]
    surveys: list[PersonaSurvey]
    segments: list[str]


class Personas(Answer):
    """The personas of the newest search for clusters, none without clusters; `catalogue` has those gone too."""

    personas: list[Persona]
    catalogue: list[CataloguedPersona]
