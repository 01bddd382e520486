"""Segments at a glance, and who is in them."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said


class Segment(Answer):
    """A segment at a glance, and how fresh it is."""

    name: str
    label: str
    version: int | None = Field(description="The version of its rule; null where none is in force.")
    size: int | None = Field(description="How many are in; null where it was never evaluated.")
    share: float | None = Field(description="The part of the population that is in.")
    at: IsoMoment | None = Field(description="The moment as of which they are in.")
    evaluated_at: IsoMoment | None = Field(description="When it was last evaluated.")
    lag_seconds: float | None = Field(description="How long ago that is.")
    stalled: bool = Field(description="Whether that is longer ago than the schedule's stalled_after.")
    note: Said = Field(description="Why it has no members, or what to know about them; empty for most.")


class Segments(Answer):
    """Every segment that is declared or in force."""

    segments: list[Segment]


class Member(Answer):
    """A person in a segment."""

    person_id: str
    user_id: str | None = Field(description="The earliest seen where there are several; null where unknown.")
    entered_at: IsoMoment | None = Field(description="Since when; null where the population's numbers decided.")


class Members(Answer):
    """A page of a segment's members, in the order of their person ids."""

    segment: str
    version: int | None = Field(description="The version of the rule that is in force.")
    at: IsoMoment = Field(description="The moment as of which they are in.")
    evaluated_at: IsoMoment | None = Field(description="When that was recorded; null where it was not.")
    lag_seconds: float | None = Field(description="How long ago that is.")
    seq: int | None = Field(description="The stream goes on from here: since=SEQ. Null where nothing was recorded.")
    size: int = Field(description="How many are in, on all pages.")
    members: list[Member]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")
