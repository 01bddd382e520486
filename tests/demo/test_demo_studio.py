"""On a terminal the demo ends with the studio on the real data; elsewhere it ends."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "kohort", "demo", str(folder), *options]


def test_without_a_terminal_it_ends_after_the_work(demo: Path) -> None:
    done = subprocess.run(command(demo), capture_output=True, text=True, check=True, timeout=300)
    assert "The report:" in done.stdout
    assert "/welcome/" not in done.stdout


@pytest.mark.parametrize(("environment", "options"), [({"CI": "true"}, []), ({}, ["--no-serve"])])
def test_on_a_terminal_it_ends_too_where_it_is_told_so(
    demo: Path, environment: dict[str, str], options: list[str]
) -> None:
    ours, theirs = pty.openpty()
    shown = {name: value for name, value in os.environ.items() if name != "CI"} | environment
    with subprocess.Popen(command(demo, *options), stdout=theirs, stderr=theirs, env=shown) as process:
        os.close(theirs)
        text = read_until(ours, None)
        assert process.wait(60) == 0
    os.close(ours)
    assert "The report:" in text
    assert "/welcome/" not in text


def test_on_a_terminal_it_serves_the_studio_until_it_is_stopped(demo: Path) -> None:
    ours, theirs = pty.openpty()
    shown = {name: value for name, value in os.environ.items() if name != "CI"} | {"COLUMNS": "200"}
    with subprocess.Popen(command(demo), stdout=theirs, stderr=theirs, env=shown, start_new_session=True) as process:
        os.close(theirs)
        text = read_until(ours, r"http://127\.0\.0\.1:\d+/welcome/[\w-]+")
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/welcome/[\w-]+)", text)
        assert found is not None, text
        read_until(ours, r'"name": ?"web".*started|started.*web|"started"')
        page = welcomed(found[1] + found[2])
        assert "complete-journey" in page
        process.send_signal(signal.SIGINT)
        read_until(ours, None)
        assert process.wait(60) == 0
    os.close(ours)


def welcomed(address: str) -> str:
    """Return the page behind a link, as soon as the server answers."""
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, timeout=60) as client:
        answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def read_until(terminal: int, pattern: str | None) -> str:
    """Read what a program shows, until something is in it, or, for None, until it ends."""
    text = ""
    while pattern is None or not re.search(pattern, text):
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text += piece.decode(errors="replace")
    return text
