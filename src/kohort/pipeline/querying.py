"""SQL that people write, on a project's tables as readers see them."""

import pyarrow as pa

from kohort.pipeline.recording import current_memberships
from kohort.pipeline.versions import readable
from kohort.pipeline.workspace import Workspace
from kohort.storage.sql_views import SqlViews


def query(workspace: Workspace, statement: str) -> pa.Table:
    """Return the answer to one SELECT; raises UsageError for a statement that is wrong, or would write."""
    tables, settings = workspace.tables, workspace.settings
    lags = tables.watermark("memberships") < readable(tables)
    views = SqlViews(
        tables,
        workspace.catalog({}),
        at=workspace.moment(),
        zone=settings.zone,
        memory=settings.memory,
        memberships=(lambda: current_memberships(tables)) if lags else None,
    )
    return views.query(statement)
