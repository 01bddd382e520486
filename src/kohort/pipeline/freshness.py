"""How far memberships are behind what was received: the journal's queue, the oldest event that waits, each segment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kohort.clock import Moment
from kohort.pipeline.versions import readable, recorded
from kohort.pipeline.workspace import Workspace


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


def freshness_of(workspace: Workspace, before: Freshness | None = None) -> Freshness:
    """Return how far a project is behind; `before` is an earlier answer, which spares reading what has not changed."""
    epoch = readable(workspace.tables)
    behind = max(0, workspace.journal.last_seq() - workspace.seen.watermark())
    waiting = waiting_since(workspace)
    if before is not None and before.epoch == epoch:
        return replace(before, behind=behind, waiting_since=waiting)
    return _evaluated(workspace, Freshness(behind, waiting, epoch))


def waiting_since(workspace: Workspace) -> Moment | None:
    """Return when the oldest event was received that no evaluation of the segments counts; None if there is none."""
    return _first_received(workspace, readable(workspace.tables))


def evaluated_at(workspace: Workspace) -> dict[str, Moment]:
    """Return when each segment in force was last evaluated, by name."""
    return _last_of_each(workspace, _moments(workspace))


def _moments(workspace: Workspace) -> dict[int, Moment]:
    """Return when each epoch was recorded, and each time that memberships were kept live."""
    found: dict[int, Moment] = {}
    for table in ("epochs", "membership_updates"):
        rows = recorded(workspace.tables, table)
        found |= zip(rows.column("seq").to_pylist(), rows.column("recorded_at").to_pylist(), strict=True)
    return found


def _last_of_each(workspace: Workspace, moments: Mapping[int, Moment]) -> dict[str, Moment]:
    sizes = recorded(workspace.tables, "segment_sizes").group_by("segment").aggregate([("seq", "max")])
    newest = dict(zip(sizes.column("segment").to_pylist(), sizes.column("seq_max").to_pylist(), strict=True))
    force = workspace.in_force().versions
    # Whoever keeps memberships live has all segments in view.
    kept = max(recorded(workspace.tables, "membership_updates").column("recorded_at").to_pylist(), default=0)
    return {name: max(moments[seq], kept) for name, seq in sorted(newest.items()) if name in force}


def _evaluated(workspace: Workspace, found: Freshness) -> Freshness:
    moments = _moments(workspace)
    last = max(moments, default=0)
    received = _first_received(workspace, max((seq for seq in moments if seq < last), default=0), last)
    return replace(
        found,
        lag=None if received is None else moments[last] - received,
        evaluated=_last_of_each(workspace, moments),
    )


def _first_received(workspace: Workspace, after: int, before: int | None = None) -> Moment | None:
    for one in workspace.journal.read(after=after):
        if before is not None and one.seq >= before:
            return None
        if one.kind in {"messages", "received"}:
            return one.recorded_at
    return None
