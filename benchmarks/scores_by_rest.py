"""How long a person's scores take by REST, with what goes with them: Kohort's own server beside a plain service.

    python benchmarks/scores_by_rest.py [--people 1000000] [--requests 2000]

The API runs as `kohort serve` starts it, in a process of its own, and is asked over loopback for different people, one
after the other, with a key. The peer is a service as one writes it by hand: FastAPI, the same scikit-learn model held
in memory with everybody's features, and for each request `predict_proba` and shap's TreeExplainer; it knows no keys,
pseudonyms, tables or versions. The model is gradient boosting, 100 trees of 31 leaves over 20 features. Every chance is
compared with the peer's, and its drivers with shap's. CPU is that of the server's process, a request.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import uvicorn
from fastapi import FastAPI
from sklearn.ensemble import HistGradientBoostingClassifier
from workload.predicted import kept_model
from workload.tables import NOW, write_project

from kohort.clock import DAY
from kohort.definitions.values import ValueType
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.scoring import scores_of
from kohort.pipeline.learning.explained.kept import keep_scored, scored_of
from kohort.pipeline.learning.explained.opened import version_of
from kohort.pipeline.scoring import keep_scores
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

GOAL = 20
FEATURES = 20
NAMES = tuple(f"feature {number}" for number in range(FEATURES))
SCORE = """scores:
  - {kind: prediction, name: churn, target: lapse, event: order_completed, within: 60 days}
"""


def model_of(values: np.ndarray) -> HistGradientBoostingClassifier:
    random = np.random.default_rng(0)
    learnt = values[:20_000]
    odds = learnt[:, 0] + learnt[:, 1] * learnt[:, 2] - 0.5 * np.abs(learnt[:, 3]) - 1
    labels = odds + random.logistic(size=len(learnt)) > 0
    return HistGradientBoostingClassifier(early_stopping=False, random_state=0).fit(learnt, labels)


def filled(folder: Path, people: int) -> tuple[Project, tuple[str, ...], np.ndarray]:
    """Return a project of so many people whose prediction has run, their ids, and their features."""
    project = write_project(folder / "shop", people, people)
    for path in (folder / "shop" / "scores").glob("*.yaml"):
        path.unlink()
    (folder / "shop" / "scores" / "predictions.yaml").write_text(SCORE)
    settings = project.folder.settings
    settings.write_text(f"{settings.read_text()}api: {{rate: 1000000}}\n")  # it is asked as fast as it answers
    ids = tuple(sorted(project.sql("SELECT person_id FROM actors").column("person_id").to_pylist()))
    values = np.random.default_rng(1).standard_t(3, (people, FEATURES))
    plain = plain_model(model_of(values), NAMES)
    workspace, table = Workspace.open(project.folder, project.clock), FeatureTable(ids, NAMES, values)
    file = kept_model(workspace, plain)
    chances = np.rint(scores_of(plain, table) * 1_000_000).astype(np.int64)
    scored = pa.table({"person_id": ids, "churn": chances, "churn_band": ["low"] * people})
    types = {"churn": ValueType.NUMBER, "churn_band": ValueType.TEXT}
    run = keep_scores(workspace, "churn", scored, types, NOW)
    keep_scored(workspace, run, version_of(file), scored_of(workspace, run, plain, table))
    noted = {"recorded_at": NOW, "score": "churn", "at": NOW}
    rows = {
        "model_runs": {"seq": 11, "file": file, "entry": "", "live": True},
        "score_runs": {"seq": 12, "file": run.file},
    }
    tables = Tables(project.folder.tables)
    for name, row in rows.items():
        tables.append(name, pa.Table.from_pylist([noted | row], schema=SCHEMAS[name]), watermark=row["seq"])
    return project, ids, values


@dataclass(frozen=True)
class Service:
    """What is asked, and the process that answers."""

    client: httpx.Client
    process: int

    def seconds(self) -> float:
        """Return the processor's seconds that the process has taken so far."""
        told = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(project: Project) -> Iterator[Service]:
    """Serve the API in a process of its own, as `kohort serve` does."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    listening.setblocking(False)
    lifeline, held = os.pipe()
    command = [sys.executable, "-m", "kohort.web", "kohort.web.answering", "--project", str(project.folder.path)]
    command += ["--lifeline", str(lifeline), "--socket", str(listening.fileno())]
    key, _ = project.keys.create_secret("benchmark", ["people:read"], project.clock.now() + DAY)
    process = subprocess.Popen(command, pass_fds=[lifeline, listening.fileno()], start_new_session=True)  # noqa: S603
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
    try:
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=120) as client:
            yield Service(client, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        os.close(held)
        listening.close()


@contextmanager
def peer_served(ids: tuple[str, ...], values: np.ndarray, folder: Path) -> Iterator[Service]:
    """Serve the peer in a process of its own."""
    np.save(folder / "values.npy", values)
    (folder / "ids.txt").write_text("\n".join(ids))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, "--peer", str(folder), "--port", str(port)])  # noqa: S603
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            for _ in range(600):
                try:
                    client.get(f"/people/{ids[0]}/scores").raise_for_status()
                    break
                except httpx.TransportError:
                    time.sleep(0.5)
            yield Service(client, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def serve_peer(folder: Path, port: int) -> None:
    """Answer as the peer does."""
    import shap  # noqa: PLC0415 - with pandas, which only the peer's process needs

    values = np.load(folder / "values.npy")
    model = model_of(values)
    explainer, rows = shap.TreeExplainer(model), {one: row for row, one in enumerate(_ids(folder))}
    app = FastAPI()

    @app.get("/people/{person}/scores")
    def scores(person: str) -> dict[str, object]:
        row = values[rows[person]][None]
        chance = float(model.predict_proba(row)[0, 1])
        brought = explainer.shap_values(row)[0].tolist()
        return {"chance": chance, "drivers": dict(zip(NAMES, brought, strict=True))}

    asyncio.run(uvicorn.Server(uvicorn.Config(app, port=port, log_level="error")).serve())


def _ids(folder: Path) -> list[str]:
    return (folder / "ids.txt").read_text().split("\n")


def asked(service: Service, people: list[str]) -> tuple[list[float], float, list[dict[str, object]]]:
    """Ask for people one after the other; return the milliseconds of each, those of the processor, and the answers."""
    took, answers, busy = [], [], service.seconds()
    for one in people:
        begun = time.perf_counter()
        answer = service.client.get(f"/people/{one}/scores")
        took.append(1_000 * (time.perf_counter() - begun))
        answers.append(answer.raise_for_status().json())
    return took, 1_000 * (service.seconds() - busy) / len(people), answers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    if given.peer:
        serve_peer(given.peer, given.port)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, ids, values = filled(folder, given.people)
        drawn = np.random.default_rng(2).choice(len(ids), given.requests, replace=False)
        people = [ids[row] for row in drawn.tolist()]
        with served(project) as service:
            begun = time.perf_counter()
            asked(service, people[:1])
            first = time.perf_counter() - begun
            ours, our_busy, told = asked(service, people)
        with peer_served(ids, values, folder) as service:
            asked(service, people[:1])
            theirs, their_busy, expected = asked(service, people)
    print(f"{given.people:,} people, {given.requests:,} requests, load {os.getloadavg()[0]:.0f}")
    print(f"the first answer of a new process took {first:.1f} s")
    for name, took, busy in (("Kohort", ours, our_busy), ("FastAPI and shap", theirs, their_busy)):
        cuts = statistics.quantiles(took, n=100)
        print(f"{name:<20} p50 {cuts[49]:6.1f} ms  p95 {cuts[94]:6.1f} ms  p99 {cuts[98]:6.1f} ms  CPU {busy:5.1f} ms")
    ratio = statistics.quantiles(theirs, n=20)[-1] / statistics.quantiles(ours, n=20)[-1]
    late = statistics.quantiles(ours, n=20)[-1] >= GOAL
    print(f"p95 of the peer is {ratio:.2f} times Kohort's; the goal of {GOAL} ms is {'missed' if late else 'kept'}")
    compare(told, expected)


def compare(told: list[dict], expected: list[dict]) -> None:
    """Say how far chances and drivers are from the peer's; raises SystemExit if they are others."""
    chances, drivers = [], []
    for one, other in zip(told, expected, strict=True):
        score = one["scores"][0]
        chances.append(abs(score["chance"] - other["chance"]))
        drivers += [abs(each["margin"] - other["drivers"][each["features"][0]]) for each in score["drivers"]["found"]]
    print(
        f"chances differ by {max(chances):.1e} at most, which are written in millionths; drivers by {max(drivers):.1e}"
    )
    if max(chances) > 1e-6 or max(drivers) > 1e-5:
        raise SystemExit("the two services say different things")


if __name__ == "__main__":
    main()
