"""What the API answers, as OpenAPI describes it. Moments are ISO 8601 in UTC, to the microsecond."""

from pydantic import BaseModel, Field


class Segment(BaseModel):
    """A segment at a glance, and how fresh it is."""

    name: str
    label: str
    version: int | None = Field(description="The version of its rule; null where none is in force.")
    size: int | None = Field(description="How many are in; null where it was never evaluated.")
    share: float | None = Field(description="The part of the population that is in.")
    at: str | None = Field(description="The moment as of which they are in.")
    evaluated_at: str | None = Field(description="When it was last evaluated.")
    lag_seconds: float | None = Field(description="How long ago that is.")
    stalled: bool = Field(description="Whether that is longer ago than the schedule's stalled_after.")
    note: str = Field(description="Why it has no members, or what to know about them; empty for most.")


class Segments(BaseModel):
    """Every segment that is declared or in force."""

    segments: list[Segment]


class Member(BaseModel):
    """A person in a segment."""

    person_id: str
    user_id: str | None = Field(description="The earliest seen where there are several; null where unknown.")
    entered_at: str | None = Field(description="Since when; null where that came through the population's numbers.")


class Members(BaseModel):
    """A page of a segment's members, in the order of their person ids."""

    segment: str
    version: int | None = Field(description="The version of the rule that is in force.")
    at: str = Field(description="The moment as of which they are in.")
    evaluated_at: str | None = Field(description="When that was recorded; null where the rule was evaluated for you.")
    lag_seconds: float | None = Field(description="How long ago that is.")
    seq: int | None = Field(description="The stream goes on from here: since=SEQ. Null where nothing was recorded.")
    size: int = Field(description="How many are in, on all pages.")
    members: list[Member]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")
