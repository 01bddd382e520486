"""What has changed since yesterday, and what needs somebody: from counts and small tables, never whole large ones."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from kohort.activation.deliveries import State
from kohort.activation.ledger import Ledger
from kohort.clock import DAY, MINUTE, Moment
from kohort.errors import DefinitionError
from kohort.pipeline.findings import current_findings
from kohort.pipeline.freshness import stalled_of, waiting_since
from kohort.pipeline.learning.training.standing import training_standings
from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.pipeline.segments.epochs import declared_segments
from kohort.pipeline.versions import readable
from kohort.pipeline.workspace import Workspace
from kohort.storage.lookups import Standing, ask
from kohort.storage.state import State as StateStore
from kohort.storage.tables import Tables

# A row that corrects another takes it back; one that corrects such a row puts the first one back.
_MOVES: Final = """
WITH moved AS (
    SELECT seq, segment, change, corrects FROM membership_log
    WHERE effective_at > ? AND effective_at <= ? AND seq < ?
)
SELECT one.segment,
    CASE WHEN one.corrects IS NOT NULL AND other.corrects IS NULL THEN other.change ELSE one.change END AS change,
    sum(CASE WHEN one.corrects IS NOT NULL AND other.corrects IS NULL THEN -1 ELSE 1 END)::BIGINT AS people
FROM moved AS one LEFT JOIN moved AS other ON other.seq = one.corrects
WHERE one.corrects IS NULL OR other.seq IS NOT NULL
GROUP BY 1, 2
"""
_SIZES: Final = """
SELECT segment, arg_max(size, seq) AS size, arg_max(population, seq) AS population, max(seq) AS seq
FROM segment_sizes WHERE seq <= ? GROUP BY segment
"""
_EPOCHS: Final = "SELECT seq, at, recorded_at FROM epochs WHERE seq <= ?"
_KEPT: Final = "SELECT max(recorded_at) AS recorded_at FROM membership_updates WHERE seq <= ?"
_PEOPLE: Final = "SELECT count(DISTINCT person_id) AS people FROM actors"
_LETTERS: Final = "SELECT count(*) AS letters FROM dead_letters WHERE replayed_at IS NULL"

ConcernKind = Literal[
    "stalled", "new", "changed", "removed", "wrong", "letters", "finding", "dead", "retried", "damage", "behind",
    "training",
]  # fmt: skip


@dataclass(frozen=True)
class Concern:
    """Something that needs somebody: what `kind` of thing, how many, and of what, such as segments by name.

    `check` is that of a finding, `detail` the words of whoever found it, `at` since when it is so where that is known.
    """

    kind: ConcernKind
    count: int
    subjects: tuple[str, ...] = ()
    check: str = ""
    detail: str = ""
    at: Moment | None = None


@dataclass(frozen=True)
class SegmentToday:
    """A segment in force: its size by what is recorded, and how many entered and left since yesterday."""

    name: str
    labels: Mapping[str, str]
    size: int
    entered: int
    left: int

    @property
    def net(self) -> int:
        """By how many it has grown."""
        return self.entered - self.left


@dataclass(frozen=True)
class Setup:
    """How far a new project has come: what is declared, and what has arrived."""

    can_receive: bool
    has_events: bool
    has_segments: bool
    is_in_force: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.can_receive and self.has_events and self.has_segments and self.is_in_force


@dataclass(frozen=True)
class Today:
    """A project at a glance, as of its present `at`; changes are those after `since`, a day before.

    `memberships_at` is the moment that sizes speak of, None before the first evaluation; `waiting_since` when the
    oldest event was received that no evaluation counts yet.
    """

    at: Moment
    since: Moment
    people: int
    events: int
    memberships_at: Moment | None
    evaluated_at: Moment | None
    waiting_since: Moment | None
    segments: Sequence[SegmentToday]
    concerns: Sequence[Concern]
    setup: Setup


@dataclass(frozen=True)
class _Recorded:
    """What evaluations have recorded: sizes, when each segment was last evaluated, the moment of it all."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    population: int = 0
    evaluated: Mapping[str, Moment] = field(default_factory=dict)
    at: Moment | None = None


def today(workspace: Workspace, at: Moment) -> Today:
    """Return what a project's present looks like; wrong segment files are a concern, and raise nothing."""
    tables = workspace.tables
    seq = readable(tables)
    recorded = _recorded(tables, seq)
    moved = _moved(Standing(tables, "membership_log"), at - at % MINUTE, seq) if seq else {}
    force = workspace.in_force().versions
    segments, wrong = _declared(workspace)
    can_bring, unread = _sources(workspace)
    return Today(
        at=at,
        since=at - at % MINUTE - DAY,
        people=recorded.population if seq else _one(tables, _PEOPLE, "people"),
        events=sum(tables.counts("events").values()),
        memberships_at=recorded.at,
        evaluated_at=max(recorded.evaluated.values(), default=None),
        waiting_since=waiting_since(workspace),
        segments=[
            SegmentToday(
                name,
                segments.get(name, {}),
                recorded.sizes.get(name, 0),
                moved.get((name, "entered"), 0),
                moved.get((name, "left"), 0),
            )
            for name in sorted(force, key=lambda one: [*segments].index(one) if one in segments else len(segments))
        ],
        # What is wrong with a file may show in two ways, and is told once.
        concerns=[*dict.fromkeys([*wrong, *unread, *_concerns(workspace, recorded)])],
        setup=_setup(workspace, can_bring=can_bring, has_segments=bool(wrong or segments), is_in_force=bool(force)),
    )


def _setup(workspace: Workspace, *, can_bring: bool, has_segments: bool, is_in_force: bool) -> Setup:
    has_events = bool(workspace.tables.count("events"))
    # Messages of the Segment format need nothing declared.
    can_receive = has_events or can_bring or _has_write_key(workspace)
    return Setup(can_receive, has_events, has_segments, is_in_force)


def _recorded(tables: Tables, seq: int) -> _Recorded:
    if not seq:
        return _Recorded()
    sizes = ask(tables, _SIZES, [seq])
    epochs = {row["seq"]: row for row in ask(tables, _EPOCHS, [seq])}
    # Whoever keeps memberships live has all segments in view.
    kept = ask(tables, _KEPT, [seq])[0]["recorded_at"] or 0
    evaluated = {
        row["segment"]: max(kept, epochs[row["seq"]]["recorded_at"] if row["seq"] in epochs else 0) for row in sizes
    }
    newest = max(sizes, key=lambda row: int(row["seq"]), default={"population": 0})
    moments = [*(row["at"] for row in epochs.values()), *([kept] if kept else [])]
    return _Recorded(
        {row["segment"]: row["size"] for row in sizes}, newest["population"], evaluated, max(moments, default=None)
    )


@lru_cache(maxsize=8)
def _moved(standing: Standing, at: Moment, seq: int) -> Mapping[tuple[str, str], int]:
    return changes_between(standing.tables, at - DAY, at, seq)


def changes_between(tables: Tables, after: Moment, up_to: Moment, seq: int) -> Mapping[tuple[str, str], int]:
    """Return how often somebody entered or left a segment after a moment, up to another, by segment and change.

    As the membership log says it up to the journal's record `seq`, once the rows that correct others have been heard.
    """
    rows = ask(tables, _MOVES, [after, up_to, (seq + 1) * LOG_ROWS_A_RECORD])
    return {(row["segment"], row["change"]): row["people"] for row in rows}


def _declared(workspace: Workspace) -> tuple[dict[str, dict[str, str]], list[Concern]]:
    """Return the labels of segments, by name, and what is wrong with their files."""
    try:
        found = workspace.segments
    except DefinitionError as error:
        force = workspace.in_force().versions
        return {name: {} for name in force}, [Concern("wrong", 1, detail=str(error))]
    return {name: {one: segment.label_in(one) for one in ("en", "fr")} for name, segment in found.items()}, []


def _sources(workspace: Workspace) -> tuple[bool, list[Concern]]:
    """Return whether anything is declared that brings data, and what is wrong with the files that say so."""
    declared, wrong = False, []
    for read in (lambda: workspace.file_sources, lambda: workspace.webhooks):
        try:
            declared = bool(read()) or declared
        except DefinitionError as error:
            wrong.append(Concern("wrong", 1, detail=str(error)))
    return declared, wrong


def _concerns(workspace: Workspace, recorded: _Recorded) -> Iterator[Concern]:
    force, now = workspace.in_force(), workspace.clock.now()
    evaluated = {name: at for name, at in recorded.evaluated.items() if name in force.versions}
    stalled = stalled_of(evaluated, now, workspace.settings.schedule.stalled_after)
    if stalled:
        yield Concern("stalled", len(stalled), stalled, at=min(evaluated[name] for name in stalled))
    behind = max(0, workspace.journal.last_seq() - workspace.seen.watermark())
    if behind:
        yield Concern("behind", behind)
    damaged = workspace.journal.damaged()
    if damaged:
        yield Concern("damage", len(damaged))
    yield from _not_in_force(workspace)
    letters = _one(workspace.tables, _LETTERS, "letters")
    if letters:
        yield Concern("letters", letters)
    yield from _deliveries(workspace)
    for told in training_standings(workspace):
        if told.failed is not None:
            yield Concern("training", 1, (told.score,), detail=told.failed.reason, at=told.failed.asked_at)
    for one in current_findings(workspace):
        if one.severity != "info" and one.check != "rejected":
            yield Concern("finding", one.count, (one.subject,), one.check, one.detail)


def _not_in_force(workspace: Workspace) -> Iterator[Concern]:
    force = workspace.in_force()
    try:
        declared = workspace.declared
        applicable = declared_segments(workspace, declared)
    except DefinitionError as error:
        yield Concern("wrong", 1, detail=str(error))
        return
    new = tuple(name for name in applicable.sentences if name not in force.versions)
    changed = tuple(name for name, one in applicable.sentences.items() if force.sentences.get(name, one) != one)
    removed = tuple(name for name in force.versions if name not in declared)
    its: tuple[tuple[ConcernKind, tuple[str, ...]], ...] = (("new", new), ("changed", changed), ("removed", removed))
    for kind, names in its:
        if names:
            yield Concern(kind, len(names), names)


def _deliveries(workspace: Workspace) -> Iterator[Concern]:
    if not workspace.folder.definitions("journeys"):
        return
    ledger = Ledger(StateStore(workspace.folder.state))
    dead: Counter[str] = Counter()
    for (journey, state), number in ledger.counts().items():
        dead[journey] += number if state is State.DEAD else 0
    its: tuple[tuple[ConcernKind, Mapping[str, int]], ...] = (("dead", dead), ("retried", ledger.failing()))
    for kind, counted in its:
        number = sum(counted.values())
        if number:
            yield Concern(kind, number, tuple(sorted(name for name, count in counted.items() if count)))


def _has_write_key(workspace: Workspace) -> bool:
    from kohort.governance.keys import Keys  # noqa: PLC0415 - only who has no source of files asks

    now = workspace.clock.now()
    keys = Keys(StateStore(workspace.folder.state), workspace.clock).list()
    return any(one.kind == "write" and one.state(now) == "active" for one in keys)


def _one(tables: Tables, statement: str, name: str) -> int:
    return int(ask(tables, statement)[0][name])
