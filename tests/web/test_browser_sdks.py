"""analytics.js and our pixel on real pages in a real Chromium, against the collector: from a click to a person."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser's driver is not installed")

from browser import CHROMIUM, CaptureServer, capture_server, chromium, pixel_tag, wait_for
from collector_desk import Desk, serving
from playwright.sync_api import Browser, Page

from kohort.clock import SECOND
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW

MODULES = os.environ.get("KOHORT_NODE_MODULES")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system package chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as one:
        yield one


@pytest.fixture
def site() -> Iterator[CaptureServer]:
    with capture_server() as server:
        yield server


def taken(desk: Desk) -> int:
    return sum(len(one.received.events) for one in desk.told if one.received is not None)


ANALYTICS = """<!doctype html><title>Shop</title><script src="/analytics.js"></script><script>
const integrations = {"Segment.io": {apiKey: "KEY", apiHost: "HOST/v1", protocol: "http"BATCHING}};
window.analytics = AnalyticsNext.AnalyticsBrowser.load({writeKey: "KEY", cdnSettings: {integrations}});
</script>"""
BATCHING = ', deliveryStrategy: {strategy: "batching", config: {size: 3, timeout: 500}}'


@pytest.mark.skipif(MODULES is None, reason="analytics.js has an environment of its own: make test-slow")
@pytest.mark.parametrize("batching", ["", BATCHING], ids=["one by one", "in batches"])
def test_a_page_with_analytics_js(page: Page, site: CaptureServer, desk: Desk, batching: str) -> None:
    assert MODULES is not None
    built = Path(MODULES) / "@segment/analytics-next/dist/umd"
    site.scripts = {f"/{one.name}": one.read_bytes() for one in built.glob("*.js")}
    site.scripts["/analytics.js"] = (built / "index.js").read_bytes()
    host = desk.url.removeprefix("http://")
    site.pages["/"] = ANALYTICS.replace("KEY", desk.key).replace("HOST", host).replace("BATCHING", batching)
    page.goto(f"{site.address}/")
    page.evaluate("analytics.track('Product Viewed', {price: 12.5})")
    page.evaluate("analytics.identify('ada', {plan: 'gold'})")
    page.evaluate("analytics.track('Order Completed', {total: 20})")
    wait_for(page, lambda: taken(desk) == 3)
    rows = desk.rows("select name, person_id, source from events order by name")
    assert [row["name"] for row in rows] == ["order_completed", "product_viewed"]
    assert len({row["person_id"] for row in rows}) == 1
    assert {row["source"] for row in rows} == {"web"}
    assert desk.project.preview('plan = "gold" and did product_viewed and did order_completed').size == 1
    assert desk.project.dead_letters().num_rows == 0


@pytest.mark.skipif(MODULES is None, reason="analytics.js has an environment of its own: make test-slow")
def test_analytics_js_takes_its_settings_from_the_collector(page: Page, site: CaptureServer, desk: Desk) -> None:
    assert MODULES is not None
    built = Path(MODULES) / "@segment/analytics-next/dist/umd"
    site.scripts = {f"/{one.name}": one.read_bytes() for one in built.glob("*.js")}
    site.scripts["/analytics.js"] = (built / "index.js").read_bytes()
    site.pages["/"] = (
        '<!doctype html><script src="/analytics.js"></script><script>window.analytics = '
        f"AnalyticsNext.AnalyticsBrowser.load({{writeKey: '{desk.key}', cdnURL: '{desk.url}'}})</script>"
    )
    page.goto(f"{site.address}/")
    page.evaluate("analytics.track('Product Viewed', {price: 12.5})")
    wait_for(page, lambda: taken(desk) == 1)
    assert desk.stored() == 1


def test_a_page_with_our_pixel(page: Page, site: CaptureServer, desk: Desk) -> None:
    site.pages["/"] = pixel_tag(desk.url, key=desk.key)
    page.goto(f"{site.address}/?utm_source=letter")
    page.wait_for_function("window.kohort && !window.kohort.q")
    page.evaluate("kohort('track', 'Product Viewed', {price: 12.5})")
    page.wait_for_timeout(1_500)
    assert taken(desk) == 0
    page.evaluate("kohort('consent', {analytics: true})")
    wait_for(page, lambda: taken(desk) == 3)
    desk.clock.advance(60 * SECOND)
    page.evaluate("kohort('identify', 'ada', {plan: 'gold'}); kohort('purchase', {total: 20})")
    page.goto("about:blank")
    wait_for(page, lambda: taken(desk) >= 6)
    page.goto(f"{site.address}/")
    wait_for(page, lambda: desk.stored() >= 6)
    rows = desk.rows("select name, person_id from events")
    found = sorted(str(row["name"]) for row in rows)
    assert [one for one in found if one not in {"page_viewed", "time_spent"}] == [
        "order_completed", "product_viewed", "segment_consent_preference_updated",
    ]  # fmt: skip
    assert {"page_viewed", "time_spent"} <= set(found)
    assert len({row["person_id"] for row in rows}) == 1
    assert desk.rows("select user_id from people") == [{"user_id": "ada"}]
    assert desk.project.preview('plan = "gold" and did product_viewed and did order_completed').size == 1
    assert desk.project.dead_letters().num_rows == 0


def test_the_collector_serves_the_pixel_and_the_template(page: Page, desk: Desk) -> None:
    answer = page.request.get(f"{desk.url}/kohort.js")
    assert answer.ok
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert "___INFO___" in page.request.get(f"{desk.url}/kohort.tpl").text()
