"""What a score after the very last event costs: somebody does something, and is scored by what is known then.

    python benchmarks/live_scores.py [--people 20000] [--events 200000] [--times 30]

The features are habits of orders (`kind: behaviour`), computed of the one person by the code that computes them of
everybody, and scored by a logistic model with what goes with it. The peer is the only other way to the same number: the
run's own, which reads everybody. Both must say the same of the person. How many people's chance is another an hour
later, though nothing has happened, is what a score kept up to date by events alone would get wrong.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from workload.predicted import kept_model
from workload.tables import EVENT, NOW, write_project

from kohort.clock import HOUR, SECOND
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.scoring import scores_of
from kohort.pipeline.learning.explained.opened import model_in_force, predictions_of
from kohort.pipeline.learning.prediction_features import read_by
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

FEATURES = ("orders", "historic_clv", "basket_value", "recency_days", "tenure_days")
SCORES = f"""scores:
  - {{kind: behaviour, name: behaviour, event: {EVENT}, value: total}}
  - {{kind: prediction, name: churn, target: lapse, event: {EVENT}, within: 30 days, features: [{", ".join(FEATURES)}]}}
"""
Result = TypeVar("Result")


def filled(folder: Path, people: int, events: int) -> Project:
    """Return a project whose prediction has a model in force."""
    project = write_project(folder / "shop", people, events)
    for path in (folder / "shop" / "scores").glob("*.yaml"):
        path.unlink()
    (folder / "shop" / "scores" / "scores.yaml").write_text(SCORES)
    random = np.random.default_rng(0)
    values = random.lognormal(2, 1, (5_000, len(FEATURES)))
    fitted = LogisticRegression().fit(values / 50, values[:, 3] / 20 + random.logistic(size=5_000) > 1)
    plain = plain_model(fitted, FEATURES, background=values)
    workspace = Workspace.open(project.folder, project.clock)
    file = kept_model(workspace, plain)
    row = {"seq": 11, "recorded_at": NOW, "score": "churn", "at": NOW, "file": file, "entry": "", "live": True}
    rows = pa.Table.from_pylist([row], schema=SCHEMAS["model_runs"])
    Tables(project.folder.tables).append("model_runs", rows, watermark=11)
    return project


def happens(project: Project, person: str, number: int) -> None:
    """Let a person order something, an hour before the moment of the scores and a second a time later."""
    moment = NOW - HOUR + number * SECOND
    row = {
        "event_id": f"live{number}", "actor_id": person, "name": EVENT, "ts": moment, "received_at": moment,
        "source": "web", "total": 50_000_000,
    }  # fmt: skip
    tables = Tables(project.folder.tables)
    tables.append("events", pa.Table.from_pylist([row]), watermark=tables.watermark("events") + 1)


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """Return what work gives, and how many milliseconds it takes, of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    return found, 1_000 * (time.perf_counter() - clock), 1_000 * (time.process_time() - processor)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = filled(Path(name), given.people, given.events)
        before, later = (chances(project, moment) for moment in (NOW, NOW + HOUR))
        stale = sum(before[one] != later[one] for one in before) / len(before)
        everyone = project.sql("SELECT DISTINCT actor_id FROM events").column("actor_id").to_pylist()
        people = [everyone[row] for row in np.random.default_rng(3).choice(len(everyone), given.times + 1).tolist()]
        project.person_scores_now(people[0])
        ours, theirs, moved = [], [], []
        for number, person in enumerate(people[1:]):
            [before] = project.person_scores_now(person)
            happens(project, person, number)
            [after], clock, processor = timed(lambda person=person: project.person_scores_now(person))
            ours.append((clock, processor))
            moved.append(before.chance - after.chance)
            if number % 10 == 0:
                expected, clock, processor = timed(lambda person=person: of_everybody(project, person))
                theirs.append((clock, processor))
                if abs(expected - after.chance) > 1e-12:
                    raise SystemExit(f"everybody's way says {expected} of {person}, the live one {after.chance}")
    print(f"{given.people:,} people, {given.events:,} events; {given.times} events, each with a score after it")
    for label, took in (("live", ours), ("everybody's way", theirs)):
        clock, processor = (statistics.median(one[place] for one in took) for place in (0, 1))
        print(f"{label:<16} p50 {clock:8.0f} ms, of the processor {processor:8.0f} ms")
    longest = sorted(one[0] for one in ours)[int(0.95 * len(ours))]
    ratio = statistics.median(one[1] for one in theirs) / statistics.median(one[1] for one in ours)
    print(f"live p95 {longest:.0f} ms; everybody's way takes {ratio:.1f} times as much of the processor")
    print(f"an hour alone changes the chance of {stale:.0%} of the people")
    print(f"the event lowered the chance of {sum(one > 0 for one in moved)} of {len(moved)}")


def of_everybody(project: Project, person: str) -> float:
    """Return the chance of a person as a run computes it."""
    return chances(project, NOW)[person]


def chances(project: Project, at: int) -> dict[str, float]:
    """Return everybody's chance as a run computes it."""
    workspace = Workspace.open(project.folder, project.clock)
    [definition] = predictions_of(workspace)
    model = model_in_force(workspace, "churn")
    if model is None:
        raise SystemExit("no model is in force")
    table = read_by(workspace, definition, model.plain, at)
    return dict(zip(table.person_ids, scores_of(model.plain, table).tolist(), strict=True))


if __name__ == "__main__":
    main()
