"""What runs have done: their steps, and what the scores that they computed look like."""

from collections.abc import Sequence
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.definitions.score import kind_of
from kohort.definitions.values import ValueType
from kohort.pipeline.workspace import Workspace
from kohort.storage.distributions import Distribution, distributions


@dataclass(frozen=True)
class RunStep:
    """A step of a run, and what came of it."""

    step: str
    recorded_at: Moment
    summary: str


@dataclass(frozen=True)
class Run:
    """Steps that were done one after another for the same moment; `seq` is the place of the first."""

    seq: int
    at: Moment
    steps: tuple[RunStep, ...]


def runs(workspace: Workspace, before: int | None, most: int) -> list[Run]:
    """Return runs, the newest first, at most so many; those before a place, if one is named."""
    rows = workspace.tables.read("runs").sort_by("seq").to_pylist()
    found: list[Run] = []
    for row in rows:
        step = RunStep(row["step"], row["recorded_at"], row["summary"])
        last = found[-1] if found else None
        if last is not None and last.at == row["at"] and all(one.step != step.step for one in last.steps):
            found[-1] = Run(last.seq, last.at, (*last.steps, step))
        else:
            found.append(Run(row["seq"], row["at"], (step,)))
    return [one for one in reversed(found) if before is None or one.seq < before][:most]


@dataclass(frozen=True)
class ScoreTrait:
    """A trait that a score writes, and how its values of the newest run are spread over people."""

    name: str
    type: ValueType
    distribution: Distribution


@dataclass(frozen=True)
class ScoreSummary:
    """A score that is declared: of which kind, and its newest run; `version` counts up with every run."""

    name: str
    kind: str
    version: int | None
    at: Moment | None
    recorded_at: Moment | None
    traits: Sequence[ScoreTrait]


def score_summaries(workspace: Workspace) -> list[ScoreSummary]:
    """Return every declared score with its newest run, None where there was none yet."""
    types = workspace.catalog({}).traits
    found = []
    for score in workspace.scores:
        newest = distributions(workspace.tables, score.name)
        if newest is None:
            found.append(ScoreSummary(score.name, kind_of(score), None, None, None, ()))
            continue
        traits = [ScoreTrait(name, types[name], one) for name, one in newest.traits.items() if name in types]
        found.append(
            ScoreSummary(score.name, kind_of(score), newest.version, newest.at, newest.recorded_at, tuple(traits))
        )
    return found
