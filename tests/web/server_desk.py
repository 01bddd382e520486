"""`kohort serve` as a process, and what it says."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kohort.project import Project

PATIENCE = 60


class Running:
    """`kohort serve` on a project, and what its processes have said."""

    def __init__(self, project: Project, process: "subprocess.Popen[str]") -> None:
        self.project, self.process = project, process
        self.said: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        # At the end of a process DuckDB's binding may have its own to say, which is no event, and ends no line.
        for line in self.process.stderr:
            _, event, told = line.partition('{"time"')
            if event:
                self.said.append(json.loads(event + told))

    def heard(self, event: str, process: str = "") -> list[dict[str, object]]:
        return [one for one in self.said if one["event"] == event and process in ("", one["process"])]

    def wait_for(self, event: str, process: str = "", times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.heard(event, process)) < times:
            assert time.monotonic() < deadline, f"{event} was not said: {self.said}"
            time.sleep(0.05)

    @property
    def url(self) -> str:
        self.wait_for("serving")
        return f"http://127.0.0.1:{self.heard('serving')[0]['port']}"

    @property
    def api(self) -> str:
        self.wait_for("serving")
        return f"http://127.0.0.1:{self.heard('serving')[0]['api_port']}"

    def child(self, module: str) -> int:
        """Return the id of one of the server's own processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (found,) = [one for one in children if module in Path(f"/proc/{one}/cmdline").read_text()]
        return int(found)


def serve_command(project: Project) -> list[str]:
    """Return the command that serves a project, on free ports."""
    ports = ["--port", "0", "--api-port", "0"]
    return [sys.executable, "-m", "kohort", "serve", "--project", str(project.folder.path), *ports]


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Tell a process to end after a block, and see that it does by itself; nobody waits for ever for another."""
    try:
        yield
    finally:
        process.terminate()
        try:
            assert process.wait(2 * PATIENCE) == 0
        finally:
            process.kill()


@contextmanager
def running(project: Project) -> Iterator[Running]:
    with subprocess.Popen(serve_command(project), stderr=subprocess.PIPE, text=True) as process:
        server = Running(project, process)
        with ended(process):
            yield server
