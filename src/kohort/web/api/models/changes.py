"""Plans of changes to segments, and what became of them."""

from pydantic import BaseModel, ConfigDict, Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said


class Rollback(BaseModel):
    """Going back: one segment to a version, or all to before the last application."""

    model_config = ConfigDict(extra="forbid")

    segment: str | None = Field(None, description="The segment; null for all.")
    version: int | None = Field(
        None, ge=1, le=2**31, description="Its version; null for the one before the last change."
    )


class PromotionAsked(BaseModel):
    """Putting a model in force, or going back to one."""

    model_config = ConfigDict(extra="forbid")

    score: str = Field(max_length=1_000, description="A score that has models.")
    number: int | None = Field(
        None, ge=1, le=2**31, description="Its model; null for the newest candidate, or the one in force before."
    )
    rollback: bool = Field(False, description="Whether to go back to a model that was in force.")


class PlanAsked(BaseModel):
    """A change to plan: what the files say, sentences instead of theirs, going back, or another model."""

    model_config = ConfigDict(extra="forbid")

    at: str | None = Field(None, description="A moment, ISO 8601; by default the project's present.")
    instead: dict[str, str] = Field({}, description="Other sentences than the files', by segment: to look at only.")
    rollback: Rollback | None = Field(None, description="What to go back to, instead of applying the files.")
    promotion: PromotionAsked | None = Field(None, description="Another model, instead of applying the files.")


class SegmentChange(Answer):
    """What would become of one segment."""

    segment: str
    kind: str = Field(description="new, changed, changed through, or removed.")
    through: list[str] = Field(description="What it refers to and changes by.")
    version: int
    before: str | None = Field(description="Its sentence in force, in English.")
    after: str | None
    size_before: int
    size_after: int
    entering: int
    leaving: int
    entering_sample: list[str] = Field(description="A few of them, by user id.")
    leaving_sample: list[str]
    downstream: list[str] = Field(description="The segments that refer to it.")


class Broken(Answer):
    """A guard rail that a segment would break."""

    guard: str
    segment: str
    words: Said
    stops: bool = Field(description="Whether it stops an application that is not made despite it.")


class Verdict(Answer):
    """What became of a test."""

    segment: str
    test: str
    state: str = Field(description="passed, failed, or skipped.")
    found: Said


class ModelChange(Answer):
    """The model that a plan puts in force."""

    score: str
    run: int = Field(description="Its number among the models of its score.")
    before: int | None = Field(description="That of the model in force; null for none.")
    trait: str = Field(description="The trait by which it is counted whose score changes.")
    scored: int = Field(description="How many people the model scores.")
    moved: int = Field(description="How many of them, or of those who lose their score, have another value than now.")
    journeys: list[str] = Field(description="Those that tell of segments that would change.")


class Plan(Answer):
    """What would change. Nothing has."""

    at: IsoMoment
    population: int
    changes: list[SegmentChange]
    unchanged: list[str]
    broken: list[Broken]
    verdicts: list[Verdict]
    left_out: dict[str, Said] = Field(description="Segments that cannot be evaluated yet, and why.")
    model: ModelChange | None = Field(description="The model that it puts in force; null where it changes segments.")
    token: str | None = Field(description="What to apply exactly this with; null for a plan that is only to look at.")


class ApplicationAsked(BaseModel):
    """A plan to put in force."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=10_000_000, description="The token of a plan.")
    despite: list[str] = Field([], max_length=20, description="Guard rails to override.")
    reason: str = Field("", max_length=1_000, description="Why they are overridden; it is kept.")


class Application(Answer):
    """What became of a plan that was applied."""

    changed: bool = Field(description="Whether there was anything to change.")
