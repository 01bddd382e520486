"""Steps that run unless their inputs are those of their last run."""

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from kohort.clock import Moment, format_moment
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import StepRun

CatchUp = Callable[[], int]


class StepRunner:
    """Runs a step unless its inputs are those of its last run, and remembers them in the journal."""

    def __init__(self, workspace: Workspace, at: Moment, catch_up: CatchUp) -> None:
        self.workspace, self.at, self.catch_up = workspace, at, catch_up

    def step(self, name: str, inputs: str, work: Callable[[], str], *, always: bool = False) -> StepOutcome:
        """Run `work`, which says what came out, if `inputs`, the moment or the data are new, or `always`."""
        text = f"{name}\0{inputs}\0{self.at}\0{self.workspace.data_seq()}"
        fingerprint = blake2b(text.encode(), digest_size=16).hexdigest()
        before = self._last_run(name)
        if before is not None and before["fingerprint"] == fingerprint and not always:
            moment = format_moment(int(str(before["at"])), self.workspace.settings.zone)
            return StepOutcome(name, "skipped", f"nothing new since the run as of {moment}: {before['summary']}")
        summary = work()
        body = msgspec.json.encode(StepRun(name, self.at, fingerprint, summary))
        self.workspace.journal.append("run", [body], recorded_at=self.workspace.clock.now())
        self.catch_up()
        return StepOutcome(name, "done", summary)

    def _last_run(self, step: str) -> dict[str, object] | None:
        runs = [row for row in self.workspace.tables.read("runs").to_pylist() if row["step"] == step]
        return max(runs, key=lambda row: int(row["seq"])) if runs else None
