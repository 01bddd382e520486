"""Plans to train models, and what became of trainings."""

from pydantic import BaseModel, ConfigDict, Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said
from kohort.web.api.models.discovery import Words


class TrainingPlanAsked(BaseModel):
    """A training to plan."""

    model_config = ConfigDict(extra="forbid")

    at: str | None = Field(None, description="A moment, ISO 8601; by default the project's present.")


class CutOff(Answer):
    """What was known at a moment of the past, and what came of it."""

    at: IsoMoment
    rows: int
    reached: int = Field(description="How many of the rows reached the goal.")


class TrainingPlan(Answer):
    """What a training would learn from. Nothing has begun."""

    score: str
    kind: str = Field(description="clusters, prediction, lookalike or supervised.")
    at: IsoMoment = Field(description="The moment of the data.")
    known: int = Field(description="The newest record of the journal that the data hold.")
    live: int | None = Field(description="The number of the model in force; null for none.")
    candidate: int | None = Field(description="The number of one that waits to be promoted already.")
    rows: int = Field(description="The most examples that it would learn from.")
    reached: int | None = Field(description="How many of them are examples of what is learnt; null for clusters.")
    cut_offs: list[CutOff] = Field(description="Of a prediction, the last of which judges; of others none.")
    lack: Said = Field(description="Why nothing can be learnt, as far as is known already.")
    seconds: int | None = Field(description="About how long it takes, by the last one; null where none was.")
    why: Words = Field(description="What speaks for it.")
    token: str | None = Field(description="What to begin exactly this with; null where nothing can be learnt.")


class TrainingAsked(BaseModel):
    """A training to begin."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=100_000, description="The token of a plan.")


class Training(Answer):
    """A training that was asked for, and what has become of it."""

    training_id: int
    score: str
    kind: str
    at: IsoMoment = Field(description="The moment of the data.")
    rows: int = Field(description="The most examples that it learns from, as it was planned.")
    state: str = Field(description="waiting, running, done, failed or interrupted.")
    stage: str = Field(description="reading, learning or keeping while it runs, else empty.")
    done: int = Field(description="How many steps of the learning are over.")
    whole: int = Field(description="How many there are; 0 before they are known.")
    asked_at: IsoMoment
    began_at: IsoMoment | None
    ended_at: IsoMoment | None
    model: int | None = Field(description="The number of the candidate that came of it.")
    reason: Said = Field(description="Why nothing came of it.")


class TrainingList(Answer):
    """Trainings, the newest first, at most a hundred."""

    trainings: list[Training]
