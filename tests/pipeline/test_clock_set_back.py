"""`kohort run` while the clock jumps two hours: members are what a recomputation says, or the run says why not."""

import pytest

from kohort.clock import HOUR
from kohort.errors import UsageError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, made_once, order, tables_of

SEGMENT = "segments:\n  - {name: lately, where: count of order_completed in last 3 hours >= 1}\n"


@made_once
def timed(shop: Project, write_lines: WriteLines) -> Project:
    for folder in ("segments", "scores"):
        for path in (shop.folder.path / folder).iterdir():
            path.unlink()
    (shop.folder.path / "segments" / "one.yaml").write_text(SEGMENT)
    orders = [order("ada", 1), order("bob", 2, days_ago=2 / 24), order("cid", 3, days_ago=-1 / 24)]
    shop.ingest(write_lines("m.jsonl", orders))
    return shop


def lately(shop: Project) -> list[str]:
    return sorted(shop.members("lately").column("user_id").to_pylist())


def test_a_clock_that_goes_ahead_and_back_makes_runs_wait_and_changes_nothing(
    timed: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    list(timed.run())
    assert lately(timed) == ["ada", "bob"]
    clock.advance(2 * HOUR)
    list(timed.run())
    assert lately(timed) == ["ada", "cid"]
    clock.advance(-2 * HOUR)
    before = timed._workspace().tables.read("membership_log").to_pylist()
    with pytest.raises(UsageError, match="memberships are recorded up to 2026-03-01T02:00:00"):
        list(timed.run())
    assert timed._workspace().tables.read("membership_log").to_pylist() == before
    again = [order("ada", 1), order("dan", 4)]
    result = timed.ingest(write_lines("n.jsonl", again))
    assert (result.accepted, result.known) == (1, 1), "what comes meanwhile is kept, once"
    clock.advance(2 * HOUR + 1)
    list(timed.run())
    assert lately(timed) == ["ada", "cid", "dan"]
    tables = tables_of(timed)
    timed.rebuild()
    assert tables_of(timed) == tables


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_run_is_as_of_the_moment_at_which_it_began(timed: Project, clock: SettableClock, jump: int) -> None:
    for _ in timed.run():
        clock.advance(jump)
    assert lately(timed) == ["ada", "bob"]
    assert timed.preview('in segment "lately"', NOW).size == 2
    epochs = timed._workspace().tables.read("epochs").to_pylist()
    assert [row["at"] for row in epochs] == [NOW]
    tables = tables_of(timed)
    timed.rebuild()
    assert tables_of(timed) == tables
