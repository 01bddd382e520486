"""The real Python SDKs of Segment and RudderStack, unchanged, against the collector: from a call to a person."""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_desk import Desk, serving

from kohort.clock import HOUR, SECOND
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW

with warnings.catch_warnings():
    # What the SDKs import warns of its own age; that is not ours to mend.
    warnings.simplefilter("ignore")
    from rudderstack.analytics.client import Client as RudderClient
    from segment.analytics.client import Client as SegmentClient

CLIENTS = {"segment": SegmentClient, "rudder": RudderClient}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as one:
        yield one


def client_of(desk: Desk, name: str, **options: Any) -> Any:
    failures: list[Exception] = []

    def failed(error: Exception, *_: object) -> None:
        failures.append(error)

    client = CLIENTS[name](desk.key, host=desk.url, on_error=failed, max_retries=1, **options)
    client.failures = failures
    return client


def finish(client: Any) -> None:
    """Wait until everything is sent; a client that sends at once has nothing to wait for."""
    if not client.sync_mode:
        client.flush()
        client.join()


@pytest.mark.parametrize("options", [{}, {"gzip": True}, {"sync_mode": True}], ids=str)
@pytest.mark.parametrize("sdk", CLIENTS)
def test_what_is_tracked_reaches_one_person(desk: Desk, sdk: str, options: dict[str, bool]) -> None:
    client = client_of(desk, sdk, **options)
    client.track(anonymous_id="a1", event="Product Viewed", properties={"price": 12.5, "tags": ["new"]})
    client.identify(user_id="u1", anonymous_id="a1", traits={"city": "Lyon", "age": 40})
    client.page(user_id="u1", category="docs", name="Start")
    client.screen(user_id="u1", name="Cart")
    client.group(user_id="u1", group_id="acme", traits={"plan": "gold"})
    client.track(user_id="u1", event="Order Completed", properties={"total": 99.9, "at": datetime(2026, 2, 1)})  # noqa: DTZ001
    client.alias(previous_id="u0", user_id="u1")
    client.track(user_id="u0", event="Order Completed", properties={"total": 1})
    finish(client)
    assert client.failures == []
    rows = desk.rows("select name, person_id, source, price, total from events order by ts, event_id")
    assert len({row["person_id"] for row in rows}) == 1, "anonymous, aliased and known are one"
    assert sorted(str(row["name"]) for row in rows) == [
        "order_completed", "order_completed", "page_viewed", "product_viewed", "screen_viewed",
    ]  # fmt: skip
    assert {row["source"] for row in rows} == {"web"}
    assert {str(row["price"]) for row in rows if row["price"]} == {"12.500000"}
    assert {str(row["total"]) for row in rows if row["total"]} == {"99.900000", "1.000000"}
    size = desk.project.preview('city = "Lyon" and count of order_completed >= 2', NOW + 366 * 24 * HOUR).size
    assert size == 1
    assert desk.project.dead_letters().num_rows == 0


@pytest.mark.parametrize("sdk", CLIENTS)
def test_a_clock_that_is_wrong_is_corrected_and_a_repeat_is_known(desk: Desk, sdk: str) -> None:
    """The SDK's clock is this machine's, the collector's stands at 1 March 2026."""
    client = client_of(desk, sdk, sync_mode=True)
    now = datetime.now(tz=UTC)
    for _ in range(2):
        client.track(user_id="u1", event="Seen", timestamp=now - timedelta(hours=2), message_id="m1")
        desk.clock.advance(5 * SECOND)
    assert client.failures == []
    (row,) = desk.rows("select ts, received_at from events")
    assert row["received_at"] - row["ts"] == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=60))  # type: ignore[operator]
    assert desk.project.dead_letters().num_rows == 0, "the same message later is a repeat, no contradiction"


@pytest.mark.parametrize("sdk", CLIENTS)
def test_many_events_come_in_batches_and_none_is_lost(desk: Desk, sdk: str) -> None:
    client = client_of(desk, sdk)
    for number in range(1_000):
        client.track(user_id=f"u{number % 50}", event="Seen", properties={"number": number, "text": "x" * 500})
    finish(client)
    assert client.failures == []
    assert desk.rows(
        "select count(*) as n, count(distinct number) as d, count(distinct person_id) as p from events"
    ) == [{"n": 1_000, "d": 1_000, "p": 50}]
    assert len(desk.told) < 100


@pytest.mark.parametrize("sdk", CLIENTS)
def test_an_sdk_hears_why_it_is_refused(desk: Desk, sdk: str) -> None:
    client = CLIENTS[sdk]("wk_wrong", host=desk.url, sync_mode=True, max_retries=1)
    with pytest.raises(Exception, match=r"401|unknown, expired or revoked"):
        client.track(user_id="u1", event="Seen")
    client = client_of(desk, sdk, sync_mode=True)
    with pytest.raises(Exception, match=r"400|no letter or digit"):
        client.track(user_id="u1", event="!")
    client.track(user_id="u1", event="Seen")
    assert desk.stored() == 1
