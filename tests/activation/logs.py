"""Membership logs written as stories, and the ledger that a test reads them into."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Literal

from kohort.activation.decisions import LoggedChange, Reading, answered, capped, is_capped
from kohort.activation.deliveries import Answer, Delivery, State
from kohort.activation.ledger import Ledger, Progress
from kohort.clock import MINUTE, Moment
from kohort.definitions.journey import Change, JourneyDefinition, journey_definition_of
from kohort.storage.state import State as Store
from small_shop import NOW

Decide = Callable[[Sequence[Delivery]], Iterable[Delivery]]
ROW = re.compile(r"(\d\d):(\d\d) (\w+) (entered|left)(?: \(never: row (\d+)\))?(?: as (\w+))?")


def a_journey(**says: object) -> JourneyDefinition:
    """Return a journey that tells at once of whoever enters the segment "keen"."""
    document = {
        "version": 1,
        "name": "offer",
        "when": {"enters": "keen"},
        "webhook": {"url": "https://mail.example/hook", "secret": {"env": "OFFER_SECRET"}},
    }
    return journey_definition_of(document | says, "journeys/offer.yaml")


def at(clock: str) -> Moment:
    """Return a time of the day "09:30" as a moment."""
    hours, minutes = clock.split(":")
    return NOW + (60 * int(hours) + int(minutes)) * MINUTE


def rows(*texts: str, first: int = 1) -> list[LoggedChange]:
    """Return rows such as "10:00 ada entered", "10:00 ada left (never: row 1)", "11:00 ada left as merged"."""
    found = []
    for seq, text in enumerate(texts, start=first):
        match = ROW.fullmatch(text)
        assert match, text
        change: Literal["entered", "left"] = "entered" if match[4] == "entered" else "left"
        corrects = int(match[5]) if match[5] else None
        cause = match[6] or ("rule" if corrects is None else "history")
        moment = at(f"{match[1]}:{match[2]}")
        found.append(LoggedChange(seq, "keen", 1, match[3], change, moment, cause, corrects))
    return found


class ListLedger:
    """What a ledger does, in the slow and obvious way: a list of deliveries, and how far the log was read."""

    def __init__(self) -> None:
        self.deliveries: dict[str, Delivery] = {}
        self.progress: Progress | None = None

    def begin(self, names: Iterable[str], cursor: int, now: Moment) -> dict[str, Progress]:
        self.progress = self.progress or Progress(now, cursor, None)
        return dict.fromkeys(names, self.progress)

    def take_in(self, _journey: str, people: Sequence[str], decide: Decide, progress: Progress, cursor: int) -> bool:
        known = [one for one in self.deliveries.values() if one.person_id in people]
        self.deliveries |= {one.delivery_id: one for one in decide(known)}
        self.progress = replace(progress, cursor=cursor)
        return True

    def start(self, journey: JourneyDefinition, now: Moment, most: int) -> tuple[list[Delivery], int]:
        waiting = [one for one in self.deliveries.values() if one.state is State.WAITING]
        due = []
        for one in sorted(waiting, key=lambda one: (one.next_attempt_at, one.seq)):
            ahead = any(
                other.person_id == one.person_id and (other.due_at, other.asked_by) < (one.due_at, one.asked_by)
                for other in waiting
            )
            if one.next_attempt_at <= now and not ahead:
                due.append(one)
        tried = []
        for one in due[:most]:
            told = [
                other.settled_at
                for other in self.deliveries.values()
                if other.person_id == one.person_id and other.state is State.DELIVERED and other.retracts is None
            ]
            is_new = one.first_attempt_at is None and one.retracts is None
            if journey.at_most and is_new and is_capped(journey.at_most, [at or 0 for at in told], now):
                self.deliveries[one.delivery_id] = capped(one, journey.at_most, now)
            else:
                tried.append(replace(one, first_attempt_at=one.first_attempt_at or now))
                self.deliveries[one.delivery_id] = tried[-1]
        return tried, len(due[:most]) - len(tried)

    def finish(self, answers: Sequence[tuple[Delivery, Answer]], now: Moment) -> list[Delivery]:
        found = [answered(delivery, answer, now) for delivery, answer in answers]
        self.deliveries |= {one.delivery_id: one for one in found}
        return found

    def list(self) -> "Sequence[Delivery]":
        return list(self.deliveries.values())


@dataclass
class Story:
    """A journey, its ledger, and a receiver that is a list."""

    journey: JourneyDefinition
    ledger: Ledger | ListLedger
    now: Moment = NOW
    received: list[Delivery] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def read(self, now: str, *texts: str) -> None:
        """Read the next rows of the log, at a time of the day."""
        progress = self.ledger.begin(["offer"], 0, NOW)["offer"]
        self.take(at(now), rows(*texts, first=progress.cursor + 1))

    def take(self, now: Moment, changes: Sequence[LoggedChange]) -> None:
        """Read these rows."""
        progress = self.ledger.begin(["offer"], 0, NOW)["offer"]
        end = max((one.seq for one in changes), default=progress.cursor)

        def decide(known: Sequence[Delivery]) -> Sequence[Delivery]:
            named = (f"msg_{number}" for number in self.numbers)
            return Reading(self.journey, progress.since, now, known, {}, named.__next__).read(changes)

        people = sorted({one.person_id for one in changes})
        assert self.ledger.take_in("offer", people, decide, progress, end)

    def send(self, now: str, *statuses: int) -> list[str]:
        """Send what is due at a time of the day, answered by these statuses, the last for good; return what came."""
        return self.deliver(at(now), *statuses)

    def deliver(self, now: Moment, *statuses: int) -> list[str]:
        left = list(statuses or [204])
        came: list[str] = []
        while True:
            batch, over = self.ledger.start(self.journey, now, 16)
            if not batch and not over:
                return came
            answers = []
            for one in batch:
                status = left.pop(0) if len(left) > 1 else left[0]
                answers.append((one, Answer(status, "" if status < 300 else f"answered {status}")))
                came.append(said(one))
                if status < 300:
                    self.received.append(one)
            self.ledger.finish(answers, now)

    @property
    def states(self) -> list[str]:
        """Who is told of what, and how far that has come: as "ada 10:00 delivered", in the order of the log."""
        listed = sorted(self.ledger.list(), key=lambda one: one.asked_by)
        return [f"{said(one)} {one.state}" for one in listed]


def said(one: Delivery) -> str:
    minutes = (one.effective_at - NOW) // MINUTE
    taken_back = "not " if one.retracts else ""
    return f"{taken_back}{one.person_id} {minutes // 60:02}:{minutes % 60:02}"


def a_story(folder: Path, **says: object) -> Story:
    """Return a journey with an empty ledger."""
    return Story(a_journey(**says), Ledger(Store(folder / "state.sqlite")))


def never(log: Sequence[LoggedChange]) -> set[int | None]:
    """Return the rows of a whole log that never were: those that a row corrects which itself stands."""
    found: set[int | None] = set()
    for one in reversed(log):
        if one.seq not in found:
            found.add(one.corrects)
    return found


def standing(log: Sequence[LoggedChange], change: Change) -> list[tuple[str, Moment]]:
    """Return who did a change when, by a whole log: the slow and obvious way."""
    wrong = never(log)
    return sorted(
        (one.person_id, one.effective_at)
        for one in log
        if one.seq not in wrong and one.corrects is None and one.change == change
    )
