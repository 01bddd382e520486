"""What a live engine rests on, and what it has been told of a project's tables."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import msgspec

from kohort.clock import Moment
from kohort.definitions.project import ProjectDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.live.epochs import Epoch
from kohort.engines.live.flips import Cause as Reason
from kohort.engines.plan import build_plan, events_of
from kohort.engines.statistics import Statistics
from kohort.errors import UsageError
from kohort.pipeline.live.corrections import Found
from kohort.pipeline.live.front import Front, Moved
from kohort.pipeline.live.settling import Settling
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.recording import current_memberships
from kohort.pipeline.segments.changes import Evaluated, Further, MembershipChanges
from kohort.pipeline.segments.epochs import believed, catalog_in_force, rules_in_force, run_epochs
from kohort.pipeline.versions import InForce, recorded
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.segments.membership import Cause, Membership, MembershipChange


@dataclass(frozen=True)
class Basis:
    """What the members of all segments rest on besides what people do: another basis needs another engine.

    `epoch` is the journal number of the latest run, `since` the moment from which on the log tells of the segments
    in force. The `catalog` has only events of which rules speak: those that appear besides change nothing.
    """

    epoch: int
    since: Moment
    force: InForce
    catalog: Catalog
    rules: dict[str, Rule]
    rests_on: "_Foundation | None" = field(default=None, compare=False)

    @classmethod
    def of(cls, workspace: Workspace, before: "Basis | None" = None) -> "Basis":
        """Return what is in force now; the rules of `before` are not read again where nothing has changed."""
        rests_on = _Foundation.of(workspace)
        if before is not None and before.rests_on == rests_on:
            return before
        force = workspace.in_force()
        catalog = catalog_in_force(workspace, force)
        if before is not None and (before.force, before.catalog) == (force, _of_events(catalog, before.catalog.events)):
            catalog, rules = before.catalog, before.rules
        else:
            rules = rules_in_force(workspace, force)[1]
            catalog = _of_events(catalog, events_of(build_plan(rules, catalog)))
        epochs = {row["seq"]: row["at"] for row in run_epochs(workspace)}
        # Before there was `kohort apply`, the epoch was the record that followed.
        first = min((seq for seq in epochs if seq >= force.seq), default=0)
        return cls(max(epochs, default=0), epochs.get(first, 0), force, catalog, rules, rests_on)

    @property
    def names(self) -> list[str]:
        """The segments, in the order of their rules."""
        return list(self.rules)


@dataclass(frozen=True)
class _Foundation:
    """All that a basis is made from: where tables stand, and what files say."""

    tables: tuple[int, ...]
    settings: ProjectDefinition
    plan: TrackingPlan

    @classmethod
    def of(cls, workspace: Workspace) -> "_Foundation":
        names = ("epochs", "segment_versions", "names", "settings")
        stands = tuple(workspace.tables.watermark(name) for name in names)
        return cls(stands, workspace.settings, workspace.plan)


def _of_events(catalog: Catalog, names: Collection[str]) -> Catalog:
    return replace(catalog, events={name: its for name, its in catalog.events.items() if name in names})


@dataclass
class State:
    """The engine, whom it knows by which number, and what it has been told."""

    basis: Basis
    engine: LiveEngine
    front: Front
    people: list[str]
    numbers: dict[str, int]
    actors: dict[str, int]
    waiting: Settling
    begun: Moment
    """Since when the log has all that the engine says; of before it says who was in then."""

    @property
    def is_behind(self) -> bool:
        """Whether more is to be told by now than was, or found."""
        return self.engine.owing_since is not None or self.waiting.is_behind(self.engine.now)

    def known(self, now: Moment) -> Moment:
        """Return the moment up to which everything has been told that settles by now."""
        known, owing_since = self.waiting.known(now), self.engine.owing_since
        return known if owing_since is None else min(known, owing_since)

    def take(self, moved: Moved) -> list[str]:
        """Take in who is who now; return the persons of whom nothing was known, who get the next numbers."""
        new = [one for one in sorted({*moved.persons.values(), *moved.anew}) if one not in self.numbers]
        for person in new:
            self.numbers[person] = len(self.people)
            self.people.append(person)
        self.actors |= {actor: self.numbers[person] for actor, person in moved.persons.items()}
        return new

    def changes(self, found: Changes, known: Moment) -> list[Found]:
        """Return what the engine found, in words of the log; what is of before the moment `known` is history."""
        names, versions = self.basis.names, self.basis.force.versions
        return [
            Found(
                MembershipChange(
                    names[one.rule],
                    versions[names[one.rule]],
                    self.people[one.person],
                    "entered" if one.enters else "left",
                    one.moment,
                    _cause(one.cause, late=one.moment <= known),
                ),
                retracts=one.retracts,
            )
            for one in found
        ]


def _cause(reason: Reason, *, late: bool) -> Cause:
    if reason is Reason.EPOCH:
        return Cause.STATISTICS
    return Cause.HISTORY if late else Cause.RULE


def _epochs(workspace: Workspace, since: Moment, until: Moment) -> list[Epoch]:
    """Return the epochs from one moment to another, in the order of time."""
    rows = [row for row in recorded(workspace.tables, "epochs").to_pylist() if since <= row["at"] <= until]
    ordered = sorted(rows, key=lambda row: (row["at"], row["seq"]))
    return [Epoch(row["at"], Statistics.of_json(msgspec.json.decode(row["statistics"]))) for row in ordered]


def begun(
    workspace: Workspace, basis: Basis, front: Front, now: Moment, settling: int
) -> tuple[State, list[MembershipChange]]:
    """Return a state that is up to `now`, and what has changed since the log ends, or is not as it says."""
    before = believed(workspace, workspace.journal.last_seq() + 1)
    if before is None:
        raise UsageError("no segment has been evaluated yet, so that nothing can be kept up live; run: kohort run")
    history = open_history(workspace, basis.catalog, whole=True)
    until = max(before.at, now - settling)
    engine = LiveEngine(history, basis.catalog, basis.rules, until, epochs=_epochs(workspace, basis.since, until))
    people = history.people.to_pylist()
    numbers = {person: number for number, person in enumerate(people)}
    workspace.tables.index_people()
    known = workspace.tables.read("actors")
    persons = dict(zip(known.column("actor_id").to_pylist(), known.column("person_id").to_pylist(), strict=True))
    actors = {actor: numbers[person] for actor, person in persons.items()}
    state = State(basis, engine, front, people, numbers, actors, Settling(settling), before.at)
    members = {name: frozenset(ids.to_pylist()) for name, ids in engine.members().items()}
    finder = MembershipChanges(history, basis.catalog, workspace.tables, before, workspace.journal.last_seq() + 1)
    # What was said before a clock was set back is not to come again.
    found = engine.tell(Arrivals(), max(now, until, finder.latest))
    further = state.changes(found, until - settling)
    stored = [Membership(**row) for row in current_memberships(workspace.tables).to_pylist()]
    changes = finder.between(
        stored,
        Evaluated(until, basis.rules, basis.force.versions, members),
        persons,
        Further(engine.now, [one.change for one in further]),
    )
    told = state.changes(state.waiting.take(found, now), until - settling)
    unsettled = {one.change for one in further}.difference(one.change for one in told)
    return state, [one for one in changes if one not in unsettled]
