"""How far memberships are behind, as a table of what happened."""

from kohort.clock import DAY, HOUR, MINUTE
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, order


def test_freshness_from_the_first_event_to_the_second_evaluation(
    shop: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    nothing = shop.freshness()
    assert (nothing.behind, nothing.waiting_since, nothing.lag, dict(nothing.evaluated)) == (0, None, None, {})
    shop.ingest(write_lines("one.jsonl", [order("ada", 1, days_ago=2)]))
    waiting = shop.freshness(nothing)
    assert (waiting.waiting_since, waiting.lag, dict(waiting.evaluated)) == (NOW, None, {})
    clock.advance(HOUR)
    shop.ingest(write_lines("two.jsonl", [order("bob", 2, days_ago=2)]))
    clock.advance(MINUTE)
    list(shop.run())
    fresh = shop.freshness(waiting)
    assert (fresh.waiting_since, fresh.lag, fresh.behind) == (None, HOUR + MINUTE, 0)
    assert set(fresh.evaluated.values()) == {NOW + HOUR + MINUTE}
    assert "frequent_buyers" in fresh.evaluated
    clock.advance(DAY)
    shop.ingest(write_lines("three.jsonl", [order("eve", 3, days_ago=2)]))
    later = shop.freshness(fresh)
    assert later.waiting_since == clock.now()
    assert (later.lag, later.evaluated) == (fresh.lag, fresh.evaluated)
    list(shop.run())
    again = shop.freshness(later)
    assert (again.lag, again.waiting_since) == (0, None)
    assert again == shop.freshness(), "an earlier answer saves work and changes nothing"
