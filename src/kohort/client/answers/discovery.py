"""Answers about personas, and the words and intervals of others."""

from datetime import date

from msgspec import Struct


class Words(Struct, frozen=True):
    """The same in English and in French."""

    en: str
    fr: str


class Interval(Struct, frozen=True):
    """A value, and between what it lies with the confidence that the documentation names."""

    estimate: float | None
    low: float | None
    high: float | None
    n: int


class PersonaTrait(Struct, frozen=True):
    """A trait that sets a persona apart."""

    label: Words
    effect: Interval
    here: Words
    elsewhere: Words


class PersonaCategory(Struct, frozen=True):
    """A category that is more or less frequent in a persona than elsewhere."""

    label: Words
    here: Interval
    elsewhere: Interval
    lift: Interval


class Persona(Struct, frozen=True):
    """A cluster as people speak of it."""

    cluster: int
    name: Words
    sentences: tuple[Words, ...]
    people: int
    share_of_people: float
    share_of_value: float | None
    stability: Interval
    gradual: bool
    traits: tuple[PersonaTrait, ...]
    categories: tuple[PersonaCategory, ...]
    example: str
    history: Words | None
    identity: str
    value: Interval | None
    habits: tuple[PersonaCategory, ...]


class PersonaRule(Struct, frozen=True):
    """The rule that comes nearest to a persona, measured on people that it was not made of."""

    sentence: Words
    precision: Interval | None
    recall: Interval | None
    f1: Interval
    held_out: int
    is_poor: bool


class PersonaNote(Struct, frozen=True):
    """What somebody noted on a persona."""

    day: date
    by: str
    text: str
    kept_in: str


class PersonaSurvey(Struct, frozen=True):
    """A finding of a survey, and the share of those asked that agreed."""

    finding: str
    day: date | None
    source: str
    share: Interval | None


class CataloguedPersona(Struct, frozen=True):
    """What is known of a persona beyond its card, whatever became of it."""

    identity: str
    status: str
    name: Words
    merged_into: str | None
    generations: int
    rule: PersonaRule | None
    notes: tuple[PersonaNote, ...]
    surveys: tuple[PersonaSurvey, ...]
    segments: tuple[str, ...]


class Personas(Struct, frozen=True):
    """The personas of the newest search for clusters, none without clusters; `catalogue` has those gone too."""

    personas: tuple[Persona, ...]
    catalogue: tuple[CataloguedPersona, ...]
