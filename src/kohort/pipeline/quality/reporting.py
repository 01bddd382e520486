"""The quality of each source as it is now: its last loads, what they measured, and how late it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from kohort.clock import Moment, datetime_of
from kohort.definitions.gates import DIMENSIONS, Measure
from kohort.definitions.quality import SourceQuality
from kohort.errors import UnknownNameError
from kohort.pipeline.quality.loads import expected_of, load_of
from kohort.pipeline.workspace import Workspace
from kohort.quality.measures import freshness_score, reliability
from kohort.reports.data import LoadPoint, SourceScores
from kohort.storage.records import LoadMeasured

MOST_LOADS: Final = 30
"""How many loads of a source a report tells of, the newest."""


@dataclass(frozen=True)
class SourceReport:
    """How good a source is as of `at`.

    `loads` are its newest, the newest last; of those that were not stopped `latest` is the last, whose `scores` these
    are, but freshness as it is now; `missing` are dimensions that could not be measured. `age` is that of the newest
    record, in microseconds.
    """

    source: str
    at: Moment
    expected: SourceQuality
    loads: tuple[LoadMeasured, ...] = ()
    scores: Mapping[Measure, float] = field(default_factory=dict)
    reliability: float | None = None
    age: int | None = None

    @property
    def latest(self) -> LoadMeasured | None:
        """The newest load that was not stopped."""
        return next((one for one in reversed(self.loads) if not one.stopped), None)

    @property
    def missing(self) -> tuple[Measure, ...]:
        """The dimensions that could not be measured."""
        return tuple(one for one in DIMENSIONS if one not in self.scores)

    @property
    def is_overdue(self) -> bool:
        """Whether the source comes less often than it promises."""
        return self.age is not None and self.expected.every is not None and self.age > self.expected.every


def source_reports(workspace: Workspace, at: Moment, source: str | None = None) -> list[SourceReport]:
    """Return how good every source is that was ever measured, or whose quality is declared, by name; or one.

    Raises UnknownNameError for a source that nobody knows.
    """
    rows = workspace.tables.read("quality_loads").sort_by("seq").to_pylist()
    loads: dict[str, list[LoadMeasured]] = {}
    for row in rows:
        loads.setdefault(row["source"], []).append(load_of(row))
    names = {*loads, *(one.name for one in workspace.sources), *workspace.settings.quality.sources}
    if source is not None and source not in names:
        raise UnknownNameError("source", source, names)
    return [_report(workspace, one, at, loads.get(one, [])) for one in sorted(names) if source is None or one == source]


def scores_of(reports: Sequence[SourceReport], zone: ZoneInfo) -> Iterator[SourceScores]:
    """Yield sources that were measured as charts show them."""
    for one in reports:
        if one.loads:
            points = [
                LoadPoint(load.load, datetime_of(load.at, zone), load.reliability, load.stopped) for load in one.loads
            ]
            yield SourceScores(one.source, one.reliability, {str(n): s for n, s in one.scores.items()}, tuple(points))


def _report(workspace: Workspace, source: str, at: Moment, loads: list[LoadMeasured]) -> SourceReport:
    expected = expected_of(workspace, source)
    taken = [one for one in loads if not one.stopped]
    if not taken:
        return SourceReport(source, at, expected, tuple(loads[-MOST_LOADS:]))
    scores = {Measure(name): score for name, score in taken[-1].scores.items()}
    newest = max((one.newest for one in taken if one.newest is not None), default=None)
    age = None if newest is None else max(at - newest, 0)
    scores.pop(Measure.FRESHNESS, None)
    if expected.every is not None:
        scores[Measure.FRESHNESS] = freshness_score(age, expected.every)
    total = reliability(scores, workspace.settings.quality.weights)
    ordered: dict[Measure, float] = {one: scores[one] for one in DIMENSIONS if one in scores}
    return SourceReport(source, at, expected, tuple(loads[-MOST_LOADS:]), ordered, total, age)
