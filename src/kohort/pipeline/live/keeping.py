"""Memberships kept up live: who enters and leaves is recorded as it happens, between epochs."""

from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from kohort.clock import SECOND, Moment
from kohort.definitions.live import LiveSettings
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.statistics import Statistics
from kohort.pipeline.live.front import Front
from kohort.pipeline.live.incoming import Incoming
from kohort.pipeline.live.lookup import told_of
from kohort.pipeline.live.state import Basis, State, begun
from kohort.pipeline.live.telling import said_live
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.pipeline.recording import parts_of, said_of
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ChangesSaid, MembershipsKept

_CHANGES_A_RECORD: Final = 100_000
_MOST_A_STEP: Final = 10_000
"""How many deadlines a step lets pass, and changes that wait it tells: whatever a midnight brings, what comes meanwhile
waits for no more of it."""
_UNDER_WAY: Final = SECOND // 2
"""While something happened so lately, more is under way that happened as lately."""


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

    @property
    def is_behind(self) -> bool:
        """Whether more is to be told already than the last step told."""
        return self._state is not None and self._state.is_behind

    def forget(self) -> None:
        """Begin anew at the next step: others may have recorded meanwhile."""
        self._state = None

    def step(self, workspace: Workspace, behind: WriteBehind, settings: LiveSettings, now: Moment) -> bool:
        """Record who has entered and left by `now`; return whether there is a new record.

        The best `now` is when the tables began to be brought up: nothing that they lack is late then.
        """
        # Until all is recorded, nothing is known: what was found and is lost is found again from the tables.
        state, self._state = self._state, None
        basis = Basis.of(workspace, state.basis if state else None)
        if not basis.epoch or not basis.rules:
            return False
        front = Front.of(workspace.tables)
        statistics = None
        if state is None or state.basis != basis or not front.follows(state.front):
            behind.write_all()
            front = Front.of(workspace.tables)
            state, changes = begun(workspace, basis, front, now, settings.settling)
            said = said_of(changes)
        else:
            since, engine = state.engine.now, state.engine
            known = state.known(since)
            found = _found(workspace, state, front, max(now, since))
            # Numbers of the population change everybody, and so wait until nothing is owed.
            if engine.owing_since is None and self._is_due(engine.now, settings):
                engine.look_further()
                if engine.asks_for_statistics:
                    statistics = engine.measured()
                    found = Changes.joined([found, engine.pin(statistics)])
            told = state.waiting.take(found, engine.now, _MOST_A_STEP)
            said = said_live(state, told, known, workspace.tables)
        workspace.tables.tell()
        is_recorded = self._record(workspace, state, said, statistics, settings)
        self._state = state
        return is_recorded

    def tidy(self, workspace: Workspace, behind: WriteBehind) -> None:
        """Join the small files of tables; what was told of them stays told. The caller holds the write lock."""
        behind.write_all()
        state, tables = self._state, workspace.tables
        is_told = state is not None and Front.of(tables).files == state.front.files
        if tables.tidy() and is_told and state is not None:
            state.front = Front.of(tables)

    def _is_due(self, now: Moment, settings: LiveSettings) -> bool:
        return self._said_at is None or not self._said_at <= now < self._said_at + settings.every

    def _record(
        self,
        workspace: Workspace,
        state: State,
        said: ChangesSaid,
        statistics: Statistics | None,
        settings: LiveSettings,
    ) -> bool:
        """Append changes to the journal; without any, now and then, that memberships are kept up."""
        now = state.engine.now
        is_due = state.engine.owing_since is None and self._is_due(now, settings)
        if not said.people and not is_due:
            return False
        population = state.engine.population()
        kept = [MembershipsKept(0, population, part) for part in parts_of(said, _CHANGES_A_RECORD)]
        # Only with the last of them memberships are known up to a later moment.
        numbers = None if statistics is None else statistics.to_json()
        kept[-1] = msgspec.structs.replace(kept[-1], at=state.known(now), statistics=numbers)
        workspace.journal.append("changes", [msgspec.json.encode(one) for one in kept], recorded_at=now)
        self._said_at = now if is_due else self._said_at
        return True


def _found(workspace: Workspace, state: State, front: Front, now: Moment) -> Changes:
    """Tell the engine what has come, and that it is `now` or a little earlier; return what changes by it."""
    engine, catalog = state.engine, state.basis.catalog
    moved = front.moved()
    new = state.take(moved)
    incoming = Incoming(state.front, front, state.actors)
    state.front = front
    anew = incoming.consenting() | {state.numbers[person] for person in moved.anew}
    known = {state.numbers[person]: moment for person, moment in moved.since.items()}
    arrivals = Arrivals(
        events=incoming.events(catalog, anew),
        traits=incoming.traits(anew),
        people=tuple(new),
        known=np.array(list(known), np.int32),
        since=np.array(list(known.values()), np.int64),
    )
    met = frozenset(engine.met(arrivals).tolist())
    if met:
        arrivals = replace(arrivals, events=incoming.events(catalog, anew | met), traits=incoming.traits(anew | met))
    found = engine.tell(arrivals, max(engine.now, _up_to(arrivals, now)), _MOST_A_STEP)
    if anew | met:
        told = told_of(workspace, catalog, {state.people[number]: number for number in anew | met})
        found = Changes.joined([found, engine.retell(np.array(sorted(anew | met), np.int64), told)])
    return found


def _up_to(arrivals: Arrivals, now: Moment) -> Moment:
    """Return up to which moment to go: as far as has been heard of, where that is not long ago.

    What is under way then does not come late: to tell what was so before, and after, costs more than all else.
    """
    moments = np.concatenate([np.zeros(0, np.int64), *(rows.ts for rows in arrivals.events.values())])
    newest = int(moments[moments <= now].max(initial=0))
    return newest if newest > now - _UNDER_WAY else now
