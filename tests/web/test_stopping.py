"""A server that is told to end does, whatever its supervisor is doing at that moment."""

import subprocess
import sys
from pathlib import Path

from kohort.project import Project

# Without a pause between two looks, a signal comes while the supervisor does anything that it ever does.
PROGRAM = """
import os, signal, sys, threading
from pathlib import Path
from kohort.project import Project
from kohort.web import serving

def soon(*_):
    threading.Timer(0.03, os.kill, [os.getpid(), signal.SIGTERM]).start()
    return []

serving._LOOK, serving._Server._processes = 0, soon
for _ in range(40):
    serving.serve_project(Project(Path(sys.argv[1])), serving.ServeOptions(port=0, api_port=0), lambda _: None)
"""


def test_a_signal_is_heard_at_any_moment(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    project.keys.create_write("web")
    command = [sys.executable, "-c", PROGRAM, str(project.folder.path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert ended.stderr.count('"event":"stopped"') == 40
