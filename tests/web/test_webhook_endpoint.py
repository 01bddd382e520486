"""`POST /v1/webhook/{source}`, from the request to people and dead letters."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from kohort.collection.webhooks.signing import signature_of
from kohort.definitions.collecting import CollectLimits
from kohort.definitions.signatures import SCHEMES
from kohort.errors import ProjectError
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.web.collector import Collector
from kohort.web.outcomes import Outcome
from kohort.web.webhooks import mount_webhooks

SHOP = """\
source: shop
mapping: shopify
secret: {env: SHOP_SECRET}
"""
SECRET = "hush"  # noqa: S105 - nobody's
ORDER = (Path(__file__).parents[1] / "collection" / "webhooks" / "payloads" / "shopify_order.json").read_bytes()

Deliver = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def told() -> list[Outcome]:
    return []


@pytest.fixture
def deliver(shop: Project, told: list[Outcome], monkeypatch: pytest.MonkeyPatch) -> Deliver:
    """Deliver a body to the collector, signed unless headers say otherwise; return the status and the answer."""
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    (shop.folder.path / "webhooks").mkdir()
    (shop.folder.path / "webhooks" / "shop.yaml").write_text(SHOP)
    webhooks = shop.webhooks()

    async def post(source: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, object]]:
        with GroupCommit(Journal(shop.folder.journal), shop.clock) as commits:
            collector = Collector(shop.keys, commits, shop.clock, CollectLimits(), shop.withholding())
            collector.outcomes.listen(told.append)
            mount_webhooks(collector, webhooks)
            transport = httpx.ASGITransport(app=collector)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
                answer = await client.post(f"/v1/webhook/{source}", content=body, headers=headers)
            return answer.status_code, answer.json()

    def run(
        body: bytes = ORDER, topic: str = "orders/create", source: str = "shop", **headers: str
    ) -> tuple[int, dict[str, object]]:
        signature = {"X-Shopify-Hmac-Sha256": signature_of(SCHEMES["shopify"], SECRET.encode(), {}, body)}
        return asyncio.run(post(source, body, {"X-Shopify-Topic": topic, **signature, **headers}))

    return run


def letters(shop: Project) -> list[dict[str, object]]:
    found: list[dict[str, object]] = shop.dead_letters().select(["source", "file", "field", "reason"]).to_pylist()
    return found


def test_an_order_reaches_the_tables_once_however_often_it_is_delivered(shop: Project, deliver: Deliver) -> None:
    shop.keep_up()
    assert deliver() == (200, {"success": True, "code": "accepted", "message": ""})
    assert deliver()[1]["code"] == "duplicate"
    again = Project(shop.folder.path, clock=shop.clock)
    assert deliver(**{"X-Shopify-Webhook-Id": "another"})[1]["code"] == "duplicate"
    again.keep_up()
    rows = again.sql("SELECT name, source, total, currency FROM events").to_pylist()
    assert [(row["name"], row["source"], float(row["total"]), row["currency"]) for row in rows] == [
        ("order_completed", "shop", 409.94, "EUR")
    ]
    assert again.sql("SELECT email FROM traits").to_pylist() == [{"email": "jeanne@example.com"}]


def test_a_replay_after_a_restart_changes_nothing(shop: Project, deliver: Deliver) -> None:
    shop.keep_up()
    deliver()
    fresh = shop.webhooks()  # remembers nothing
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": signature_of(SCHEMES["shopify"], SECRET.encode(), {}, ORDER),
    }
    outcome = fresh.receive("shop", headers, ORDER, shop.clock.now() + 10**12)
    ids = {json.loads(event)["messageId"] for event in outcome.events}
    shop.keep_up()
    assert {row["event_id"] for row in shop.sql("SELECT event_id FROM events").to_pylist()} <= ids


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ({"X-Shopify-Hmac-Sha256": "forged"}, 401, "invalid_signature"),
        ({"X-Shopify-Hmac-Sha256": ""}, 401, "missing_signature"),
        ({"source": "shpo"}, 404, "unknown_source"),
        ({"body": b"x" * 600_000}, 413, "request_too_large"),
    ],
)
def test_what_is_not_believed_is_refused_told_and_not_kept(
    shop: Project, deliver: Deliver, told: list[Outcome], words: dict[str, str], status: int, code: str
) -> None:
    answer = deliver(**words)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert [one.code for one in told] == [code]
    assert shop.status().journal_records == 0


@pytest.mark.parametrize(("topic", "code"), [("orders/create", "consent_required"), ("orders/paid", "unread")])
def test_a_shop_that_requires_consent_leaves_nothing_without(
    shop: Project, deliver: Deliver, told: list[Outcome], topic: str, code: str
) -> None:
    consent = "consent: {purposes: {analytics: {}}, required: {shop: [analytics]}}\n"
    shop.folder.settings.write_text(shop.folder.settings.read_text() + consent)
    status, answer = deliver(topic=topic)
    assert (status, answer["code"]) == (200, code), "sending it again would not help"
    assert any(one.withheld for one in told) == (code == "consent_required")
    assert shop.status().journal_records == 0


def test_what_cannot_be_read_waits_as_a_dead_letter_until_the_mapping_is_mended(
    shop: Project, deliver: Deliver, told: list[Outcome]
) -> None:
    shop.keep_up()
    status, answer = deliver(topic="orders/paid")
    assert (status, answer["code"]) == (200, "unread"), "sending it again would not help"
    assert [error.code for one in told for error in one.errors] == ["unread"]
    shop.keep_up()
    (letter,) = letters(shop)
    assert (letter["source"], letter["file"]) == ("shop", "webhook")
    assert 'nothing is declared for the kind "orders/paid"' in str(letter["reason"])
    (raw,) = (row["raw"] for row in shop.dead_letters().to_pylist())
    assert "x-shopify-hmac-sha256" not in raw, "what proves who sent it is not kept"
    assert shop.replay() == (0, 1)
    paid = "events:\n  orders/paid: {event: order_paid, user_id: customer.id, time: processed_at}\n"
    (shop.folder.path / "webhooks" / "shop.yaml").write_text(SHOP + paid)
    assert shop.replay() == (1, 0)
    assert shop.sql("SELECT name FROM events").to_pylist() == [{"name": "order_paid"}]
    assert letters(shop) == []


def test_what_the_tracking_plan_refuses_stays_whole_when_it_is_replayed(shop: Project, deliver: Deliver) -> None:
    shop.folder.tracking.write_text("events: {order_paid: {properties: {total: {type: number, required: true}}}}\n")
    deliver(topic="orders/paid")
    shop.keep_up()
    paid = "events:\n  orders/paid: {event: order_paid, user_id: customer.id, traits: {email: email}}\n"
    (shop.folder.path / "webhooks" / "shop.yaml").write_text(SHOP + paid)
    assert shop.replay() == (0, 1)
    assert shop.status().people == 0, "no half of a delivery is taken in"
    shop.folder.tracking.write_text("events: {}\n")
    assert shop.replay() == (1, 0)


def test_nothing_is_served_without_a_secret(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_SECRET", raising=False)
    (shop.folder.path / "webhooks").mkdir()
    (shop.folder.path / "webhooks" / "shop.yaml").write_text(SHOP)
    with pytest.raises(ProjectError, match="SHOP_SECRET is not set"):
        shop.webhooks()
