"""Keeping the tables up with the journal, whoever wrote to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from kohort.pipeline.adoption import adopt_settings
from kohort.pipeline.collection.admission import requirements
from kohort.pipeline.findings import finding_of
from kohort.pipeline.projecting.leading import Standing, still_leading, take_term
from kohort.pipeline.projecting.projection import Projection, Tally
from kohort.pipeline.projecting.tracking_plans import adopt_plan
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.pipeline.workspace import Workspace
from kohort.storage.frames import Record
from kohort.storage.holder import Holder
from kohort.storage.records import EpochClosed, FindingsRecorded
from kohort.storage.watch import Watch

if TYPE_CHECKING:
    from kohort.pipeline.live.keeping import LiveMemberships


def open_projection(workspace: Workspace, behind: WriteBehind | None = None) -> Projection:
    """Return what brings the tables of a project up to the end of its journal, written `behind` if that is given."""
    return Projection(
        workspace.folder,
        workspace.journal,
        workspace.tables,
        workspace.seen,
        lambda epoch, record: _close_epoch(workspace, epoch, record),
        Watch(workspace.folder.watch, workspace.clock),
        behind,
    )


def _close_epoch(workspace: Workspace, epoch: EpochClosed, record: Record) -> None:
    from kohort.pipeline.segments.epochs import close_epoch  # noqa: PLC0415 - half of what a rebuild would load

    close_epoch(workspace, epoch, record)


def writing(workspace: Workspace, holder: Holder) -> Callable[[], int]:
    """Bring the tables up to the end of the journal for a command; return what it has to call after it has recorded.

    The caller holds the write lock. Raises FollowingError, then and there, where another folder leads.
    """
    projection = open_projection(workspace)
    projection.catch_up()
    catch_up = still_leading(workspace, holder, projection.catch_up)
    if adopt_settings(workspace.settings, workspace.journal, workspace.tables, workspace.clock.now()):
        catch_up()
    report_remarks(workspace, projection)
    return catch_up


def keep_up(
    workspace: Workspace,
    behind: WriteBehind,
    holder: Holder,
    live: "LiveMemberships | None" = None,
    standing: Standing | None = None,
) -> Tally:
    """Bring the tables up to the end of the journal, adopt today's plan and settings, and return what was applied.

    With `live`, memberships are kept up with it and with the clock, unless the project says otherwise. What was applied
    is written `behind`. Where the folder, that of `holder`, does not lead, nothing but the tables is brought up; with
    `standing`, it may come to lead. The caller holds the write lock. Raises DefinitionError for a wrong
    `tracking.yaml`, or a source of which consent cannot be required, once the tables are up to date.
    """
    projection, began = open_projection(workspace, behind), workspace.clock.now()
    projection.catch_up()
    tally = projection.tally
    if not _leads(workspace, holder, live, standing, projection):
        behind.write()
        tally.up_to = behind.seen.watermark()
        return tally
    report_remarks(workspace, projection)
    settings = workspace.settings
    is_live = live is not None and settings.live.enabled and settings.as_of is None
    if live is not None and is_live and live.step(workspace, behind, settings.live, began):
        projection.catch_up()
    behind.write()
    requirements(workspace)
    adopted = [
        adopt_plan(workspace),
        adopt_settings(workspace.settings, workspace.journal, workspace.tables, workspace.clock.now()),
    ]
    if any(adopted):
        projection.catch_up()
        behind.write()
    tally.up_to = behind.seen.watermark()
    return tally


def _leads(
    workspace: Workspace,
    holder: Holder,
    live: "LiveMemberships | None",
    standing: Standing | None,
    projection: Projection,
) -> bool:
    if standing is None:
        return take_term(workspace, holder)
    before = standing.term
    leads = standing.leads(workspace, projection.catch_up)
    if live is not None and standing.term != before:
        live.forget()
    return leads


def report_remarks(workspace: Workspace, projection: Projection) -> None:
    """Record, once, what reading received messages has found in values; the caller holds the write lock.

    It is a journal record of its own, so that making the tables again does not find it again.
    """
    tally = projection.tally
    if not tally.remarks:
        return
    read = tally.applied + tally.known + tally.rejected
    body = msgspec.json.encode(FindingsRecorded("received", [finding_of(one, read) for one in tally.remarks]))
    workspace.journal.append("findings", [body], recorded_at=workspace.clock.now())
    projection.tally = Tally()
    projection.catch_up()
