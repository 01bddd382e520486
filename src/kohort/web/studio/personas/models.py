"""What the catalogue of personas tells, as data."""

from datetime import date

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.discover.models import Text, TypicalCategory, TypicalTrait
from kohort.web.studio.segment.models import Estimate


class WrittenNote(Answer):
    """What somebody noted; `kept_in` is the file where it stands, or "journal"."""

    day: date
    by: str
    text: str
    kept_in: str


class ShownPicture(Answer):
    """A picture: `path` is where the studio shows one that is a file of the project, `url` an address elsewhere."""

    alt: str
    path: str | None
    url: str | None


class SurveyAnswer(Answer):
    """A finding of a survey; `share` of those asked agreed."""

    finding: str
    day: date | None
    source: str
    share: Estimate | None


class NearestRule(Answer):
    """The rule that comes nearest, in the language of the page, and how near on people that it was not made of."""

    sentence: str
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate
    held_out: int
    is_poor: bool
    words: Text


class ListedPersona(Answer):
    """As `kohort.pipeline.learning.personas.CataloguedPersona`; without a card figures are null."""

    identity: str
    score: str
    status: str
    name: Text
    found_name: Text | None = Field(description="The name that Kohort gives it; null where nobody has found it.")
    sentences: list[Text]
    people: int | None
    share_of_people: float | None
    share_of_value: float | None
    value: Estimate | None = Field(description="The mean value per person, in units of the currency.")
    stability: Estimate | None
    traits: list[TypicalTrait]
    habits: list[TypicalCategory]
    history: Text | None
    at: IsoMoment | None
    since: IsoMoment | None
    generations: int
    merged_into: str | None
    notes: list[WrittenNote]
    pictures: list[ShownPicture]
    surveys: list[SurveyAnswer]
    segments: list[str]
    cluster: int | None
    by_id: str | None = Field(description="The rule that its people fulfil, whatever it is called later.")
    rule: NearestRule | None


class Became(Answer):
    """What became of a persona: its id, its name then, and the id of the other that it split from or merged into."""

    identity: str
    name: Text
    other: str | None = None


class Generation(Answer):
    """One search for clusters, and what became of the personas."""

    score: str
    at: IsoMoment
    number: int | None
    personas: int
    outside: int = Field(description="How many people were in no persona.")
    words: Text | None
    kept: list[Became]
    born: list[Became]
    gone: list[Became]


class Catalogue(Answer):
    """Every persona, and every search for clusters, the newest first."""

    personas: list[ListedPersona]
    generations: list[Generation]
