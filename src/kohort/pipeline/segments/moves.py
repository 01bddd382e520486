"""Who entered and left a segment lately: by day, and the newest changes one by one."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import DAY, Moment, datetime_of, moment_of, step_from
from kohort.errors import NotEvaluatedError, UnknownNameError, UsageError
from kohort.pipeline.moving import last_of_record
from kohort.pipeline.segments.epochs import latest_moment
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.versions import readable, recorded
from kohort.pipeline.workspace import Workspace
from kohort.storage.changes import changes_after

MOST_DAYS: Final = 366


@dataclass(frozen=True)
class DayOfMoves:
    """How many entered and left from the moment `since` up to `until`, a day of the project's calendar."""

    since: Moment
    until: Moment
    entered: int
    left: int


@dataclass(frozen=True)
class Move:
    """One person entering or leaving, exactly when, and why; `user_id` is None where none is known."""

    person_id: str
    user_id: str | None
    change: str
    effective_at: Moment
    cause: str


@dataclass(frozen=True)
class Snapshot:
    """How many are in a segment as of `at`: `size` of `population` people, by the log's rows up to the place `seq`."""

    segment: str
    at: Moment
    seq: int
    size: int
    population: int


@dataclass(frozen=True)
class Moves:
    """What the membership log says of the last days of a segment, what was taken back left out."""

    segment: str
    at: Moment
    days: tuple[DayOfMoves, ...]
    newest: tuple[Move, ...]

    @property
    def entered(self) -> int:
        """How many entered in all."""
        return sum(one.entered for one in self.days)

    @property
    def left(self) -> int:
        """How many left in all."""
        return sum(one.left for one in self.days)


def moves_of(workspace: Workspace, segment: str, days: int, most: int) -> Moves:
    """Return the moves of the last `days` days, and the newest of them, at most `most`.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that has no members yet,
    UsageError for no days or too many.
    """
    if not 0 < days <= MOST_DAYS:
        raise UsageError(f"moves are told of 1 to {MOST_DAYS} days, not of {days}")
    at = snapshot_of(workspace, segment).at
    midnights = _midnights(workspace, at, days)
    rows = _counting(changes_after(workspace.tables, segment, midnights[0] - 1, _last(workspace)))
    return Moves(segment, at, tuple(_by_day(rows, midnights)), _newest(workspace, rows, most))


def snapshot_of(workspace: Workspace, segment: str) -> Snapshot:
    """Return how many are in a segment; raises as `moves_of`."""
    if segment not in workspace.segments:
        raise UnknownNameError("segment", segment, workspace.segments)
    sizes, at = recorded(workspace.tables, "segment_sizes"), latest_moment(workspace)
    sizes = sizes.filter(pc.equal(sizes.column("segment"), segment)).sort_by("seq")
    if at is None or not sizes.num_rows or segment not in workspace.in_force().versions:
        raise NotEvaluatedError(segment, workspace.why_not_evaluated())
    size, population = (sizes.column(name)[-1].as_py() for name in ("size", "population"))
    return Snapshot(segment, at, _last(workspace), size, population)


def _last(workspace: Workspace) -> int:
    return last_of_record(readable(workspace.tables))


def _midnights(workspace: Workspace, at: Moment, days: int) -> list[Moment]:
    """Return where the last days begin, the day of `at` the last, and where that ends."""
    zone = workspace.settings.zone
    # A moment that is a midnight ends a day.
    last = datetime_of(at - 1, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return [step_from(moment_of(last), number, DAY, zone) for number in range(1 - days, 2)]


def _counting(rows: pa.Table) -> pa.Table:
    """Return the rows that still count: a row that corrects another takes it back, and itself says nothing more.

    What is corrected has the same moment as its correction, so that neither is here without the other.
    """
    seq, corrects = rows.column("seq").to_numpy(), rows.column("corrects")
    counts: NDArray[np.bool_] = corrects.is_null().to_numpy().copy()
    taken_back: dict[int, int | None] = {}
    for place in np.flatnonzero(~counts).tolist():
        corrected = corrects[place].as_py()
        if corrected in taken_back:
            # A correction of a correction puts the first one back.
            first, taken_back[int(seq[place])] = taken_back[corrected], None
            if first is not None:
                counts[first] = True
            continue
        found = int(np.searchsorted(seq, corrected))
        there = found < len(seq) and int(seq[found]) == corrected
        taken_back[int(seq[place])] = found if there else None
        if there:
            counts[found] = False
    return rows.filter(pa.array(counts))


def _by_day(rows: pa.Table, midnights: list[Moment]) -> list[DayOfMoves]:
    moments, entered = rows.column("effective_at").to_numpy(), pc.equal(rows.column("change"), "entered").to_numpy()
    # What happens at the very end of the last day is of that day.
    days = np.minimum(np.searchsorted(midnights, moments, side="right") - 1, len(midnights) - 2)
    counts = [np.bincount(days[way], minlength=len(midnights) - 1).tolist() for way in (entered, ~entered)]
    return [
        DayOfMoves(since, until, came, went)
        for (since, until), came, went in zip(pairwise(midnights), *counts, strict=True)
    ]


def _newest(workspace: Workspace, rows: pa.Table, most: int) -> tuple[Move, ...]:
    shown = rows.sort_by([("effective_at", "descending"), ("seq", "descending")]).slice(0, most).to_pylist()
    users = user_ids_of(workspace, sorted({row["person_id"] for row in shown}))
    return tuple(
        Move(row["person_id"], users.get(row["person_id"]), row["change"], row["effective_at"], row["cause"])
        for row in shown
    )
