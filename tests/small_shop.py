"""A small shop's messages, and what to compare projects by."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deltalake import DeltaTable

from kohort.clock import DAY, format_moment, parse_moment, zone_of
from kohort.project import Project
from kohort.storage.tables import PEOPLE, Tables

KILL_CYCLES = int(os.environ.get("KOHORT_KILL_CYCLES", "3"))
"""How often tests kill a program at a random moment: 3 times, 500 in `make test-chaos`."""

UTC = zone_of("UTC")
NOW = parse_moment("2026-03-01", UTC)

WriteLines = Callable[[str, Iterable[object]], Path]


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
