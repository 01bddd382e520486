"""How far memberships are behind, as a table of what happened."""

import yaml

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


def test_a_segment_that_nobody_evaluates_is_stalled_until_somebody_does(
    shop: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    settings = yaml.safe_load(shop.folder.settings.read_text())
    shop.folder.settings.write_text(yaml.safe_dump({**settings, "schedule": {"stalled_after": "2 hours"}}))
    shop.ingest(write_lines("one.jsonl", [order("ada", 1, days_ago=2)]))
    assert (shop.status().stalled, shop.status().waiting_since) == ((), NOW)
    clock.advance(HOUR)
    list(shop.run())
    clock.advance(2 * HOUR)
    shop.ingest(write_lines("two.jsonl", [order("bob", 2, days_ago=2)]))
    assert (shop.status().stalled, shop.status().lag) == ((), HOUR)
    assert {one.note for one in shop.segments() if one.at} == {""}
    clock.advance(1)
    held = shop.status()
    assert "frequent_buyers" in held.stalled
    assert held.waiting_since == NOW + 3 * HOUR
    notes = {one.name: one.note for one in shop.segments() if one.at}
    assert set(held.stalled) == set(notes)
    assert notes["frequent_buyers"].startswith("stalled: last evaluated 2026-03-01T")
    list(shop.run())
    assert (shop.status().stalled, shop.status().waiting_since) == ((), None)
