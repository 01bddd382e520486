"""Memberships kept up live: who enters and leaves is recorded as it happens, between epochs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from kohort.clock import Moment
from kohort.definitions.live import LiveSettings
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.live.flips import Cause as Reason
from kohort.pipeline.changes import Evaluated, MembershipChanges
from kohort.pipeline.epochs import believed, rules_in_force
from kohort.pipeline.histories import open_history
from kohort.pipeline.live.corrections import Corrections, keys_taken_back
from kohort.pipeline.live.front import Front
from kohort.pipeline.live.lookup import told_of
from kohort.pipeline.live.settling import Found, Settling
from kohort.pipeline.logging import logged_of, said_of
from kohort.pipeline.versions import InForce, recorded
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.segments.membership import Cause, Membership, MembershipChange
from kohort.storage.records import MembershipsKept

_CHANGES_A_RECORD = 100_000


@dataclass(frozen=True)
class Basis:
    """What the members of all segments rest on besides what people do: another basis needs another engine.

    `epoch` is the journal number of the latest epoch, `since` the moment from which on the log tells of the segments
    in force.
    """

    epoch: int
    since: Moment
    force: InForce
    catalog: Catalog
    rules: dict[str, Rule]

    @classmethod
    def of(cls, workspace: Workspace) -> "Basis":
        """Return what is in force now."""
        force = workspace.in_force()
        epochs = {row["seq"]: row["at"] for row in recorded(workspace.tables, "epochs").to_pylist()}
        # Before there was `kohort apply`, the epoch was the record that followed.
        first = min((seq for seq in epochs if seq >= force.seq), default=0)
        return cls(max(epochs, default=0), epochs.get(first, 0), force, *rules_in_force(workspace, force))

    @property
    def names(self) -> list[str]:
        """The segments, in the order of their rules."""
        return list(self.rules)


@dataclass
class State:
    """The engine, whom it knows by which number, and what it has been told."""

    basis: Basis
    engine: LiveEngine
    front: Front
    people: list[str]
    numbers: dict[str, int]
    waiting: Settling

    def number(self, people: Iterable[str]) -> list[str]:
        """Give numbers to those who have none; return these."""
        new = [person for person in people if person not in self.numbers]
        for person in new:
            self.numbers[person] = len(self.people)
            self.people.append(person)
        return new

    def changes(self, found: Changes, since: Moment) -> list[Found]:
        """Return what the engine found, after it was at `since`, in words of the log: what had settled is history."""
        names, versions = self.basis.names, self.basis.force.versions
        return [
            Found(
                MembershipChange(
                    names[one.rule],
                    versions[names[one.rule]],
                    self.people[one.person],
                    "entered" if one.enters else "left",
                    one.moment,
                    _cause(one.cause, late=one.moment <= since - self.waiting.settling),
                ),
                by_time=one.cause is Reason.TIME,
                retracts=one.retracts,
            )
            for one in found
        ]


def _cause(reason: Reason, *, late: bool) -> Cause:
    if reason is Reason.EPOCH:
        return Cause.STATISTICS
    return Cause.HISTORY if late else Cause.RULE


class LiveMemberships:
    """Keeps the memberships of a project up with its tables and the clock, one step after another.

    Whoever calls `step` holds the write lock, and has brought the tables up to the end of the journal; afterwards they
    have to be brought up to it again.
    """

    def __init__(self) -> None:
        self._state: State | None = None
        self._said_at: Moment | None = None

    @property
    def is_kept(self) -> bool:
        """Whether there is anything to keep up with the clock."""
        return self._state is not None

    def step(self, workspace: Workspace, settings: LiveSettings) -> int:
        """Record who has entered and left by now; return how many changes that are."""
        try:
            return self._step(workspace, settings)
        except BaseException:
            # What was found and not recorded is found again from the tables.
            self._state = None
            raise

    def _step(self, workspace: Workspace, settings: LiveSettings) -> int:
        basis = Basis.of(workspace)
        if not basis.epoch or not basis.rules:
            self._state = None
            return 0
        now, state = workspace.clock.now(), self._state
        front = Front.of(workspace.tables, state.front if state else None)
        if state is None or state.basis != basis or not front.follows(state.front):
            changes = self._begin(workspace, basis, front, now, settings.settling)
        else:
            now = max(now, state.engine.now)
            changes = self._go_on(workspace, state, front, now)
        self._record(workspace, changes, now, settings)
        return len(changes)

    def _begin(
        self, workspace: Workspace, basis: Basis, front: Front, now: Moment, settling: int
    ) -> list[MembershipChange]:
        """Begin anew where the log ends; return what has changed since, and what the log says wrongly."""
        seq = workspace.journal.last_seq() + 1
        before = believed(workspace, seq)
        if before is None:
            return []
        history = open_history(workspace, basis.catalog)
        until = max(before.at, now - settling)
        engine = LiveEngine(history, basis.catalog, basis.rules, until, before.statistics)
        people = history.people.to_pylist()
        numbers = {person: number for number, person in enumerate(people)}
        state = State(basis, engine, front, people, numbers, Settling(settling))
        members = {name: frozenset(ids.to_pylist()) for name, ids in engine.members().items()}
        further = state.changes(engine.tell(Arrivals(), max(now, until)), until)
        finder = MembershipChanges(history, basis.catalog, workspace.tables, before, seq)
        persons = dict(zip(*(front.actors.column(name).to_pylist() for name in ("actor_id", "person_id")), strict=True))
        stored = [Membership(**row) for row in workspace.tables.read("memberships").to_pylist()]
        evaluated = Evaluated(until, basis.rules, basis.force.versions, members)
        changes = finder.between(stored, evaluated, persons, [one.change for one in further])
        unsettled = {one.change for one in further if one not in state.waiting.take([one], now)}
        self._state = state
        return [one for one in changes if one not in unsettled]

    def _go_on(self, workspace: Workspace, state: State, front: Front, now: Moment) -> list[MembershipChange]:
        """Tell the engine what has come; return what changes by it and by the time."""
        since, engine = state.engine.now, state.engine
        whose = front.persons_since(state.front)
        state.front = front
        found: list[Found] = []
        if whose:
            new = state.number(whose)
            engine.tell(Arrivals(people=tuple(new)), since)
            numbers = {person: state.numbers[person] for person in whose}
            told = told_of(workspace, state.basis.catalog, numbers)
            found += state.changes(engine.retell(np.array([*numbers.values()], np.int64), told), since)
        found += state.changes(engine.tell(Arrivals(), now), since)
        told_now = state.waiting.take(found, now) + state.waiting.settled(now)
        keys = keys_taken_back(told_now, state.basis.since)
        return Corrections(state.basis.since, logged_of(workspace.tables, keys)).rows(told_now)

    def _record(
        self, workspace: Workspace, changes: Sequence[MembershipChange], now: Moment, settings: LiveSettings
    ) -> None:
        """Append changes to the journal; without any, now and then, that memberships are kept up."""
        state = self._state
        is_quiet = self._said_at is not None and self._said_at <= now < self._said_at + settings.every
        if state is None or (not changes and is_quiet):
            return
        kept = MembershipsKept(max(0, now - settings.settling), state.engine.population(), said_of(changes))
        parts = [changes[start : start + _CHANGES_A_RECORD] for start in range(0, len(changes), _CHANGES_A_RECORD)]
        bodies = [
            msgspec.json.encode(msgspec.structs.replace(kept, changes=said_of(part))) for part in parts or [changes]
        ]
        workspace.journal.append("changes", bodies, recorded_at=now)
        self._said_at = now
