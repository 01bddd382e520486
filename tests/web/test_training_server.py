"""`kohort serve` trains in a process of its own, which may die, and whose end with the server is told as it was."""

import os
import signal
import time
from pathlib import Path

import pytest
from server_desk import PATIENCE, Running, running

from kohort.client import Client
from kohort.client.answers.training import Training
from kohort.clock import DAY, SystemClock
from kohort.project import Project
from prediction_shop import SCORES, ran_shop

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = ran_shop(tmp_path, SCORES)
    settings = found.folder.settings
    settings.write_text(settings.read_text() + "\nas_of: 2026-03-01\n")
    project = Project(found.folder.path, clock=SystemClock(), patience=60)
    project.keys.create_write("web")
    return project


def client_of(server: Running) -> Client:
    key, _ = server.project.keys.create_secret("crm", ["segments:read", "segments:write"], SystemClock().now() + DAY)
    server.wait_for("started", "web")
    return Client(server.api, key)


def ended(client: Client, training_id: int) -> Training:
    """Return what has become of a training once something has."""
    deadline = time.monotonic() + PATIENCE
    while (found := client.get_training(training_id)).state in {"waiting", "running"}:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_a_training_outlives_nobody_and_says_so(project: Project) -> None:
    with running(project) as server, client_of(server) as client:
        begun = client.start_training(client.plan_training("lapse"))
        server.wait_for("training running", "trainer")
        os.kill(server.child("kohort.web.training"), signal.SIGKILL)
        found = ended(client, begun.training_id)
        assert (found.state, found.model) == ("interrupted", None)
        assert "its process ended" in found.reason
        server.wait_for("started", "trainer", times=2)
        again = client.start_training(client.plan_training("lapse"))
        found = ended(client, again.training_id)
        assert (found.state, found.model) == ("done", 2)
        assert [one.state for one in client.list_models("lapse").models] == ["live", "candidate"]
        server.wait_for("stopped", "trainer")
        assert len(server.heard("died")) == 1, "who has nothing left to do ends, and did not die"
        left = client.start_training(client.plan_training("lapse"))
        server.wait_for("training running", "trainer", times=3)
    assert project.trainings.find(left.training_id).state == "interrupted", "the server was told to end"
    with running(project) as server, client_of(server) as client:
        server.wait_for("stopped", "trainer")
        found = client.get_training(left.training_id)
        assert (found.state, found.ended_at is not None) == ("interrupted", True)
    assert [one.state.value for one in project.models("lapse")] == ["live", "candidate"]
    assert not list(project.folder.path.glob("data/training.asked"))
