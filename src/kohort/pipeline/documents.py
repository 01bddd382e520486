"""What a discovery left: an immutable document that later steps, the report and the studio read."""

from dataclasses import dataclass

import msgspec

from kohort.clock import Moment
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import DiscoveryReport
from kohort.storage.immutable import fetch


@dataclass(frozen=True)
class DiscoveryDocument:
    """The clusters of one moment as people see them, and the model (JSON, None without clusters) that assigns them."""

    name: str
    at: Moment
    report: DiscoveryReport
    model: str | None


def latest_discovery(workspace: Workspace, name: str, at: Moment) -> DiscoveryDocument | None:
    """Return the newest discovery of the score `name` on data up to `at`, None if there is none."""
    rows = [row for row in workspace.tables.read("models").to_pylist() if row["name"] == name and row["at"] <= at]
    if not rows:
        return None
    newest = max(rows, key=lambda row: (row["at"], row["seq"]))
    return msgspec.json.decode(fetch(workspace.folder.models, newest["file"]), type=DiscoveryDocument)
