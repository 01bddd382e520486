"""A delivery: one webhook of one journey about one person, from the change that asks for it to its end."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, format_moment
from kohort.definitions.journey import Change

_UTC: Final = ZoneInfo("UTC")


class State(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    """It is not due yet, or will be tried again."""

    DELIVERED = "delivered"
    """The receiver has answered that it has it."""

    DEAD = "dead"
    """It was tried as often as it is worth; a dead letter, until somebody has it sent again."""

    CANCELLED = "cancelled"
    """What it speaks of was undone before."""

    CAPPED = "capped"
    """The person was told of as often as `at_most` allows."""


@dataclass(frozen=True)
class Delivery:
    """One webhook: what it says, and what has become of it.

    `delivery_id` is its id for the receiver too, the same at every attempt. `seq` is the row of the membership log that
    asks for it; `restored_by` one that said, after it had been taken back, that it happened after all. One that
    `retracts` another says that this other's change never was. `undone_by` is the row that undid the change, None while
    it stands. `first_attempt_at` None means that nobody can have received it.
    """

    delivery_id: str
    journey: str
    seq: int
    segment: str
    version: int
    person_id: str
    user_id: str | None
    change: Change
    effective_at: Moment
    cause: str
    due_at: Moment
    state: State = State.WAITING
    retracts: str | None = None
    undone_by: int | None = None
    restored_by: int | None = None
    attempts: int = 0
    next_attempt_at: Moment = 0
    first_attempt_at: Moment | None = None
    settled_at: Moment | None = None
    status: int | None = None
    reason: str = ""

    @property
    def asked_by(self) -> int:
        """The row of the log that asks for this very delivery."""
        return self.restored_by or self.seq


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: the HTTP status, None for no answer; `reason` says in words why it failed, "" if not.

    `wait` is how long, in microseconds, the receiver asked to be left in peace.
    """

    status: int | None
    reason: str = ""
    wait: int | None = None


def body_of(delivery: Delivery) -> bytes:
    """Return what a webhook says, in JSON: the same bytes at every attempt.

    >>> delivery = Delivery("msg_1", "offer", 7, "keen", 1, "p", "ada", "entered", 0, "rule", 0)
    >>> msgspec.json.decode(body_of(delivery))["type"]
    'membership.entered'
    """
    said: dict[str, object] = {
        "id": delivery.delivery_id,
        "journey": delivery.journey,
        "segment": delivery.segment,
        "version": delivery.version,
        "person_id": delivery.person_id,
        "user_id": delivery.user_id,
        "change": delivery.change,
        "effective_at": format_moment(delivery.effective_at, _UTC),
        "cause": delivery.cause,
    }
    if delivery.retracts is not None:
        said["retracts"] = delivery.retracts
    kind = delivery.change if delivery.retracts is None else "retracted"
    body = {"type": f"membership.{kind}", "timestamp": said["effective_at"], "data": said}
    return msgspec.json.encode(body)
