"""The pixel on real pages in a real browser: what it sends, when, and what it never does."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser's driver is not installed")

from browser import CHROMIUM, CaptureServer, capture_server, chromium, named, pixel_tag, wait_for
from playwright.sync_api import Browser, BrowserContext, Page

from kohort.web.pixel import pixel_script

DOCUMENTED = (Path(__file__).parents[2] / "docs/pixel.md").read_text(encoding="utf-8")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system package chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def collector() -> Iterator[CaptureServer]:
    with capture_server() as server:
        yield server


@pytest.fixture
def site() -> Iterator[CaptureServer]:
    with capture_server() as server:
        yield server


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def opened(visitor: BrowserContext, site: CaptureServer, collector: CaptureServer, **options: str) -> Page:
    site.pages["/"] = pixel_tag(collector.address, **options)
    page = visitor.new_page()
    page.goto(f"{site.address}/")
    page.wait_for_function("window.kohort && !window.kohort.q")
    return page


def test_nothing_leaves_and_nothing_is_kept_before_consent(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector)
    page.evaluate("kohort('track', 'Searched', {query: 'shoes'})")
    page.wait_for_timeout(1_500)
    assert collector.posts == []
    assert page.evaluate("Object.keys(localStorage)") == []
    assert visitor.cookies() == []


def test_consent_sends_what_waited_with_the_choice_made(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector)
    page.evaluate("kohort('track', 'Searched', {query: 'shoes'})")
    page.evaluate("kohort('consent', {analytics: true, advertising: false})")
    wait_for(page, lambda: len(collector.messages()) == 3)
    assert sorted(collector.events()) == ["Searched", "Segment Consent Preference Updated", "page"]
    (searched,) = named(collector.messages(), "Searched")
    assert searched["properties"] == {"query": "shoes"}
    assert searched["context"]["consent"] == {"categoryPreferences": {"analytics": True, "advertising": False}}
    assert len({one["anonymousId"] for one in collector.messages()}) == 1
    wait_for(page, lambda: page.evaluate("Object.keys(localStorage).filter((one) => one.includes(':e:'))") == [])


def test_refusal_sends_nothing_and_forgets(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector)
    page.evaluate("kohort('consent', {analytics: false})")
    page.evaluate("kohort('track', 'Searched')")
    page.wait_for_timeout(1_500)
    assert collector.posts == []
    assert page.evaluate("Object.keys(localStorage)") == ["kohort:consent"]


def test_a_choice_of_another_purpose_leaves_the_question_open(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector)
    page.evaluate("kohort('consent', {advertising: false})")
    page.wait_for_timeout(1_500)
    assert collector.posts == []
    page.evaluate("kohort('consent', {analytics: true})")
    wait_for(page, lambda: "page" in collector.events())


def test_consent_taken_back_is_told_once_and_the_visitor_is_forgotten(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector)
    page.evaluate("kohort('consent', {analytics: true})")
    wait_for(page, lambda: len(collector.messages()) == 2)
    known = collector.messages()[0]["anonymousId"]
    page.evaluate("kohort('consent', {analytics: false})")
    wait_for(page, lambda: len(collector.messages()) == 3)
    last = collector.messages()[-1]
    assert last["event"] == "Segment Consent Preference Updated"
    assert last["anonymousId"] == known
    assert last["context"]["consent"] == {"categoryPreferences": {"analytics": False}}
    page.evaluate("kohort('track', 'Searched')")
    page.wait_for_timeout(1_500)
    assert len(collector.messages()) == 3
    assert page.evaluate("localStorage.getItem('kohort:anonymous')") is None


def test_a_site_that_needs_no_consent_says_so(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector, consent="none")
    wait_for(page, lambda: collector.events() == ["page"])
    (message,) = collector.messages()
    assert message["properties"]["url"] == f"{site.address}/"
    assert "consent" not in message["context"]
    assert collector.posts[0][1]["writeKey"] == "wk_test"
    assert collector.posts[0][0] == "/v1/b"


def test_clicks_shares_carts_and_orders(visitor: BrowserContext, site: CaptureServer, collector: CaptureServer) -> None:
    page = opened(visitor, site, collector, consent="none", auto="click")
    page.evaluate(
        "document.body.innerHTML = '<button data-kohort=\"Signup Clicked\" data-place=top><b>Join</b></button>'"
    )
    page.click("b")
    page.evaluate("kohort('share', 'mastodon')")
    page.evaluate("kohort('addToCart', {product_id: 'p1', price: 9.5, quantity: 2})")
    page.evaluate("kohort('addToCart', {product_id: 'p2', price: 1})")
    assert page.evaluate("JSON.parse(localStorage.getItem('kohort:cart')).value") == 20
    page.evaluate("kohort('purchase', {order_id: 'o1', total: 20})")
    assert page.evaluate("localStorage.getItem('kohort:cart')") is None
    wait_for(page, lambda: len(collector.messages()) == 5)
    assert collector.events() == [
        "Signup Clicked",
        "Content Shared",
        "Product Added",
        "Product Added",
        "Order Completed",
    ]
    assert collector.messages()[0]["properties"] == {"text": "Join", "place": "top"}


def test_a_cart_left_alone_is_told_of_once(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector, consent="none", auto="")
    page.clock.install()
    page.reload()
    page.wait_for_function("window.kohort && !window.kohort.q")
    page.evaluate("kohort('addToCart', {product_id: 'p1', price: 9.5})")
    page.clock.run_for("25:00")
    assert "Cart Abandoned" not in collector.events()
    page.clock.run_for("10:00")
    wait_for_clock(page, collector, "Cart Abandoned")
    (message,) = named(collector.messages(), "Cart Abandoned")
    assert message["properties"] == {"quantity": 1, "value": 9.5}
    page.clock.run_for("40:00")
    assert collector.events().count("Cart Abandoned") == 1


def wait_for_clock(page: Page, collector: CaptureServer, event: str) -> None:
    for _ in range(50):
        if event in collector.events():
            return
        page.clock.run_for(1_000)
    raise AssertionError(f"no {event} came")


def test_people_are_known_until_they_leave_their_account(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector, consent="none", auto="")
    page.evaluate("kohort('identify', 'ada', {plan: 'gold'}); kohort('track', 'Signed In')")
    page.evaluate("kohort('group', 'acme', {seats: 3}); kohort('alias', 'ada2', 'ada')")
    page.evaluate("kohort('reset'); kohort('track', 'Browsed')")
    wait_for(page, lambda: len(collector.messages()) == 5)
    identify, signed_in, group, alias, browsed = collector.messages()
    assert (identify["userId"], identify["traits"]) == ("ada", {"plan": "gold"})
    assert signed_in["userId"] == "ada"
    assert (group["groupId"], alias["previousId"], alias["userId"]) == ("acme", "ada", "ada2")
    assert browsed["userId"] is None
    assert browsed["anonymousId"] != identify["anonymousId"]


def test_what_could_not_be_sent_waits_over_pages_and_arrives_when_the_collector_is_back(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    collector.answer = lambda: (503, {"Retry-After": "1"})
    page = opened(visitor, site, collector, consent="none", auto="")
    page.evaluate("kohort('track', 'Searched')")
    wait_for(page, lambda: bool(collector.posts))
    page.goto("about:blank")
    page.wait_for_timeout(300)
    collector.posts.clear()
    collector.answer = lambda: (200, {})
    page.goto(f"{site.address}/")
    wait_for(page, lambda: collector.events() == ["Searched"])
    wait_for(page, lambda: page.evaluate("Object.keys(localStorage).filter((one) => one.includes(':e:'))") == [])


def test_what_is_refused_for_good_is_not_sent_again(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    collector.answer = lambda: (400, {})
    page = opened(visitor, site, collector, consent="none", auto="")
    page.evaluate("kohort('track', 'Searched')")
    wait_for(page, lambda: bool(collector.posts))
    wait_for(page, lambda: page.evaluate("Object.keys(localStorage).filter((one) => one.includes(':e:'))") == [])


def test_leaving_tells_of_the_time_spent_by_beacon(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector, consent="none", auto="time")
    page.wait_for_timeout(1_300)
    page.goto("about:blank")
    wait_for(page, lambda: "Time Spent" in collector.events())
    assert collector.posts[-1][0] == "/beacon/v1/batch"
    (spent,) = named(collector.messages(), "Time Spent")
    assert 1 <= spent["properties"]["seconds"] <= 10


def test_a_page_without_loading_is_a_page_view(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    page = opened(visitor, site, collector, consent="none", auto="page")
    page.evaluate("history.pushState({}, '', '/shoes?utm_source=letter&utm_campaign=spring')")
    page.evaluate("history.pushState({}, '', '/shoes?utm_source=letter&utm_campaign=spring#size')")
    page.go_back()
    page.go_back()
    wait_for(page, lambda: len(collector.messages()) == 3)
    assert [one["properties"]["path"] for one in collector.messages()] == ["/", "/shoes", "/"]
    assert collector.messages()[1]["context"]["campaign"] == {"source": "letter", "name": "spring"}


def test_a_video_watched(visitor: BrowserContext, site: CaptureServer, collector: CaptureServer) -> None:
    page = opened(visitor, site, collector, consent="none", auto="video")
    # A video without a file: what a player reports is set by hand, the browser's own events carry it.
    page.evaluate(
        """() => {
            const video = document.body.appendChild(document.createElement('video'));
            video.title = 'Tour';
            const played = {length: 2, start: (at) => [0, 20][at], end: (at) => [5, 27][at]};
            const fixed = {played, duration: 60, ended: false};
            for (const name in fixed) Object.defineProperty(video, name, {value: fixed[name]});
            video.dispatchEvent(new Event('pause'));
            video.dispatchEvent(new Event('pause'));
        }"""
    )
    wait_for(page, lambda: bool(collector.messages()))
    (watched,) = collector.messages()
    assert watched["properties"] == {"title": "Tour", "source": "", "seconds": 12, "duration": 60, "completed": False}


def test_two_tabs_at_once_lose_nothing(visitor: BrowserContext, site: CaptureServer, collector: CaptureServer) -> None:
    first = opened(visitor, site, collector, consent="none", auto="")
    second = opened(visitor, site, collector, consent="none", auto="")
    for tab, name in ((first, "a"), (second, "b")):
        tab.evaluate(f"for (let n = 0; n < 40; n++) kohort('track', '{name}' + n)")
    expected = {f"{name}{number}" for name in "ab" for number in range(40)}
    wait_for(first, lambda: set(collector.events()) == expected)


def test_every_command_of_the_page_is_known_and_told(
    visitor: BrowserContext, site: CaptureServer, collector: CaptureServer
) -> None:
    commands = re.findall(r"```js\n(.*?)```", DOCUMENTED, re.DOTALL)
    assert len(commands) == 2
    warnings: list[str] = []
    page = opened(visitor, site, collector, auto="")
    page.on("console", lambda message: warnings.append(message.text))
    for block in commands:
        page.evaluate(block)
    expected = {
        "Segment Consent Preference Updated", "page", "Searched", "Product Added", "Order Completed", "Content Shared",
        "identify", "group", "alias",
    }  # fmt: skip
    wait_for(page, lambda: set(collector.events()) == expected)
    assert warnings == []
    page.evaluate("kohort('perchase')")
    wait_for(page, lambda: bool(warnings))
    assert "purchase" in warnings[0]


def test_the_lines_of_the_page_load_it(visitor: BrowserContext, site: CaptureServer, collector: CaptureServer) -> None:
    loading, button = re.findall(r"```html\n(.*?)```", DOCUMENTED, re.DOTALL)
    site.pages["/"] = loading.replace("https://collect.example.org", collector.address) + button
    page = visitor.new_page()
    page.goto(f"{site.address}/")
    page.evaluate("kohort('consent', {analytics: true})")
    page.click("button")
    wait_for(page, lambda: {"page", "Signup Clicked"} <= set(collector.events()))
    assert collector.posts[0][1]["writeKey"] == "wk_your_key"


def test_it_is_small() -> None:
    assert len(gzip.compress(pixel_script(), mtime=0)) < 3_000
