"""What a discovery left: an immutable document that later steps, the report and the studio read."""

from dataclasses import dataclass, replace

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.errors import UnknownNameError
from kohort.pipeline.learning.kept_documents import BY_MOMENT, kept_rows, read_document
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import DiscoveryReport


@dataclass(frozen=True)
class DiscoveryDocument:
    """The clusters of one moment as people see them, and the model (JSON, None without clusters) that assigns them."""

    name: str
    at: Moment
    report: DiscoveryReport
    model: str | None


def discoveries(workspace: Workspace, name: str) -> list[DiscoveryDocument]:
    """Return every discovery of the score `name`, in the order of the moments of their data, then of being made.

    Personas of a discovery made before they had identities get those of their place.
    """
    return [_read(workspace, row["file"]) for row in kept_rows(workspace, "models", {"name": name}, newest=BY_MOMENT)]


def latest_discovery(workspace: Workspace, name: str, at: Moment) -> DiscoveryDocument | None:
    """Return the newest discovery of the score `name` on data up to `at`, None if there is none."""
    file = discovery_file(workspace, name, at)
    return None if file is None else _read(workspace, file)


def discovery_file(workspace: Workspace, name: str, at: Moment) -> str | None:
    """Return the file, named by its digest, of the newest discovery of the score `name` on data up to `at`."""
    rows = kept_rows(workspace, "models", {"name": name}, newest=BY_MOMENT, until=at)
    return str(rows[-1]["file"]) if rows else None


def _read(workspace: Workspace, file: str) -> DiscoveryDocument:
    found = read_document(workspace, file, DiscoveryDocument)
    if all(one.identity for one in found.report.personas):
        return found
    cards = (replace(one, identity=f"{found.name}-{one.cluster + 1}") for one in found.report.personas)
    return replace(found, report=replace(found.report, personas=tuple(cards)))


@dataclass(frozen=True)
class ClusterSearch:
    """The clusters scores of a project, the one looked at, and what was found for it; None where nothing was yet."""

    scores: tuple[str, ...]
    score: str | None
    document: DiscoveryDocument | None


def cluster_search(workspace: Workspace, score: str | None, at: Moment) -> ClusterSearch:
    """Return the newest discovery up to `at` of a clusters score, by default of the first for which there is one.

    Raises UnknownNameError for a score that nobody declared.
    """
    scores = tuple(one.name for one in workspace.scores if isinstance(one, ClustersDefinition))
    if score is not None and score not in scores:
        raise UnknownNameError("clusters score", score, scores)
    for name in scores if score is None else (score,):
        document = latest_discovery(workspace, name, at)
        if document is not None:
            return ClusterSearch(scores, name, document)
    return ClusterSearch(scores, score or next(iter(scores), None), None)
