"""The ledger of deliveries in the state store: what was asked for, how far each has come.

Each method is one transaction, so a process that dies leaves what was before it, or after.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import sqlalchemy as sa

from kohort.activation.decisions import answered, capped, is_capped
from kohort.activation.deliveries import Answer, Delivery, State
from kohort.clock import DAY, Moment
from kohort.definitions.journey import Cap, JourneyDefinition
from kohort.errors import UnknownNameError
from kohort.storage import state as store

KEPT: Final = 90 * DAY
"""How long what is settled is remembered at least."""
_PEOPLE_AT_ONCE: Final = 10_000
_SETTLED: Final = (State.DELIVERED, State.CANCELLED, State.CAPPED)
_D: Final = store.DELIVERIES
_J: Final = store.JOURNEYS
_COLUMNS: Final = tuple(one.name for one in fields(Delivery))


@dataclass(frozen=True)
class Progress:
    """How far a journey has come: first seen at `since`, the log read up to `cursor`; `gone_url` wants nothing more."""

    since: Moment
    cursor: int
    gone_url: str | None


class Ledger:
    """The deliveries of a project."""

    def __init__(self, state: store.State) -> None:
        self._state = state

    def begin(self, names: Iterable[str], cursor: int, now: Moment) -> dict[str, Progress]:
        """Return how far these journeys have come; those never seen before begin now, after the log's row `cursor`."""
        wanted = list(names)
        with self._state.reading() as connection:
            found = _progress(connection, wanted)
        new = [name for name in wanted if name not in found]
        if not new:
            return found
        with self._state.writing() as connection:
            found = _progress(connection, wanted)
            rows = [{"name": name, "since": now, "cursor": cursor} for name in new if name not in found]
            if rows:
                connection.execute(_J.insert(), rows)
            return _progress(connection, wanted)

    def take_in(
        self,
        journey: str,
        people: Sequence[str],
        decide: Callable[[Sequence[Delivery]], Iterable[Delivery]],
        progress: Progress,
        cursor: int,
    ) -> bool:
        """Keep what `decide` makes of the deliveries about `people`, and that the log was read up to `cursor`.

        Does nothing, and says False, if the journey is no longer where `progress` says: another has read on.
        """
        moved = sa.update(_J).where(_J.c.name == journey, _J.c.cursor == progress.cursor).values(cursor=cursor)
        with self._state.writing() as connection:
            if connection.execute(moved).rowcount == 0:
                return False
            known = list(_about(connection, journey, people))
            ids = {one.delivery_id for one in known}
            new = []
            for one in decide(known):
                if one.delivery_id in ids:
                    connection.execute(sa.update(_D).where(_D.c.delivery_id == one.delivery_id).values(_row(one)))
                else:
                    new.append(_row(one))
            if new:
                connection.execute(_D.insert(), new)
        return True

    def start(self, journey: JourneyDefinition, now: Moment, most: int) -> tuple[list[Delivery], int]:
        """Return up to `most` deliveries that are due, marked as tried, and how many more were found to be capped.

        Of one person only the first that is not settled is due, so that each gets to know of things in their order.
        """
        with self._state.writing() as connection:
            due = [_delivery(row) for row in connection.execute(_due(journey.name, now, most)).mappings()]
            over = _over(connection, journey, due, now)
            for one in due:
                if one.delivery_id in over and journey.at_most is not None:
                    _replace(connection, capped(one, journey.at_most, now))
            tried = [one for one in due if one.delivery_id not in over]
            first = [one.delivery_id for one in tried if one.first_attempt_at is None]
            if first:
                connection.execute(sa.update(_D).where(_D.c.delivery_id.in_(first)).values(first_attempt_at=now))
        return [replace(one, first_attempt_at=one.first_attempt_at or now) for one in tried], len(over)

    def finish(self, answers: Sequence[tuple[Delivery, Answer]], now: Moment) -> list[Delivery]:
        """Keep what came of attempts, and return what has become of these deliveries.

        One that was undone meanwhile stays undone; whether it was received is noted all the same.
        """
        found = [answered(delivery, answer, now) for delivery, answer in answers]
        with self._state.writing() as connection:
            for one in found:
                if not _replace(connection, one) and one.state is State.DELIVERED:
                    received = {"state": one.state, "settled_at": now, "status": one.status}
                    connection.execute(sa.update(_D).where(_D.c.delivery_id == one.delivery_id).values(received))
        return found

    def give_up(self, journey: str, url: str, now: Moment) -> int:
        """Note that an address wants nothing more, make dead letters of what is due there, and return how many."""
        dead = {
            "state": State.DEAD,
            "settled_at": now,
            "reason": "the receiver wants nothing more: it answered 410; give another address, or retry",
        }
        due = (_D.c.journey == journey, _D.c.state == State.WAITING, _D.c.next_attempt_at <= now)
        with self._state.writing() as connection:
            connection.execute(sa.update(_J).where(_J.c.name == journey).values(gone_url=url))
            return connection.execute(sa.update(_D).where(*due).values(dead)).rowcount

    def retry(self, ids: Sequence[str], now: Moment) -> int:
        """Send dead letters again, these or all, as if they were new; return how many.

        Raises UnknownNameError for an id that no dead letter has.
        """
        chosen = _D.c.state == State.DEAD
        with self._state.writing() as connection:
            dead = set(connection.scalars(sa.select(_D.c.delivery_id).where(chosen)))
            for one in ids:
                if one not in dead:
                    raise UnknownNameError("dead letter", one, dead)
            chosen = sa.and_(chosen, _D.c.delivery_id.in_(ids)) if ids else chosen
            journeys = sa.select(_D.c.journey).where(chosen)
            connection.execute(sa.update(_J).where(_J.c.name.in_(journeys)).values(gone_url=None))
            again = {"state": State.WAITING, "attempts": 0, "next_attempt_at": now, "settled_at": None, "reason": ""}
            return connection.execute(sa.update(_D).where(chosen).values(again)).rowcount

    def list(self, states: Iterable[State] = (), most: int | None = None) -> list[Delivery]:
        """Return deliveries in these states, or in all: those due last come first."""
        asked = sa.select(_D).order_by(_D.c.due_at.desc(), _D.c.seq.desc(), _D.c.delivery_id).limit(most)
        if wanted := tuple(states):
            asked = asked.where(_D.c.state.in_(wanted))
        with self._state.reading() as connection:
            return [_delivery(row) for row in connection.execute(asked).mappings()]

    def counts(self) -> Mapping[tuple[str, State], int]:
        """Return how many deliveries there are, by journey and state."""
        counted = sa.select(_D.c.journey, _D.c.state, sa.func.count()).group_by(_D.c.journey, _D.c.state)
        with self._state.reading() as connection:
            return {(journey, State(state)): number for journey, state, number in connection.execute(counted)}

    def failing(self) -> Mapping[str, int]:
        """Return how many deliveries have failed and will be tried again, by journey."""
        counted = sa.select(_D.c.journey, sa.func.count()).where(_D.c.state == State.WAITING, _D.c.attempts > 0)
        with self._state.reading() as connection:
            found = connection.execute(counted.group_by(_D.c.journey)).all()
        return {journey: number for journey, number in found}  # noqa: C416 - rows are no pairs to type checkers

    def is_due(self, journey: str, now: Moment) -> bool:
        """Tell whether anything of a journey is due."""
        with self._state.reading() as connection:
            return connection.execute(_due(journey, now, 1)).first() is not None

    def forget(self, journey: JourneyDefinition, now: Moment) -> int:
        """Drop what was settled longer ago than anything asks for; dead letters stay."""
        every = journey.at_most.every if journey.at_most else 0
        old = (_D.c.state.in_(_SETTLED), _D.c.settled_at < now - max(KEPT, every))
        with self._state.writing() as connection:
            return connection.execute(sa.delete(_D).where(_D.c.journey == journey.name, *old)).rowcount


def _progress(connection: sa.Connection, names: Sequence[str]) -> dict[str, Progress]:
    rows = connection.execute(sa.select(_J).where(_J.c.name.in_(names)))
    return {row.name: Progress(row.since, row.cursor, row.gone_url) for row in rows}


def _about(connection: sa.Connection, journey: str, people: Sequence[str]) -> Iterator[Delivery]:
    for first in range(0, len(people), _PEOPLE_AT_ONCE):
        some = people[first : first + _PEOPLE_AT_ONCE]
        asked = sa.select(_D).where(_D.c.journey == journey, _D.c.person_id.in_(some)).order_by(_D.c.seq)
        yield from (_delivery(row) for row in connection.execute(asked).mappings())


def _due(journey: str, now: Moment, most: int) -> sa.Select[Any]:
    before = _D.alias("before")
    asked_before = sa.func.coalesce(before.c.restored_by, before.c.seq) < sa.func.coalesce(_D.c.restored_by, _D.c.seq)
    earlier = sa.or_(before.c.due_at < _D.c.due_at, sa.and_(before.c.due_at == _D.c.due_at, asked_before))
    same = (before.c.journey == _D.c.journey, before.c.person_id == _D.c.person_id, before.c.state == State.WAITING)
    ahead = sa.select(before.c.delivery_id).where(*same, earlier).correlate(_D).exists()
    waiting = (_D.c.journey == journey, _D.c.state == State.WAITING, _D.c.next_attempt_at <= now)
    return sa.select(_D).where(*waiting, ~ahead).order_by(_D.c.next_attempt_at, _D.c.seq).limit(most)


def _over(connection: sa.Connection, journey: JourneyDefinition, due: Sequence[Delivery], now: Moment) -> set[str]:
    """Return which of these deliveries are capped: never one that was tried before, or that takes another back."""
    cap = journey.at_most
    candidates = [one for one in due if one.first_attempt_at is None and one.retracts is None]
    if cap is None or not candidates:
        return set()
    told = _told(connection, journey.name, cap, [one.person_id for one in candidates], now)
    return {one.delivery_id for one in candidates if is_capped(cap, told.get(one.person_id, ()), now)}


def _told(
    connection: sa.Connection, journey: str, cap: Cap, people: Sequence[str], now: Moment
) -> dict[str, list[Moment]]:
    asked = sa.select(_D.c.person_id, _D.c.settled_at).where(
        _D.c.journey == journey,
        _D.c.person_id.in_(people),
        _D.c.state == State.DELIVERED,
        _D.c.retracts.is_(None),
        _D.c.settled_at > now - cap.every,
    )
    found: dict[str, list[Moment]] = {}
    for person, settled_at in connection.execute(asked):
        found.setdefault(person, []).append(settled_at)
    return found


def _replace(connection: sa.Connection, delivery: Delivery) -> bool:
    still = (_D.c.delivery_id == delivery.delivery_id, _D.c.state == State.WAITING)
    return connection.execute(sa.update(_D).where(*still).values(_row(delivery))).rowcount > 0


def _row(delivery: Delivery) -> dict[str, object]:
    return {name: getattr(delivery, name) for name in _COLUMNS}


def _delivery(row: sa.RowMapping) -> Delivery:
    return Delivery(**{name: row[name] for name in _COLUMNS} | {"state": State(row["state"])})
