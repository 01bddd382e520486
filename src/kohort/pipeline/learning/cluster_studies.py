"""Whether the clusters of a discovery hold over time and foretell anything: kept beside it, and looked for when due."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.errors import DefinitionError, UsageError
from kohort.learning.value.results import ValueStudy
from kohort.pipeline.learning.documents import ClusterSearch, cluster_search, discovery_file
from kohort.pipeline.learning.kept_documents import keep_document, kept_rows, latest_document
from kohort.pipeline.learning.months import month_ends
from kohort.pipeline.learning.values import value_studies
from kohort.pipeline.workspace import Workspace
from kohort.reports.periods_data import ClusterConversion, ClustersOverTime, PeriodsReport
from kohort.reports.validation_conversion import power_words
from kohort.storage.records import ClustersStudied

_PERIODS = "periods"
_CONVERSION = "conversion"
Found = TypeVar("Found")


@dataclass(frozen=True)
class PeriodsDocument:
    """The clusters of a discovery followed up to `at`; without a report `lack` says why they could not be."""

    score: str
    at: Moment
    report: PeriodsReport | None
    lack: str = ""


@dataclass(frozen=True)
class ConversionDocument:
    """Whether clusters foretold what people did up to `at`; where that cannot be said, `lack` tells why."""

    score: str
    at: Moment
    conversions: tuple[ClusterConversion, ...]
    lack: str = ""


@dataclass(frozen=True)
class ClusterStudies:
    """What is kept of a discovery: each the newest, None where nobody looked since the clusters were found."""

    periods: PeriodsDocument | None = None
    conversion: ConversionDocument | None = None

    @property
    def over_time(self) -> ClustersOverTime:
        """What was found, as the validation and the report tell it."""
        periods, conversion = self.periods, self.conversion
        return ClustersOverTime(
            None if periods is None else periods.report,
            "" if periods is None else periods.lack,
            () if conversion is None else conversion.conversions,
            "" if conversion is None else conversion.lack,
        )


def kept_studies(workspace: Workspace, score: str, at: Moment) -> ClusterStudies:
    """Return what is kept of the newest discovery of a score on data up to `at`."""
    file = discovery_file(workspace, score, at)
    if file is None:
        return ClusterStudies()
    return ClusterStudies(
        latest_document(workspace, "cluster_studies", PeriodsDocument, {"discovery": file, "kind": _PERIODS}),
        latest_document(workspace, "cluster_studies", ConversionDocument, {"discovery": file, "kind": _CONVERSION}),
    )


@dataclass(frozen=True)
class ClusterValidation:
    """All by which the clusters of a score are checked: what was found, whether it holds, and what people are worth."""

    search: ClusterSearch
    over_time: ClustersOverTime
    value: ValueStudy | None


def cluster_validation(workspace: Workspace, score: str | None, at: Moment) -> ClusterValidation:
    """Return what the newest discovery up to `at` is checked by; raises as `cluster_search`."""
    search = cluster_search(workspace, score, at)
    studies = kept_studies(workspace, search.score, at) if search.score else ClusterStudies()
    return ClusterValidation(search, studies.over_time, next(value_studies(workspace), None))


def study_periods(workspace: Workspace, score: str | None, at: Moment, *, months: int) -> PeriodsReport:
    """Follow the clusters of a score, keep what was found, and return it; raises as `follow_clusters`."""
    # Clustering is heavy, and who reads what is kept does not need it.
    from kohort.pipeline.learning.periods import follow_clusters  # noqa: PLC0415

    report = follow_clusters(workspace, score, at, months=months)
    _keep(workspace, _PERIODS, PeriodsDocument(report.score, at, report))
    return report


def study_conversion(workspace: Workspace, score: str | None, at: Moment) -> tuple[ClusterConversion, ...]:
    """Look whether the clusters of a score foretell anything, keep and return it; raises as `cluster_conversion`."""
    from kohort.pipeline.learning.cluster_conversion import cluster_conversion  # noqa: PLC0415 - as above

    found = cluster_conversion(workspace, score, at)
    _keep(workspace, _CONVERSION, ConversionDocument(workspace.clusters_score(score).name, at, found))
    return found


def is_due(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> bool:
    """Return whether clusters that are to be followed have not been since the last month ended, or were found anew."""
    file = discovery_file(workspace, definition.name, at)
    if not definition.follow_months or file is None:
        return False
    [ended] = month_ends(at, 1, workspace)
    rows = kept_rows(workspace, "cluster_studies", {"discovery": file}, until=at)
    kinds = {row["kind"] for row in rows if row["at"] > ended}
    return not kinds >= {_PERIODS, *([_CONVERSION] if workspace.settings.outcome else [])}


def study_clusters(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> str:
    """Follow the clusters of a score's newest discovery, see what they foretell, and say in words what came of it.

    Where either cannot be said, the reason is kept, and the page says it.
    """
    name, months = definition.name, definition.follow_months
    periods, lack = _tried(lambda: study_periods(workspace, name, at, months=months))
    said = [lack if periods is None else periods.words.en]
    if lack:
        _keep(workspace, _PERIODS, PeriodsDocument(name, at, None, lack))
    if workspace.settings.outcome is not None:
        conversions, lack = _tried(lambda: study_conversion(workspace, name, at))
        if lack:
            _keep(workspace, _CONVERSION, ConversionDocument(name, at, (), lack))
        said += [lack] if conversions is None else [f"{power_words(one)}." for one in conversions]
    return " ".join(said)


def _keep(workspace: Workspace, kind: str, document: PeriodsDocument | ConversionDocument) -> None:
    discovery = discovery_file(workspace, document.score, document.at) or ""
    keep_document(
        workspace,
        "clusters",
        document,
        lambda file: ClustersStudied(document.score, kind, document.at, discovery, file),
    )


def _tried(look: Callable[[], Found]) -> tuple[Found | None, str]:
    """Return what looking found, or why nothing can be said of these data or by these definitions."""
    try:
        return look(), ""
    except (UsageError, DefinitionError) as error:
        return None, str(error)
