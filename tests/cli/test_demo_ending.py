"""The demo ends with the studio where somebody looks: on a terminal, and not on one of a build."""

import os
import pty
import sys
from pathlib import Path

import pytest

from kohort.cli import demo, demo_studio
from kohort.cli.demo_studio import somebody_looks
from kohort.cli.main import run_command
from kohort.project import Project


@pytest.mark.parametrize(("build", "looks"), [("", True), ("false", True), ("true", False), ("1", False)])
def test_on_a_terminal_somebody_looks_unless_it_is_that_of_a_build(
    build: str, looks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setenv("CI", build)
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours), monkeypatch.context() as shown:
        shown.setattr(sys, "stdout", terminal)
        assert somebody_looks() is looks


def test_in_a_file_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with (tmp_path / "told.txt").open("w") as file, monkeypatch.context() as shown:
        shown.setattr(sys, "stdout", file)
        assert not somebody_looks()


@pytest.mark.parametrize(
    ("options", "looks", "served"), [([], True, True), (["--no-serve"], True, False), ([], False, False)]
)
def test_it_serves_what_it_has_made_where_somebody_looks_unless_it_is_told_to_end(
    options: list[str], looks: bool, served: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    monkeypatch.setattr(demo, "run_demo", Project.create)
    monkeypatch.setattr(demo_studio, "somebody_looks", lambda: looks)
    monkeypatch.setattr(demo_studio, "serve_demo", lambda project: given.append(project.folder.path))
    assert run_command(["demo", str(tmp_path / "demo"), *options]) == 0
    assert given == ([tmp_path / "demo"] if served else [])
