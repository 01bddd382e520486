"""A small shop's messages, and what to compare projects by."""

import json
import os
import shutil
from atexit import register
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import mkdtemp

import pytest
from deltalake import DeltaTable

from kohort.clock import DAY, format_moment, parse_moment, zone_of
from kohort.project import Project
from kohort.storage.kinds import PEOPLE
from kohort.storage.tables import Tables
from kohort.testing.clock import SettableClock

KILL_CYCLES = int(os.environ.get("KOHORT_KILL_CYCLES", "3"))
"""How often tests kill a program at a random moment: 3 times, 500 in `make test-chaos`."""

UTC = zone_of("UTC")
NOW = parse_moment("2026-03-01", UTC)

WriteLines = Callable[[str, Iterable[object]], Path]


def lines_in(folder: Path) -> WriteLines:
    """Return what writes JSON lines (text as it is) to a file of a folder."""

    def write(name: str, lines: Iterable[object]) -> Path:
        path = folder / name
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return path

    return write


def made_once(fill: Callable[[Project, WriteLines], Project]) -> object:
    """Return the fixture that has the name of `fill`, a shop so filled: once at `NOW`, and copied for each test."""
    filled: list[Path] = []

    @pytest.fixture(name=fill.__name__)
    def copied(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
        if not filled:
            folder = tmp_path_factory.mktemp(fill.__name__)
            project = fill(Project.create(folder / "shop", clock=SettableClock(NOW)), lines_in(folder))
            filled.append(project.folder.path)
        shutil.rmtree(shop.folder.path)
        shutil.copytree(filled[0], shop.folder.path)
        return shop

    return copied


_MADE: dict[str, Path] = {}


def copy_of(name: str, folder: Path, make: Callable[[Path], Project]) -> Project:
    """Return a copy, in a new folder, of the shop that `make` fills: once in this process for each name, at `NOW`."""
    if name not in _MADE:
        place = Path(mkdtemp(prefix="made-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        register(shutil.rmtree, place, ignore_errors=True)
        _MADE[name] = make(place).folder.path
    return Project(shutil.copytree(_MADE[name], folder / "shop"), clock=SettableClock(NOW))


def order(person: str, number: int, *, days_ago: float = 0, total: float = 10) -> dict[str, object]:
    """One Segment-format order of a known user, so many days before `NOW`."""
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"order-{number}",
        "userId": person,
        "timestamp": iso(NOW - int(days_ago * DAY)),
        "properties": {"total": total},
    }


def iso(moment: int) -> str:
    """Return a moment as Segment SDKs write it."""
    return format_moment(moment, UTC)


def tables_of(project: Project) -> Mapping[str, list[str]]:
    """Return every table's rows, as sorted text: equal if and only if the projects hold the same.

    Tables of people are read with what amends their files.
    """
    tables, found = Tables(project.folder.tables), {}
    for path in sorted(project.folder.tables.iterdir()):
        its = tables.read(path.name) if path.name in PEOPLE else DeltaTable(path).to_pyarrow_table()
        found[path.name] = sorted(json.dumps(row, sort_keys=True) for row in its.to_pylist())
    return found
