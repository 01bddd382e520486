"""What a journey makes of changes of membership, and what becomes of a delivery: decisions, without any doing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kohort.activation.deliveries import Answer, Delivery, State
from kohort.clock import HOUR, MINUTE, SECOND, Moment
from kohort.definitions.journey import Cap, Change, JourneyDefinition

RETRIES: Final = (
    5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
"""How long after each failure a delivery is tried again; after one more it is a dead letter."""

GONE: Final = 410
"""The status by which a receiver says that it wants nothing more, ever."""

_MERGED: Final = "merged"
"""The cause of a row about somebody who is another person now: that one did not leave."""


@dataclass(frozen=True)
class LoggedChange:
    """A row of the membership log; one that `corrects` another says that this other never was."""

    seq: int
    segment: str
    version: int
    person_id: str
    change: Change
    effective_at: Moment
    cause: str
    corrects: int | None = None


class Reading:
    """Reads changes for one journey, in their order, beside the deliveries that there are of the same people.

    Changes from before `since` ask for nothing. `now` is when they are read; `named` gives ids that nobody had before;
    `user_ids` says what is known of people.
    """

    def __init__(
        self,
        journey: JourneyDefinition,
        since: Moment,
        now: Moment,
        known: Iterable[Delivery],
        user_ids: Mapping[str, str],
        named: Callable[[], str],
    ) -> None:
        self._journey, self._since, self._now = journey, since, now
        self._user_ids, self._named = user_ids, named
        self._of: dict[str, dict[str, Delivery]] = {}
        for one in known:
            self._of.setdefault(one.person_id, {})[one.delivery_id] = one
        self._changed: dict[str, Delivery] = {}

    def read(self, changes: Iterable[LoggedChange]) -> Sequence[Delivery]:
        """Return the deliveries that are new, or are no longer what they were."""
        for one in changes:
            if one.corrects is None:
                self._happened(one)
            else:
                self._corrected(one, one.corrects)
        return list(self._changed.values())

    def _happened(self, one: LoggedChange) -> None:
        if one.change == self._journey.unless:
            for delivery in self._those(one):
                if _is_pending(delivery) and delivery.effective_at <= one.effective_at <= delivery.due_at:
                    self._put(_undone(delivery, one.seq, self._now, f"{one.change} before it was due"))
        if one.change == self._journey.change and one.cause != _MERGED and one.effective_at >= self._since:
            due_at = one.effective_at + self._journey.wait
            self._put(
                Delivery(
                    delivery_id=self._named(),
                    journey=self._journey.name,
                    seq=one.seq,
                    segment=one.segment,
                    version=one.version,
                    person_id=one.person_id,
                    user_id=self._user_ids.get(one.person_id),
                    change=one.change,
                    effective_at=one.effective_at,
                    cause=one.cause,
                    due_at=due_at,
                    next_attempt_at=due_at,
                )
            )

    def _corrected(self, one: LoggedChange, never_was: int) -> None:
        its = sorted(self._those(one), key=lambda delivery: delivery.asked_by)
        newest = {delivery.seq: delivery for delivery in its if delivery.retracts is None}
        for delivery in newest.values():
            if never_was in {delivery.seq, delivery.restored_by}:
                self._undo(delivery, one)
            elif delivery.undone_by == never_was:
                # What undid it never was either, so it happened after all: told anew, since the old id was taken back.
                due_at = max(delivery.due_at, self._now)
                self._put(replace(_anew(delivery, self._named(), due_at), restored_by=one.seq))

    def _undo(self, delivery: Delivery, by: LoggedChange) -> None:
        was_tried = delivery.first_attempt_at is not None and delivery.undone_by is None
        if delivery.state is State.DELIVERED:
            self._put(replace(delivery, undone_by=by.seq))
        else:
            self._put(_undone(delivery, by.seq, self._now, "it never happened: a correction"))
        if was_tried:
            # Without an answer, too, the receiver may have it.
            retraction = _anew(delivery, self._named(), max(delivery.due_at, self._now))
            self._put(replace(retraction, seq=by.seq, retracts=delivery.delivery_id, cause=by.cause))

    def _those(self, one: LoggedChange) -> list[Delivery]:
        return list(self._of.get(one.person_id, {}).values())

    def _put(self, delivery: Delivery) -> None:
        self._of.setdefault(delivery.person_id, {})[delivery.delivery_id] = delivery
        self._changed[delivery.delivery_id] = delivery


def _is_pending(delivery: Delivery) -> bool:
    return delivery.state is State.WAITING and delivery.first_attempt_at is None and delivery.retracts is None


def _undone(delivery: Delivery, by: int, now: Moment, reason: str) -> Delivery:
    state = State.CAPPED if delivery.state is State.CAPPED else State.CANCELLED
    return replace(delivery, state=state, undone_by=by, settled_at=now, reason=reason)


def _anew(delivery: Delivery, delivery_id: str, due_at: Moment) -> Delivery:
    """Return a delivery of the same content that nobody has tried yet."""
    return replace(
        delivery,
        delivery_id=delivery_id,
        due_at=due_at,
        next_attempt_at=due_at,
        state=State.WAITING,
        undone_by=None,
        restored_by=None,
        attempts=0,
        first_attempt_at=None,
        settled_at=None,
        status=None,
        reason="",
    )


def is_capped(cap: Cap | None, delivered: Sequence[Moment], now: Moment) -> bool:
    """Tell whether a person was told of as often as allowed; `delivered` are the moments at which they were.

    >>> is_capped(Cap(1, every=7), [3], now=9), is_capped(Cap(1, every=7), [3], now=10)
    (True, False)
    """
    return cap is not None and sum(one > now - cap.every for one in delivered) >= cap.times


def capped(delivery: Delivery, cap: Cap, now: Moment) -> Delivery:
    """Return what becomes of a delivery about somebody who was told of as often as allowed."""
    words = "once" if cap.times == 1 else f"{cap.times} times"
    reason = f"told of {words} already, as often as `at_most` allows"
    return replace(delivery, state=State.CAPPED, settled_at=now, reason=reason)


def answered(delivery: Delivery, answer: Answer, now: Moment) -> Delivery:
    """Return what becomes of a delivery after an attempt.

    >>> letter = Delivery("msg_1", "offer", 7, "keen", 1, "p", None, "entered", 0, "rule", 0)
    >>> answered(letter, Answer(500, "answered 500"), now=0).next_attempt_at == 5 * SECOND
    True
    >>> answered(letter, Answer(503, "answered 503", wait=MINUTE), now=0).next_attempt_at == MINUTE
    True
    """
    tried = replace(delivery, attempts=delivery.attempts + 1, status=answer.status, reason=answer.reason)
    if not answer.reason:
        return replace(tried, state=State.DELIVERED, settled_at=now)
    if answer.status == GONE or tried.attempts > len(RETRIES):
        return replace(tried, state=State.DEAD, settled_at=now)
    return replace(tried, next_attempt_at=now + max(RETRIES[delivery.attempts], answer.wait or 0))
