"""The page of events as data: the tracking plan beside what has come, and what would become of one event."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said, Value


class PlannedProperty(Answer):
    """A property of an event."""

    name: str
    declared: str = Field(description="The type that tracking.yaml declares; empty for none.")
    required: bool
    seen: list[str] = Field(description="The types that its values have had.")
    breaks: bool = Field(description="Whether values came of another type than the one declared, or of several.")


class PlannedEvent(Answer):
    """An event that is declared, or has come."""

    name: str
    aliases: list[str]
    declared: bool
    count: int = Field(description="How often it has come.")
    properties: list[PlannedProperty]
    rejected: int = Field(description="How many like it are dead letters.")


class LetterGroup(Answer):
    """Dead letters that have the same fault."""

    source: str
    file: str = Field(description="The file that they come from; http for requests.")
    field: str
    reason: Said
    count: int
    last_at: IsoMoment
    event: str = Field(description="The event that the newest would have been; empty where that cannot be told.")
    raw: str = Field(description="The newest of them, as it came.")


class EventsPage(Answer):
    """Every event that is declared or has come, by name, and what was rejected, the most frequent fault first."""

    events: list[PlannedEvent]
    letters: list[LetterGroup]
    open_letters: int


class Remark(Answer):
    """Something found in a value, which does not keep the event out."""

    name: str
    text: Said


class TriedValue(Answer):
    """A value as it would be stored."""

    name: str
    type: str
    value: Value


class TriedEvent(Answer):
    """What would become of an event; see `kohort.pipeline.collection.trying.TriedEvent`."""

    fate: str = Field(description="accepted, duplicate, rejected or withheld.")
    pointer: str
    reason: Said
    remarks: list[Remark]
    type: str
    name: str
    at: IsoMoment | None
    event_id: str
    user_id: str
    anonymous_id: str
    person_id: str | None
    values: list[TriedValue]
    removed: list[str]
    choices: dict[str, bool]
    sent: bool = Field(False, description="Whether it was sent, and is in the journal.")
