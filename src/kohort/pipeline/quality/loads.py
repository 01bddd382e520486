"""What is measured of a load: judged by the gates of its source, recorded, and read again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.gates import DIMENSIONS, Action, Measure
from kohort.definitions.quality import NOTHING_EXPECTED, SourceQuality
from kohort.errors import StoppedError
from kohort.pipeline.quality.metering import LoadMeter
from kohort.pipeline.quality.wording import gate_findings, gate_text
from kohort.pipeline.workspace import Workspace
from kohort.quality.gating import Verdict, judge
from kohort.quality.measures import LoadCounts, measure, reliability
from kohort.storage.frames import Record
from kohort.storage.records import FindingsRecorded, GateSaid, LoadMeasured
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


@dataclass(frozen=True)
class Load:
    """A load that comes at `at`: what is expected of it, what came before, and what counts it while it is read."""

    workspace: Workspace
    source: str
    name: str
    at: Moment
    expected: SourceQuality
    before: Sequence[LoadMeasured]
    meter: LoadMeter

    @classmethod
    def of(cls, workspace: Workspace, source: str, name: str, at: Moment) -> "Load":
        """Return a load of a source."""
        expected = expected_of(workspace, source)
        own = [one for one in workspace.sources if one.name == source]
        mapped = [value.name for one in own for value in one.values]
        checks = [check for one in own for check in one.checks]
        is_plain = all(value.normalisation is None for one in own for value in one.values)
        meter = LoadMeter(mapped, expected.expects or mapped, checks, is_plain=is_plain)
        return cls(workspace, source, name, at, expected, loads_of(workspace.tables, source), meter)

    @property
    def may_be_stopped(self) -> bool:
        """Whether any gate of the source may stop it."""
        return any(one.action is Action.FAIL for one in self.expected.gates)

    def anew(self) -> "Load":
        """Return the same load with nothing counted."""
        return replace(self, meter=self.meter.anew())

    def check(self, catch_up: Callable[[], int]) -> None:
        """Record, and raise StoppedError for, a load that a gate stops."""
        found = self.measured(0, stopped=True)
        failed = [one for one in found.gates if one.holds and one.action == Action.FAIL]
        if not failed:
            return
        body = msgspec.json.encode(FindingsRecorded("ingest", gate_findings(found)))
        self.workspace.journal.append("findings", [body], recorded_at=self.at)
        self.record(found)
        catch_up()
        said = "; ".join(gate_text(one) for one in failed)
        raise StoppedError(
            f"{self.name} was stopped, and nothing of it was taken in: {said}; see its worst rows with: kohort quality "
            f"{self.source}; then mend the file, or change the gate, or let it in with --despite-gates"
        )

    def measured(self, accepted: int, *, stopped: bool) -> LoadMeasured:
        """Return what the load measures by what was counted, and what its gates say."""
        found = measured(self.workspace, self.source, self.name, self.at, self.meter.counts(), self.before)
        worst, faults = self.meter.worst, self.meter.faults
        return msgspec.structs.replace(found, accepted=accepted, stopped=stopped, worst=worst, faults=faults)

    def record(self, found: LoadMeasured) -> None:
        """Append what a load measures to the journal."""
        self.workspace.journal.append("load", [msgspec.json.encode(found)], recorded_at=self.at)


def expected_of(workspace: Workspace, source: str) -> SourceQuality:
    """Return what is expected of a source: its own file says it, or, where it has none, `kohort.yaml`."""
    own = {one.name: one.quality for one in workspace.sources}
    return own.get(source) or workspace.settings.quality.sources.get(source, NOTHING_EXPECTED)


def loads_of(tables: Tables, source: str) -> list[LoadMeasured]:
    """Return what was measured of a source, the newest last, without loads that were stopped."""
    rows = tables.read("quality_loads")
    its = pc.and_(pc.equal(rows.column("source"), source), pc.invert(rows.column("stopped")))
    return [load_of(row) for row in rows.filter(its).sort_by("seq").to_pylist()]


def load_of(row: Mapping[str, object]) -> LoadMeasured:
    """Return a row of `quality_loads` as it was recorded."""
    return msgspec.json.decode(str(row["details"]), type=LoadMeasured)


def measured(
    workspace: Workspace, source: str, name: str, at: Moment, counts: LoadCounts, before: Sequence[LoadMeasured]
) -> LoadMeasured:
    """Measure a load of which `counts` are known, and judge it by the gates of its source."""
    expected = expected_of(workspace, source)
    found = measure(counts, at, expected.every, [one.measures[Measure.VOLUME] for one in before])
    total = reliability(found.scores, workspace.settings.quality.weights)
    values = dict(found.values) | ({} if total is None else {Measure.RELIABILITY: total})
    history = [{Measure(one): value for one, value in load.measures.items()} for load in before]
    return LoadMeasured(
        source=source,
        load=name,
        at=at,
        records=counts.records,
        rejected=counts.rejected,
        accepted=counts.records - counts.rejected,
        repeats=counts.repeats or 0,
        newest=counts.newest,
        stopped=False,
        measures={str(one): value for one, value in values.items()},
        scores={str(one): score for one, score in found.scores.items()},
        reliability=total,
        gates=[_said(one) for one in judge(expected.gates, values, history)],
    )


def append_load(tables: Tables, record: Record) -> None:
    """Write what a record says of a load."""
    said = msgspec.json.decode(record.body, type=LoadMeasured)
    fields = ("source", "load", "at", "records", "rejected", "accepted", "repeats", "stopped", "reliability")
    row = {name: getattr(said, name) for name in fields}
    row |= {str(one): said.scores.get(one) for one in DIMENSIONS}
    row |= {
        "seq": record.seq,
        "newest_at": said.newest,
        "recorded_at": record.recorded_at,
        "details": record.body.decode(),
    }
    table = pa.Table.from_pylist([row], schema=SCHEMAS["quality_loads"])
    tables.append("quality_loads", table, watermark=record.seq)


def _said(verdict: Verdict) -> GateSaid:
    gate = verdict.gate
    return GateSaid(gate.text, str(gate.action), verdict.holds, verdict.value, verdict.bound)
