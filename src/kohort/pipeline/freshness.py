"""How far memberships are behind what was received: the journal's queue, the oldest event that waits, each segment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.pipeline.versions import InForce, readable
from kohort.pipeline.workspace import Workspace
from kohort.storage.tables import Tables


@dataclass(frozen=True)
class Freshness:
    """How far a project is behind: `behind` journal records are not in the tables yet.

    `waiting_since` is when the oldest event was received that no evaluation of the segments counts, None if there is
    none. `epoch` is the journal number of the last evaluation, 0 before the first; `lag` how long (microseconds) the
    oldest of the events that it was the first to count had waited for it, None if there was none. `evaluated` tells
    when each segment in force was last evaluated, by name.
    """

    behind: int
    waiting_since: Moment | None
    epoch: int = 0
    lag: int | None = None
    evaluated: Mapping[str, Moment] = field(default_factory=dict)
    _told: "_Told | None" = field(default=None, repr=False, compare=False)

    def stalled(self, now: Moment, after: int) -> tuple[str, ...]:
        """Return the segments in force that were not evaluated for longer than `after` microseconds before `now`.

        >>> Freshness(0, None, evaluated={"buyers": 5, "quiet": 9}).stalled(now=10, after=4)
        ('buyers',)
        """
        return stalled_of(self.evaluated, now, after)


def stalled_of(evaluated: Mapping[str, Moment], now: Moment, after: int) -> tuple[str, ...]:
    """Return which segments were not evaluated for longer than `after` microseconds before `now`.

    >>> stalled_of({"buyers": 5, "quiet": 9}, now=10, after=4)
    ('buyers',)
    """
    return tuple(name for name, moment in evaluated.items() if now - moment > after)


@dataclass(frozen=True)
class _Told:
    """What the tables tell of evaluations up to the record `last`, of which the one before was `previous`.

    `newest` tells for each segment when the record that has its newest size was recorded, `kept` when memberships were
    last kept live, 0 for never.
    """

    last: int = 0
    previous: int = 0
    recorded_at: Moment = 0
    newest: Mapping[str, Moment] = field(default_factory=dict)
    kept: Moment = 0

    def on(self, tables: Tables) -> "_Told":
        """Return what they tell now; only rows that came since are read, however many there are."""
        moments, kept = dict[int, Moment](), self.kept
        for table in ("epochs", "membership_updates"):
            rows = self._since(tables, table)
            recorded_at = rows.column("recorded_at").to_pylist()
            moments |= zip(rows.column("seq").to_pylist(), recorded_at, strict=True)
            kept = max([kept, *(recorded_at if table == "membership_updates" else ())])
        if not moments:
            return self
        sizes = self._since(tables, "segment_sizes").group_by("segment").aggregate([("seq", "max")])
        newest = zip(sizes.column("segment").to_pylist(), sizes.column("seq_max").to_pylist(), strict=True)
        *_, previous, last = sorted([self.previous, self.last, *moments])
        return _Told(last, previous, moments[last], {**self.newest, **{name: moments[n] for name, n in newest}}, kept)

    def _since(self, tables: Tables, table: str) -> pa.Table:
        rows = tables.read_after(table, self.last)
        return rows.filter(pc.less_equal(rows.column("seq"), pa.scalar(readable(tables))))

    def evaluated(self, force: InForce) -> dict[str, Moment]:
        """Return when each segment in force was last evaluated: whoever keeps memberships live has all in view."""
        return {name: max(moment, self.kept) for name, moment in sorted(self.newest.items()) if name in force.versions}


def freshness_of(workspace: Workspace, before: Freshness | None = None) -> Freshness:
    """Return how far a project is behind; `before` is an earlier answer, which spares reading what has not changed."""
    epoch = readable(workspace.tables)
    behind = max(0, workspace.journal.last_seq() - workspace.seen.watermark())
    waiting = waiting_since(workspace)
    if before is not None and before.epoch == epoch:
        return replace(before, behind=behind, waiting_since=waiting)
    known = None if before is None or before.epoch > epoch else before._told  # noqa: SLF001 - of its own kind
    told = (known or _Told()).on(workspace.tables)
    received = _first_received(workspace, told.previous, told.last)
    lag = None if received is None else told.recorded_at - received
    return Freshness(behind, waiting, epoch, lag, told.evaluated(workspace.in_force()), told)


def waiting_since(workspace: Workspace) -> Moment | None:
    """Return when the oldest event was received that no evaluation of the segments counts; None if there is none."""
    return _first_received(workspace, readable(workspace.tables))


def evaluated_at(workspace: Workspace) -> dict[str, Moment]:
    """Return when each segment in force was last evaluated, by name."""
    return _Told().on(workspace.tables).evaluated(workspace.in_force())


def _first_received(workspace: Workspace, after: int, before: int | None = None) -> Moment | None:
    for one in workspace.journal.read(after=after):
        if before is not None and one.seq >= before:
            return None
        if one.kind in {"messages", "received"}:
            return one.recorded_at
    return None
