"""An engine that dies again and again before it has caught up gets on all the same, from life to life."""

from itertools import count
from pathlib import Path

import pytest
from live_desk import LiveDesk, logged, stored

from kohort.pipeline.projecting import projection
from kohort.pipeline.projecting.projection import Projection
from small_shop import tables_of


class Killed(BaseException):
    """What nothing handles."""


@pytest.mark.parametrize("runs", [False, True], ids=["before a run", "after it"])
def test_lives_that_are_too_short_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: bool) -> None:
    desk = LiveDesk(tmp_path, often="count of visit >= 3")
    if runs:
        desk.receive({"event": "Visit", "userId": "first"})
        desk.step()
        desk.run()
    for number in range(25):
        desk.receive({"event": "Visit", "userId": f"u{number % 11}", "anonymousId": f"a{number % 7}"})
    monkeypatch.setattr(projection, "_WRITTEN_AT_ONCE", 3)
    monkeypatch.setattr(projection, "CHUNK", 1)
    flush = Projection._flush
    for life in count():
        assert life < 15, "each life leaves more behind"
        steps = iter(range(5))

        def flush_until_killed(self: Projection, read: object, *, steps: object = steps) -> None:
            if next(steps, None) is None:  # type: ignore[call-overload]
                raise Killed
            flush(self, read)  # type: ignore[arg-type]

        monkeypatch.setattr(Projection, "_flush", flush_until_killed)
        desk.restart()
        try:
            desk.step()
        except Killed:
            continue
        break
    monkeypatch.undo()
    assert life > 3, "none came through at once"
    desk.project.write_behind(whole=True)
    tables = tables_of(desk.project)
    assert len(tables["events"]) == 25 + runs
    assert stored(desk) == logged(desk)
    desk.project.rebuild()
    assert tables_of(desk.project) == tables
