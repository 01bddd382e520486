"""What a look for drift costs with the months that it takes by default: a season, and those before the model learnt.

    python benchmarks/drift_looks.py [--people 2000] [--events 60000]

Features are RFM and habits of orders, and a told trait. The peer is the way it was before: each month opens the
relations anew for each of its questions, and reads everybody's history up to then. Both must find the same.
"""

import argparse
import os
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from workload.predicted import kept_model
from workload.tables import EVENT, NOW, write_project

from kohort.clock import DAY
from kohort.learning.models.conversion.convert import plain_model
from kohort.pipeline.learning.retraining.looks import DriftLook
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

FEATURES = ("orders", "historic_clv", "basket_value", "recency_days", "rfm_monetary", "tier")
DAYS = 1_000
SCORES = f"""scores:
  - {{kind: rfm, name: rfm, event: {EVENT}, value: total, window: 365 days}}
  - {{kind: behaviour, name: behaviour, event: {EVENT}, value: total}}
  - {{kind: prediction, name: churn, target: lapse, event: {EVENT}, within: 30 days}}
"""


def filled(folder: Path, people: int, events: int) -> Project:
    """Return a project whose prediction learnt ninety days ago."""
    project = write_project(folder / "shop", people, events, DAYS)
    for path in (folder / "shop" / "scores").glob("*.yaml"):
        path.unlink()
    (folder / "shop" / "scores" / "scores.yaml").write_text(SCORES)
    random = np.random.default_rng(0)
    values = random.lognormal(2, 1, (5_000, len(FEATURES)))
    values[random.random(values.shape) < 0.1] = np.nan
    late = np.nan_to_num(values[:, 3]) / 20 + random.logistic(size=5_000) > 1
    fitted = HistGradientBoostingClassifier(max_iter=20, early_stopping=False, random_state=0).fit(values, late)
    file = kept_model(Workspace.open(project.folder, project.clock), plain_model(fitted, FEATURES))
    learnt = NOW - 90 * DAY
    row = {"seq": 11, "recorded_at": learnt, "score": "churn", "at": learnt, "file": file, "entry": "", "live": True}
    rows = pa.Table.from_pylist([row], schema=SCHEMAS["model_runs"])
    Tables(project.folder.tables).append("model_runs", rows, watermark=11)
    return project


def looked(project: Project) -> tuple[DriftLook, float]:
    """Return what a look finds, and the seconds of the processor that it takes."""
    begun = time.process_time()
    return project.drift("churn", NOW), time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=60_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = filled(Path(name), given.people, given.events)
        found, ours = looked(project)
        with patch.object(Workspace, "read_once", lambda self, _until: nullcontext(self)):
            expected, theirs = looked(project)
    if found != expected:
        raise SystemExit("the two ways find different things")
    print(f"{given.people:,} people, {given.events:,} events of {DAYS} days; load {os.getloadavg()[0]:.0f}")
    print(f"one reading      {ours:6.1f} s of the processor, {len(found.features)} features")
    print(f"one each month   {theirs:6.1f} s, {theirs / ours:.1f} times as much")


if __name__ == "__main__":
    main()
