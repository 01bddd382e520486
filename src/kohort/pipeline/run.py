"""`run`: every step that is stale, in order, saying what was skipped and why."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import blake2b

import msgspec

from kohort.clock import Moment, format_moment
from kohort.definitions.score import ClustersDefinition, RfmDefinition, ScoreDefinition
from kohort.pipeline.checks import check_quality
from kohort.pipeline.epochs import applicable_segments, apply_segments, evaluate_now
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.scoring import behaviour_scores, record_scores, rfm_scores
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import StepRun

CatchUp = Callable[[], int]


def run_steps(workspace: Workspace, at: Moment, catch_up: CatchUp) -> Iterator[StepOutcome]:
    """Run every stale step as of `at`, yielding each outcome as it comes; the caller holds the write lock."""
    records = catch_up()
    yield (
        StepOutcome("project", "done", f"{records:,} journal records applied")
        if records
        else StepOutcome("project", "skipped", "the tables hold all of the journal")
    )
    runner = _Runner(workspace, at, catch_up)
    yield runner.step("quality", "", lambda: check_quality(workspace, at))
    for score in workspace.scores:
        reason = _not_yet(workspace, score)
        if reason:
            yield StepOutcome(f"score {score.name}", "skipped", reason)
        else:
            yield runner.step(f"score {score.name}", repr(score), partial(_score, workspace, score, at))
    yield from _segments(workspace, runner, at, catch_up)


class _Runner:
    """Runs a step unless its inputs are those of its last run, and remembers them in the journal."""

    def __init__(self, workspace: Workspace, at: Moment, catch_up: CatchUp) -> None:
        self._workspace, self._at, self._catch_up = workspace, at, catch_up

    def step(self, name: str, inputs: str, work: Callable[[], str]) -> StepOutcome:
        text = f"{name}\0{inputs}\0{self._at}\0{self._workspace.data_seq()}"
        fingerprint = blake2b(text.encode(), digest_size=16).hexdigest()
        before = self._last_run(name)
        if before is not None and before["fingerprint"] == fingerprint:
            moment = format_moment(int(str(before["at"])), self._workspace.settings.zone)
            return StepOutcome(name, "skipped", f"nothing new since the run as of {moment}: {before['summary']}")
        summary = work()
        body = msgspec.json.encode(StepRun(name, self._at, fingerprint, summary))
        self._workspace.journal.append("run", [body], recorded_at=self._workspace.clock.now())
        self._catch_up()
        return StepOutcome(name, "done", summary)

    def _last_run(self, step: str) -> dict[str, object] | None:
        runs = [row for row in self._workspace.tables.read("runs").to_pylist() if row["step"] == step]
        return max(runs, key=lambda row: int(row["seq"])) if runs else None


def _not_yet(workspace: Workspace, score: ScoreDefinition) -> str:
    catalog = workspace.catalog({})
    if isinstance(score, ClustersDefinition):
        missing = [name for name in score.features if name not in catalog.traits]
        if missing:
            return f"needs {', '.join(missing)}, which no data have shown yet"
        names = workspace.tables.read("models").column("name").to_pylist()
        return "" if score.name in names else "no clusters have been discovered yet; find them with: kohort discover"
    return "" if score.event in catalog.events else f"needs {score.event}, which no data have shown yet"


def _score(workspace: Workspace, score: ScoreDefinition, at: Moment) -> str:
    if isinstance(score, ClustersDefinition):
        # Model libraries are heavy and optional: only a project that has discovered clusters loads them.
        from kohort.pipeline.discovery import assign_clusters

        return assign_clusters(workspace, score, at)
    if isinstance(score, RfmDefinition):
        table, types = rfm_scores(workspace, score, at)
    else:
        table, types = behaviour_scores(workspace, score, at)
    record_scores(workspace, score.name, table, types, at)
    return f"{len(types)} traits of {table.num_rows:,} people"


def _segments(workspace: Workspace, runner: _Runner, at: Moment, catch_up: CatchUp) -> Iterator[StepOutcome]:
    applicable = applicable_segments(workspace)
    for name, reason in applicable.left_out.items():
        yield StepOutcome(f"segment {name}", "skipped", reason)
    applied = apply_segments(workspace, applicable.sentences)

    def evaluate() -> str:
        if applied is not None:
            workspace.journal.append("segments", [applied], recorded_at=workspace.clock.now())
            catch_up()
        epoch = evaluate_now(workspace, at)
        workspace.journal.append("epoch", [msgspec.json.encode(epoch)], recorded_at=workspace.clock.now())
        catch_up()
        return f"{len(applicable.sentences)} segments evaluated"

    traits = workspace.tables.watermark("trait_values")
    yield runner.step(
        "segments", repr((dict(applicable.sentences), dict(workspace.settings.periods), traits)), evaluate
    )
