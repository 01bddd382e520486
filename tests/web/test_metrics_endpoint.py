"""`/metrics`, as Prometheus' own parser reads it."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kohort.clock import DAY, HOUR, SECOND
from kohort.collection.acceptance import EventError
from kohort.definitions.collecting import CollectLimits
from kohort.definitions.schedule import STALLED_AFTER
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.storage.received import Received
from kohort.testing.clock import SettableClock
from kohort.web.collector import Collector
from kohort.web.measurements import EngineMeasurements, mount_metrics
from kohort.web.metrics import Family, exposition
from kohort.web.outcomes import Outcome
from small_shop import NOW, WriteLines, order

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
Scrape = Callable[..., tuple[int, str]]


def samples(text: str) -> Samples:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.fixture
def scrape(shop: Project) -> Scrape:
    """Tell outcomes to a collector, then read its measurements with a key."""

    async def get(outcomes: list[Outcome], headers: dict[str, str]) -> tuple[int, str]:
        with GroupCommit(Journal(shop.folder.journal), shop.clock) as commits:
            collector = Collector(shop.keys, commits, shop.clock, CollectLimits())
            mount_metrics(collector, shop.keys, shop.folder.measurements)
            for one in outcomes:
                collector.outcomes.tell(one)
            transport = httpx.ASGITransport(app=collector)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
                answer = await client.get("/metrics", headers=headers)
            return answer.status_code, answer.text

    def run(outcomes: list[Outcome] | None = None, *, key: str | None = None) -> tuple[int, str]:
        plain = key or shop.keys.create_secret("prometheus", ["metrics:read"], shop.clock.now() + DAY)[0]
        return asyncio.run(get(outcomes or [], {"Authorization": f"Bearer {plain}"}))

    return run


def test_the_collector_counts_what_it_takes_and_refuses(shop: Project, scrape: Scrape) -> None:
    event = EventError(1, "invalid_event", "/event", "…")
    received = Received("web", NOW, events=[], places=[])
    outcomes = [
        Outcome(NOW, "web", received=Received("web", NOW, events=[b"{}"] * 3)),  # type: ignore[list-item]
        Outcome(NOW, "web", received=received, errors=(event, event)),
        Outcome(NOW, "web", "", "not stored", withheld=4),
        Outcome(NOW, "", "invalid_write_key", "…"),
    ]
    status, text = scrape(outcomes)
    assert status == 200
    found = samples(text)
    assert found["kohort_events_received_total", (("source", "web"),)] == 3
    assert found["kohort_events_rejected_total", (("code", "invalid_event"), ("source", "web"))] == 2
    assert found["kohort_events_withheld_total", (("source", "web"),)] == 4
    assert found["kohort_requests_refused_total", (("code", "invalid_write_key"),)] == 1
    assert found["kohort_collector_waiting_bytes", ()] == 0


def test_the_engine_tells_duplicates_lag_queue_and_freshness(
    shop: Project, clock: SettableClock, write_lines: WriteLines, scrape: Scrape
) -> None:
    engine = EngineMeasurements(shop.folder.measurements, clock, shop.freshness, shop.untaken)
    shop.ingest(write_lines("one.jsonl", [order("ada", 1, days_ago=2)]))
    clock.advance(HOUR)
    list(shop.run())
    tally = shop.keep_up()
    tally.applied, tally.known, tally.rejected = 5, 2, 1
    engine.applied(tally)
    engine.publish()
    found = samples(scrape()[1])
    assert found["kohort_events_applied_total", ()] == 5
    assert found["kohort_events_duplicate_total", ()] == 2
    assert found["kohort_events_dead_lettered_total", ()] == 1
    assert found["kohort_membership_lag_seconds", ()] == 3600
    assert found["kohort_journal_records_behind", ()] == 0
    assert (
        found["kohort_segment_evaluated_timestamp_seconds", (("segment", "frequent_buyers"),)] == (NOW + HOUR) / SECOND
    )
    assert ("kohort_oldest_waiting_timestamp_seconds", ()) not in found
    shop.ingest(write_lines("two.jsonl", [order("bob", 2, days_ago=2)]))
    engine.publish()
    assert samples(scrape()[1]) == found, "written at most every five seconds"
    clock.advance(5 * SECOND)
    engine.publish()
    found = samples(scrape()[1])
    assert found["kohort_oldest_waiting_timestamp_seconds", ()] == (NOW + HOUR) / SECOND
    assert found["kohort_engine_timestamp_seconds", ()] == clock.now() / SECOND
    stalled = ("kohort_segment_stalled", (("segment", "frequent_buyers"),))
    assert found[stalled] == 0
    clock.advance(STALLED_AFTER)
    engine.publish()
    assert samples(scrape()[1])[stalled] == 1


def test_only_a_secret_key_with_the_scope_reads_measurements(shop: Project, scrape: Scrape) -> None:
    write, _ = shop.keys.create_write("web")
    other, _ = shop.keys.create_secret("tail", ["events:read"], shop.clock.now() + DAY)
    assert [scrape(key=key)[0] for key in (write, other, "sk_nothing")] == [401, 403, 401]


def test_no_label_can_break_a_line() -> None:
    hostile = 'a"} 1\nup 0 \\'
    text = exposition([Family("seen", "gauge", "two\nlines", ("name",), [((hostile,), 0.5)])]).decode()
    assert samples(text) == {("seen", (("name", hostile),)): 0.5}
