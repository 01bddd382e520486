"""A cart left alone in a real browser: in the segment, and told by a signed webhook, at the right second."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser's driver is not installed")

from browser import CHROMIUM, CaptureServer, capture_server, chromium, pixel_tag, wait_for
from collector_desk import Desk, serving
from playwright.sync_api import Browser, Page
from test_browser_sdks import ANALYTICS, BATCHING

from kohort.clock import DAY, HOUR, MINUTE, SECOND, Moment, parse_moment
from kohort.collection.webhooks.signing import doubt_of
from kohort.definitions.signatures import SCHEMES
from kohort.pipeline.live.keeping import LiveMemberships
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, UTC
from webhook_receiver import KEY, SECRET, Receiver, receiving

MODULES = os.environ.get("KOHORT_NODE_MODULES")
ABANDONED = "did product_added within the last 7 days then not order_completed within 1 hour"
JOURNEY = """\
version: 1
name: come-back
when: {{enters: abandoned_cart}}
webhook: {{url: "{url}", secret: {{env: OFFER_SECRET}}, allow_private: true}}
"""


@dataclass
class Shop:
    """A collector, whoever keeps memberships up live behind it, and whoever is told of them."""

    desk: Desk
    receiver: Receiver
    live: LiveMemberships

    def step(self, *, after: int = 0) -> None:
        """Let so much time pass; keep memberships up with it, and deliver."""
        self.desk.clock.advance(after)
        self.desk.project.keep_up(self.live)
        self.desk.project.deliver()

    def added(self) -> Moment:
        """Return when a product was put in the cart, as the collector understood the browser's clock."""
        rows = self.desk.rows("select cast(epoch_us(ts) as bigint) ts from events where name = 'product_added'")
        return max(int(str(row["ts"])) for row in rows)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("OFFER_SECRET", SECRET)
    clock = SettableClock(NOW - DAY)
    project = Project.create(tmp_path / "shop", clock=clock)
    path = project.folder.path
    for file in (path / "scores").iterdir():
        file.unlink()
    (path / "tracking.yaml").write_text("events: {product_added: {}, order_completed: {}}")
    segments = {"segments": [{"name": "abandoned_cart", "where": ABANDONED}]}
    (path / "segments" / "reference.yaml").write_text(json.dumps(segments))
    with receiving() as receiver, serving(project, clock) as desk:
        (path / "journeys").mkdir()
        (path / "journeys" / "come-back.yaml").write_text(JOURNEY.format(url=receiver.url))
        list(project.run())
        found = Shop(desk, receiver, LiveMemberships())
        found.step()
        found.step(after=DAY)
        yield found


def told_at_the_right_second(shop: Shop, user: str) -> None:
    """Let time pass around the deadline of the one cart, and look at who is told what."""
    shop.step()
    deadline = shop.added() + HOUR
    assert abs(deadline - HOUR - NOW) < MINUTE, "the event is dated by the collector's clock"
    shop.step(after=deadline - shop.desk.clock.now() + 9 * SECOND)
    assert shop.receiver.received == [], "it settles for ten seconds"
    shop.step(after=SECOND)
    (one,) = shop.receiver.received
    assert (one.kind, one.data["user_id"], one.data["segment"]) == ("membership.entered", user, "abandoned_cart")
    assert parse_moment(str(one.data["effective_at"]), UTC) == deadline
    assert doubt_of(SCHEMES["standard-webhooks"], [KEY], one.headers, one.body, shop.desk.clock.now()) is None
    members = shop.desk.project.members("abandoned_cart").to_pylist()
    assert [row["user_id"] for row in members] == [user]


def test_a_cart_of_a_server_that_is_left_alone(shop: Shop) -> None:
    body = {"userId": "ada", "event": "Product Added", "type": "track", "messageId": "m1"}
    assert shop.desk.send("/v1/track", body).status_code == 200
    told_at_the_right_second(shop, "ada")


def test_a_cart_that_was_paid_just_in_time_is_told_to_nobody(shop: Shop) -> None:
    shop.desk.send("/v1/track", {"userId": "ada", "event": "Product Added", "messageId": "m1"})
    shop.step(after=HOUR - SECOND)
    shop.desk.send("/v1/track", {"userId": "ada", "event": "Order Completed", "messageId": "m2"})
    shop.step(after=MINUTE)
    assert shop.receiver.received == []
    assert shop.desk.project.members("abandoned_cart").num_rows == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def site() -> Iterator[CaptureServer]:
    with capture_server() as server:
        yield server


def taken(shop: Shop) -> list[str]:
    """Return the events that the collector has taken in."""
    shop.desk.project.keep_up()
    return [str(row["name"]) for row in shop.desk.rows("select name from events")]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs the system package chromium")
def test_a_cart_on_a_page_with_our_pixel(page: Page, site: CaptureServer, shop: Shop) -> None:
    site.pages["/"] = pixel_tag(shop.desk.url, key=shop.desk.key)
    page.goto(f"{site.address}/")
    page.wait_for_function("window.kohort && !window.kohort.q")
    page.evaluate("kohort('consent', {analytics: true})")
    page.evaluate("kohort('identify', 'ada'); kohort('addToCart', {product_id: 'p1', price: 9.5})")
    wait_for(page, lambda: "product_added" in taken(shop))
    told_at_the_right_second(shop, "ada")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs the system package chromium")
@pytest.mark.skipif(MODULES is None, reason="analytics.js has an environment of its own: make test-slow")
def test_a_cart_on_a_page_with_analytics_js(page: Page, site: CaptureServer, shop: Shop) -> None:
    assert MODULES is not None
    built = Path(MODULES) / "@segment/analytics-next/dist/umd"
    site.scripts = {f"/{one.name}": one.read_bytes() for one in built.glob("*.js")}
    site.scripts["/analytics.js"] = (built / "index.js").read_bytes()
    host = shop.desk.url.removeprefix("http://")
    site.pages["/"] = ANALYTICS.replace("KEY", shop.desk.key).replace("HOST", host).replace("BATCHING", BATCHING)
    page.goto(f"{site.address}/")
    page.evaluate("analytics.identify('ada'); analytics.track('Product Added', {price: 9.5})")
    wait_for(page, lambda: "product_added" in taken(shop))
    told_at_the_right_second(shop, "ada")
