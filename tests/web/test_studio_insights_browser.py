"""The pages of a segment and of discoveries in a real Chromium: parts that come later, by keys, live, for everybody."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHROMIUM, chromium
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect
from studio_desk import Studio, studio

from cluster_shop import two_groups
from kohort.clock import DAY, HOUR
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import open_shop
from small_shop import NOW, WriteLines, made_once, order

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

Visit = Callable[..., Page]
_MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[Studio, str], Page]]:
    """Give what opens a page; what the console, the policy or the network has against it fails the test."""
    troubles: list[str] = []
    contexts = []

    def told(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            troubles.append(message.text)

    def opened(found: Studio, path: str, key: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        if key:
            context.set_extra_http_headers({"authorization": f"Bearer {key}"})
        page = context.new_page()
        page.on("console", told)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda one: None if one.url.startswith(found.url) else troubles.append(one.url))
        page.goto(found.url + path)
        return page

    yield opened
    for one in contexts:
        one.close()
    assert troubles == []


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    return open_shop(shop, write_lines)


def key_of(project: Project) -> str:
    return project.keys.create_secret("page", ["memberships:read"], project.clock.now() + DAY)[0]


def kept_in(bodies: list[Response]) -> Callable[[Response], None]:
    """Return what keeps responses: Playwright takes no method that is not Python's."""

    def keep(response: Response) -> None:
        bodies.append(response)

    return keep


def loaded(page: Page) -> None:
    """Go through the page until each of its parts is there."""
    for place in page.locator("[data-part]").all():
        place.scroll_into_view_if_needed()
        expect(place).to_have_attribute("data-loaded", "", timeout=20_000)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_a_segment_for_everybody(visit: Visit, trading: Project, language: str, scheme: str) -> None:
    with studio(trading) as found:
        bodies: list[Response] = []
        page = visit(found, "/segments/buyers", key_of(trading), locale=language, color_scheme=scheme)
        page.on("response", kept_in(bodies))
        loaded(page)
        assert page.locator("h1").count() == 1
        for one in page.locator("details").all():
            one.locator("summary").first.click()
        found_by_axe = Axe().run(page)
        assert found_by_axe.violations_count == 0, found_by_axe.generate_report()
        assert sum(len(one.body()) for one in bodies if "stream" not in one.url) < _MOST_BYTES
        page.close()


def test_parts_are_renewed_in_place_and_by_keys(visit: Visit, trading: Project) -> None:
    with studio(trading) as found:
        page = visit(found, "/segments/buyers", key_of(trading))
        loaded(page)
        page.locator("#every-week").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#every-week")).to_have_attribute("aria-current", "true")
        expect(page.locator("#every-week")).to_be_focused()
        page.locator("#with").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".apart")).to_contain_text("too few to compare")
        expect(page.locator("#compare")).to_be_focused()
        page.locator("#since").fill("2026-02-24")
        page.locator("#until").fill("2026-02-27")
        page.locator("#show-flows").click()
        expect(page.locator(".flows")).to_contain_text("2 people before, 3 entered, 0 left, 5 after")
        assert page.url.endswith("/segments/buyers")
        page.close()


def test_who_enters_while_the_page_is_open_is_seen_at_once(
    visit: Visit, trading: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    with studio(trading) as found:
        page = visit(found, "/segments/buyers", key_of(trading))
        expect(page.locator("#live")).to_be_visible()
        expect(page.locator("#news")).to_be_hidden()
        clock.moment = NOW + 12 * HOUR
        trading.ingest(write_lines("more.jsonl", [order("before1", 99, days_ago=-0.25)]))
        list(trading.run())
        expect(page.locator("#size")).to_have_text("7")
        expect(page.locator("#share")).to_have_text("58.3%")
        expect(page.locator("#news-list li")).to_have_count(1)
        expect(page.locator("#news-list li")).to_contain_text("entered 1 March 2026 at 06:00:00")
        expect(page.locator("#heard")).to_have_text("1 entered, 0 left; 7 people now", timeout=15_000)
        assert trading.snapshot("buyers").size == 7
        page.close()


def test_discoveries_for_everybody(visit: Visit, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = two_groups(tmp_path_factory.mktemp("two"), "    methods: [ward, dbscan]\n    maps: [tsne]\n")
    project.discover()
    with studio(project) as found:
        for language, scheme in (("en", "dark"), ("fr", "light")):
            bodies: list[Response] = []
            page = visit(found, "/discover", locale=language, color_scheme=scheme)
            page.on("response", kept_in(bodies))
            loaded(page)
            for one in page.locator("details").all():
                one.locator("summary").first.click()
            page.locator("#map-tsne").focus()
            page.keyboard.press("Enter")
            expect(page.locator("#map-tsne")).to_have_attribute("aria-current", "true")
            expect(page.locator("#map-tsne")).to_be_focused()
            found_by_axe = Axe().run(page)
            assert found_by_axe.violations_count == 0, found_by_axe.generate_report()
            assert sum(len(one.body()) for one in bodies) < _MOST_BYTES
        page.locator(".skip").focus()
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.textContent.trim()"))
        assert "En faire un segment" in reached
        pdf = page.pdf()
        assert pdf.startswith(b"%PDF")
