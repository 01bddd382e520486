"""What a rule gives, and why somebody is in or out."""

from pydantic import Field, field_validator

from kohort.web.api.models.answer import Answer, IsoMoment, Value


class Condition(Answer):
    """What one condition of a rule does, in people; see `kohort.segments.funnel.FunnelLine`."""

    depth: int = Field(description="How deep it stands in the rule; the whole stands at 0.")
    role: str
    joined: str = Field(description="The word that joins it to the condition before; empty for none.")
    sentence: str
    before: int = Field(description="How many come to it.")
    kept: int = Field(description="For how many of them it holds.")
    alone: int = Field(description="For how many of all people it holds.")
    without: int | None = Field(description="By how much the whole would grow without it; null where it must stay.")


class Preview(Answer):
    """What a rule gives that nobody saved: its exact size, and what each condition keeps."""

    sentence: str = Field(description="The rule as it is written in the project's language.")
    at: IsoMoment
    size: int
    population: int
    share: float
    sample: list[str] = Field(description="The person ids of a few members.")
    funnel: list[Condition]


class Fact(Answer):
    """An event that a person did, or a trait that was set."""

    name: str
    at: IsoMoment
    property: str | None
    value: Value | None
    mark: str = Field(
        description='How a trait\'s value that nobody told was made, such as "imputed by mice"; else empty.'
    )


class Doing(Answer):
    """Something that the person would do."""

    event: str
    times: int
    properties: dict[str, Value]

    @field_validator("properties", mode="before")
    @classmethod
    def _by_name(cls, pairs: object) -> object:
        return dict(pairs) if isinstance(pairs, tuple) else pairs


class Setting(Answer):
    """A trait that would take a value; null: be removed."""

    trait: str
    value: Value | None


class Outlook(Answer):
    """What would change a membership soonest."""

    time_alone: IsoMoment | None = Field(description="When it changes if nothing is done; null up to looked_until.")
    looked_until: IsoMoment
    single_change: Doing | Setting | None = Field(description="The least that would change it now, if one thing does.")


class Reason(Answer):
    """A part of a rule, and whether it holds of the person; see `kohort.engines.evaluation.Explanation`."""

    sentence: str
    holds: bool
    parts: list["Reason"]
    value: Value | None = Field(description="The person's value, of a condition; null where it is missing.")
    scored: Value | None = Field(description="What a score was computed from.")
    thresholds: list[Value] = Field(description="The numbers of the population that it was compared with.")
    population: int | None = Field(description="How many people those come from.")
    statistics_at: IsoMoment | None
    facts: list[Fact] = Field(description="The most telling few of facts_in_all.")
    facts_in_all: int


class Explanation(Reason):
    """Why a person is in a segment or not, since when, and what would change it."""

    segment: str
    person_id: str
    since: IsoMoment | None = Field(description="Since when it has been so; null where that is unknown, or always was.")
    outlook: Outlook | None
