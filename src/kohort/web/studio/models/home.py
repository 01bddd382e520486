"""Home as data."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said


class SegmentToday(Answer):
    """A segment in force, and who has entered and left since yesterday."""

    name: str
    labels: dict[str, str]
    size: int
    entered: int
    left: int
    net: int = Field(description="By how many it has grown.")


class Concern(Answer):
    """Something that needs somebody."""

    kind: str = Field(
        description="stalled, behind, damage, wrong (files), new, changed or removed (segments of the files that are "
        "not in force), letters (rejected), dead or retried (deliveries), training (of which nothing came), or finding."
    )
    count: int
    subjects: list[str] = Field(description="Segments, journeys, scores, or what a finding is about.")
    check: str = Field(description="The check of a finding.")
    detail: Said = Field(description="In the words of whoever found it.")
    at: IsoMoment | None = Field(description="Since when it is so, where that is known.")


class Setup(Answer):
    """How far a new project has come."""

    can_receive: bool = Field(description="Whether a source of files, a webhook or a write key is there.")
    has_events: bool
    has_segments: bool
    is_in_force: bool = Field(description="Whether any segment is in force.")
    is_whole: bool = Field(description="Whether nothing is left to do.")


class Home(Answer):
    """A project at a glance."""

    at: IsoMoment = Field(description="The project's present.")
    since: IsoMoment = Field(description="A day before; entered and left count from there.")
    people: int
    events: int
    memberships_at: IsoMoment | None = Field(description="The moment that sizes speak of.")
    evaluated_at: IsoMoment | None = Field(description="When segments were last evaluated.")
    waiting_since: IsoMoment | None = Field(description="Since when the oldest event waits to be counted.")
    segments: list[SegmentToday]
    concerns: list[Concern]
    setup: Setup
