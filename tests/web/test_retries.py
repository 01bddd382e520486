"""What an SDK sends again, in any order, over restarts of the collector and with another time of sending."""

import random
from itertools import pairwise
from pathlib import Path

from collector_desk import Desk, serving

from kohort.clock import SECOND, moment_of
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso, tables_of

EVENTS, STARTS = 80, 5


def visit(number: int) -> dict[str, object]:
    at = iso(NOW - number * SECOND)
    return {"type": "track", "event": "Visit", "userId": f"u{number % 7}", "messageId": f"m{number}", "timestamp": at}


def test_retries_and_duplicates_shuffled_over_restarts_are_stored_once(tmp_path: Path) -> None:
    chosen = random.Random(11)  # noqa: S311 - no secret
    clock = SettableClock(NOW)
    project = Project.create(tmp_path / "shop", clock=clock)
    key, _ = project.keys.create_write("web")
    sent = [number for number in range(EVENTS) for _ in range(chosen.randint(1, 5))]
    chosen.shuffle(sent)
    bounds = [len(sent) * start // STARTS for start in range(STARTS + 1)]
    for first, last in pairwise(bounds):
        with serving(project, clock, key=key) as desk:
            for start in range(first, last, 6):
                _send(desk, sent[start : min(start + 6, last)], chosen)
                clock.advance(7 * SECOND)
        project = Project(project.folder.path, clock=clock)
    project.keep_up()
    rows = project.sql("select event_id, ts from events").to_pylist()
    assert sorted(row["event_id"] for row in rows) == sorted(f"m{number}" for number in range(EVENTS))
    assert {row["event_id"]: moment_of(row["ts"]) for row in rows} == {
        f"m{number}": NOW - number * SECOND for number in range(EVENTS)
    }
    assert project.dead_letters().num_rows == 0
    before = tables_of(project)
    project.rebuild()
    assert tables_of(project) == before


def _send(desk: Desk, numbers: list[int], chosen: random.Random) -> None:
    """Send a batch, perhaps again at once, with the time of sending that an SDK stamps anew on each try."""
    for _ in range(chosen.randint(1, 2)):
        batch = {"batch": [visit(number) for number in numbers], "sentAt": iso(desk.clock.now())}
        assert desk.send("/v1/batch", batch).status_code == 200
    if chosen.random() < 0.2:
        desk.project.keep_up()
