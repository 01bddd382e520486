"""Trainings that were asked for, in the state store: one row each, and what has become of it.

One process at a time works on them, and holds the lock `training` while it does. So who finds a training that is
under way while nobody holds the lock knows that it was interrupted, whoever died and however.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from kohort.clock import Clock, Moment
from kohort.errors import CheckError, UnknownNameError
from kohort.governance.audit import SERVER, Actor, Door, note
from kohort.storage.folder import ProjectFolder
from kohort.storage.lock import is_held
from kohort.storage.state import TRAININGS, State

INTERRUPTED: Final = "its process ended before it was done, as it does when the server stops; ask for it again"


class TrainingState(StrEnum):
    """What becomes of a training."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Stage(StrEnum):
    """What a training does: it reads the history, learns, and keeps the model; before all, nothing yet."""

    NOTHING = ""
    READING = "reading"
    LEARNING = "learning"
    KEEPING = "keeping"


_OPEN: Final = (TrainingState.WAITING, TrainingState.RUNNING)
ENDED: Final = (TrainingState.DONE, TrainingState.FAILED, TrainingState.INTERRUPTED)
"""What a training comes to, once and for all."""


@dataclass(frozen=True)
class Training:
    """A training that was asked for: of which score, as of `at`, from how many `rows` at most, by whom.

    `done` of `whole` steps of the learning are over; `digest` is that of the model once it has learnt, and `model` its
    number in the registry. `reason` says why nothing came of it.
    """

    training_id: int
    score: str
    kind: str
    at: Moment
    parameters: str
    rows: int
    actor: str
    door: Door
    asked_at: Moment
    state: TrainingState = TrainingState.WAITING
    stage: Stage = Stage.NOTHING
    done: int = 0
    whole: int = 0
    began_at: Moment | None = None
    ended_at: Moment | None = None
    digest: str = ""
    model: int | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it."""
        return self.state in _OPEN

    @property
    def by(self) -> Actor:
        """Who asked for it."""
        return Actor(self.actor, self.door)


_COLUMNS: Final = tuple(one.name for one in fields(Training))
_BEGUN: Final = ("state", "stage", "began_at")
_OUTCOME: Final = ("state", "stage", "ended_at", "model", "reason")


class Trainings:
    """The trainings of a project, each change a transaction; the audit's line is in that of what it tells of."""

    def __init__(self, folder: ProjectFolder, clock: Clock) -> None:
        self._folder, self._state, self._clock = folder, State(folder.state), clock

    def ask(self, asked: Training) -> Training:
        """Keep a training that is asked for, and have it begun; raises CheckError while one of its score is open.

        The id and the time are given here.
        """
        interrupted = {one.training_id for one in self.list(asked.score) if one.state is TrainingState.INTERRUPTED}
        row = {name: value for name, value in vars(asked).items() if name != "training_id"}
        with self._state.writing() as connection:
            its = (TRAININGS.c.score == asked.score, TRAININGS.c.state.in_(_OPEN))
            for training_id in connection.scalars(sa.select(TRAININGS.c.training_id).where(*its)):
                if training_id not in interrupted:
                    raise CheckError(
                        f'a model of "{asked.score}" is being trained already (training {training_id}); wait until '
                        f"that has ended"
                    )
            row["asked_at"] = self._clock.now()
            made = sa.insert(TRAININGS).values(**row).returning(TRAININGS.c.training_id)
            training_id = connection.execute(made).scalar_one()
            note(connection, row["asked_at"], asked.by, "training asked", asked.score, f"training {training_id}")
        self.wake()
        return replace(asked, training_id=training_id, asked_at=row["asked_at"])

    def list(self, score: str | None = None, most: int = 100) -> tuple[Training, ...]:
        """Return the trainings of a score, or all, the newest first, at most so many.

        One whose process has died is interrupted, whether anybody has noted that or not.
        """
        wanted = sa.select(TRAININGS).order_by(TRAININGS.c.training_id.desc()).limit(most)
        return self._told(wanted if score is None else wanted.where(TRAININGS.c.score == score))

    def counts(self) -> dict[tuple[str, TrainingState], int]:
        """Return how many trainings of each score are in each state, as it was noted: what has ended is so for ever."""
        counted = sa.select(TRAININGS.c.score, TRAININGS.c.state, sa.func.count())
        with self._state.reading() as connection:
            rows = connection.execute(counted.group_by(TRAININGS.c.score, TRAININGS.c.state)).all()
        return {(score, TrainingState(state)): number for score, state, number in rows}

    def newest(self, state: TrainingState | None = None) -> dict[str, Training]:
        """Return the newest training of each score, or the newest in a state, as `list` tells it."""
        last = sa.select(sa.func.max(TRAININGS.c.training_id)).group_by(TRAININGS.c.score)
        its = last if state is None else last.where(TRAININGS.c.state == state)
        return {one.score: one for one in self._told(sa.select(TRAININGS).where(TRAININGS.c.training_id.in_(its)))}

    def find(self, training_id: int) -> Training:
        """Return a training; raises UnknownNameError for an id that none has."""
        found = self._told(sa.select(TRAININGS).where(TRAININGS.c.training_id == training_id))
        if not found:
            raise UnknownNameError("training", str(training_id), [str(one.training_id) for one in self.list(most=20)])
        return found[0]

    def begin_next(self) -> Training | None:
        """Return the training that has waited longest, begun; None where none waits. The caller holds the lock."""
        with self._state.writing() as connection:
            row = connection.execute(_of_states(TrainingState.WAITING).limit(1)).mappings().one_or_none()
            if row is None:
                return None
            now = self._clock.now()
            begun = replace(_training(dict(row)), state=TrainingState.RUNNING, stage=Stage.READING, began_at=now)
            _change(connection, begun.training_id, {name: getattr(begun, name) for name in _BEGUN})
        return begun

    def tell(self, training_id: int, stage: Stage, done: int = 0, whole: int = 0, digest: str = "") -> None:
        """Note how far a training has come."""
        said = {"stage": stage, "done": done, "whole": whole, "digest": digest}
        with self._state.writing() as connection:
            _change(connection, training_id, said)

    def end(self, training: Training, state: TrainingState, *, model: int | None = None, reason: str = "") -> Training:
        """Note what has become of a training, in the audit too, and return it."""
        now = self._clock.now()
        ended = replace(training, state=state, stage=Stage.NOTHING, ended_at=now, model=model, reason=reason)
        of = training.score if model is None else f"{training.score} {model}"
        action = "model trained" if state is TrainingState.DONE else f"training {state}"
        with self._state.writing() as connection:
            _change(connection, training.training_id, {name: getattr(ended, name) for name in _OUTCOME})
            by = SERVER if state is TrainingState.INTERRUPTED else training.by
            note(connection, now, by, action, of, f"training {training.training_id}")
        return ended

    def settle(self, kept: Callable[[Training], int | None]) -> None:
        """End what a process left under way that has died. The caller holds the lock.

        `kept` tells the number of the model of one in the registry, None where it is not there.
        """
        for one in self._read(_of_states(TrainingState.RUNNING)):
            number = kept(one) if one.digest else None
            if number is None:
                self.end(one, TrainingState.INTERRUPTED, reason=INTERRUPTED)
            else:
                self.end(one, TrainingState.DONE, model=number)

    def wake(self) -> None:
        """Have the server's process for it begin, where anything is open."""
        if self._read(_of_states(*_OPEN)):
            self._folder.training_asked.touch()

    def rest(self) -> None:
        """Let the server's process for it end; whoever asks from now on has it begin again."""
        self._folder.training_asked.unlink(missing_ok=True)

    def _told(self, wanted: sa.Select[Any]) -> tuple[Training, ...]:
        """Return trainings as they are told: what nobody works on any more is interrupted."""
        rows = self._read(wanted)
        if all(one.state is not TrainingState.RUNNING for one in rows) or is_held(self._folder.training):
            return rows
        # Whoever held the lock may have ended it since the rows were read, and let go of the lock then.
        return tuple(_ended(one) for one in self._read(wanted))

    def _read(self, wanted: sa.Select[Any]) -> tuple[Training, ...]:
        with self._state.reading() as connection:
            return tuple(_training(dict(row)) for row in connection.execute(wanted).mappings())


def _of_states(*states: TrainingState) -> sa.Select[Any]:
    return sa.select(TRAININGS).where(TRAININGS.c.state.in_(states)).order_by(TRAININGS.c.training_id)


def _change(connection: sa.Connection, training_id: int, values: Mapping[str, object]) -> None:
    connection.execute(sa.update(TRAININGS).where(TRAININGS.c.training_id == training_id).values(dict(values)))


def _training(row: Mapping[str, Any]) -> Training:
    said = {name: row[name] for name in _COLUMNS}
    return Training(**{**said, "state": TrainingState(said["state"]), "stage": Stage(said["stage"])})


def _ended(one: Training) -> Training:
    if one.state is not TrainingState.RUNNING:
        return one
    return replace(one, state=TrainingState.INTERRUPTED, stage=Stage.NOTHING, reason=INTERRUPTED)
