"""The versions of a segment: when each came into force, why, who entered and left by it; and going back to one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.versions import InForce, in_force, recorded
from kohort.pipeline.workspace import Workspace
from kohort.segments.change_plan import SAMPLE
from kohort.segments.changes import Definitions, References, with_periods
from kohort.segments.membership import Cause
from kohort.storage.row_groups import rows_among

_BY_DEFINITION: Final = (Cause.DEFINITION.value, Cause.REMOVED.value)
_MOVES: Final = ("seq", "person_id", "change")


@dataclass(frozen=True)
class VersionRow:
    """A segment coming into force with a version, or (`sentence` None) going out of it.

    `applied_at` is when that was done, `at` the moment of the members that it then had, `size` of them. `entered` and
    `left` count those who did because of the definition, of whom the samples name a few by user id or person id; in the
    first version everybody entered. `cause` is "first run", "run", "apply" or "rollback"; `despite` and `reason` tell
    of guard rails overridden.
    """

    version: int
    sentence: str | None
    in_force: bool
    applied_at: Moment | None
    at: Moment | None
    size: int
    entered: int
    left: int
    entered_sample: tuple[str, ...]
    left_sample: tuple[str, ...]
    cause: str
    despite: tuple[str, ...]
    reason: str


def history_of(workspace: Workspace, segment: str) -> list[VersionRow]:
    """Return every change of a segment's definition, oldest first; raises UnknownNameError if it was never in force."""
    force = workspace.in_force()
    rows = _applications(workspace, segment, force.seq)
    applications = {row["seq"]: row for row in workspace.tables.read("applications").to_pylist()}
    epochs = {row["seq"]: row for row in recorded(workspace.tables, "epochs").to_pylist()}
    sizes = {row["seq"]: row["size"] for row in _of(recorded(workspace.tables, "segment_sizes"), segment).to_pylist()}
    its = {"segment": [segment], "cause": _BY_DEFINITION}
    log = rows_among(workspace.tables, "membership_log", its, columns=_MOVES)
    found: list[VersionRow] = []
    before: tuple[int, bool] | None = None
    for row in rows:
        if (row["version"], row["active"]) == before:
            continue
        # Before there was `kohort apply`, the epoch was the record that followed.
        seq = min((one for one in epochs if one >= row["seq"]), default=row["seq"])
        entered, left = _moved(log, seq)
        size = sizes.get(seq, 0)
        said = applications.get(row["seq"], {})
        users = user_ids_of(workspace, sorted({*entered[:SAMPLE], *left[:SAMPLE]}))
        found.append(
            VersionRow(
                version=row["version"],
                sentence=workspace.spoken(row["sentence"]) if row["active"] else None,
                in_force=False,
                applied_at=said.get("recorded_at"),
                at=epochs.get(seq, {}).get("at"),
                size=size,
                entered=size if before is None else len(entered),
                left=len(left),
                entered_sample=tuple(users.get(one) or one for one in entered[:SAMPLE]),
                left_sample=tuple(users.get(one) or one for one in left[:SAMPLE]),
                cause=said.get("cause", "run"),
                despite=tuple(said.get("despite") or ()),
                reason=said.get("reason", ""),
            )
        )
        before = (row["version"], row["active"])
    return [*found[:-1], *(replace(one, in_force=segment in force.versions) for one in found[-1:])]


def _moved(log: pa.Table, seq: int) -> tuple[list[str], list[str]]:
    """Return who entered and who left at an epoch because of the definition."""
    first, end = pa.scalar(seq * LOG_ROWS_A_RECORD), pa.scalar((seq + 1) * LOG_ROWS_A_RECORD)
    its = pc.and_(pc.greater_equal(log.column("seq"), first), pc.less(log.column("seq"), end))
    rows = log.filter(its).sort_by("person_id").to_pylist()
    entered, left = ([row["person_id"] for row in rows if row["change"] == way] for way in ("entered", "left"))
    return entered, left


def _applications(workspace: Workspace, segment: str, up_to: int) -> list[Mapping[str, Any]]:
    """Return what each application said of a segment, oldest first; raises UnknownNameError if none did."""
    log = workspace.tables.read("segment_versions")
    rows = [row for row in _of(log, segment).sort_by("seq").to_pylist() if row["seq"] <= up_to]
    if not rows:
        raise UnknownNameError("segment", segment, log.column("segment").to_pylist(), where="what was ever in force")
    return rows


def _of(table: pa.Table, segment: str) -> pa.Table:
    return table.filter(pc.equal(table.column("segment"), segment))


def before_last(workspace: Workspace) -> Definitions:
    """Return what was in force before the last application; raises UsageError if nothing was."""
    force = workspace.in_force()
    before = in_force(workspace.tables, force.seq - 1)
    if not before.seq:
        raise UsageError("nothing was applied before what is in force, so there is nothing to go back to")
    return Definitions(before.sentences, before.periods)


def _before_change(workspace: Workspace, segment: str, force: InForce) -> int:
    """Return the last application that left a segment other than it is now; raises UsageError if there is none."""
    log = workspace.tables.read("segment_versions")
    applications = sorted({seq for seq in log.column("seq").to_pylist() if seq <= force.seq}, reverse=True)
    for seq in applications:
        if in_force(workspace.tables, seq).sentences.get(segment) != force.sentences.get(segment):
            return int(seq)
    raise UsageError(f'"{segment}" has never been anything else, so there is nothing to go back to')


def with_version(workspace: Workspace, segment: str, version: int | None) -> Definitions:
    """Return what is in force with another version of one segment, by default what it was before its last change.

    Before it was new, and after it was removed, it is not there. Raises UnknownNameError for a segment that never was
    in force, UsageError for a version that it never had, or that relied on other days of a campaign period.
    """
    force = workspace.in_force()
    rows = _applications(workspace, segment, force.seq)
    if version is None:
        seq = _before_change(workspace, segment, force)
    else:
        found = [row["seq"] for row in rows if row["version"] == version and row["active"]]
        if not found:
            known = ", ".join(str(one) for one in sorted({row["version"] for row in rows}))
            raise UsageError(f'"{segment}" has no version {version}; it has {known}; see: kohort history {segment}')
        seq = found[-1]
    sentences, then = dict(force.sentences), in_force(workspace.tables, seq)
    sentences.pop(segment, None)
    named: frozenset[str] = frozenset()
    if segment in then.sentences:
        sentences[segment] = then.sentences[segment]
        named = References.of(then.sentences[segment]).periods
    moved = sorted(name for name in named if force.periods.get(name, then.periods[name]) != then.periods[name])
    if moved:
        raise UsageError(
            f'that version of "{segment}" was applied with other days of the period {moved[0]}, which others in force '
            "rely on; go back with all of them: kohort rollback"
        )
    return with_periods(dict(sorted(sentences.items())), {**then.periods, **force.periods})
