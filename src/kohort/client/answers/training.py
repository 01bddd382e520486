"""Answers about training models: plans, and what has become of trainings."""

from msgspec import Struct

from kohort.client.answers.discovery import Words


class CutOff(Struct, frozen=True):
    """What was known at a moment of the past, and what came of it."""

    at: str
    rows: int
    reached: int


class TrainingPlan(Struct, frozen=True):
    """What a training would learn from. Nothing has begun."""

    score: str
    kind: str
    at: str
    known: int
    live: int | None
    candidate: int | None
    rows: int
    reached: int | None
    cut_offs: tuple[CutOff, ...]
    lack: str
    seconds: int | None
    why: Words
    token: str | None


class Training(Struct, frozen=True):
    """A training that was asked for, and what has become of it."""

    training_id: int
    score: str
    kind: str
    at: str
    rows: int
    state: str
    stage: str
    done: int
    whole: int
    asked_at: str
    began_at: str | None
    ended_at: str | None
    model: int | None
    reason: str


class TrainingList(Struct, frozen=True):
    """Trainings, the newest first, at most a hundred."""

    trainings: tuple[Training, ...]
