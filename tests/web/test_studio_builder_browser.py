"""The builder in a real Chromium: every row of the rules' table by mouse and by keyboard, in English and in French."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHROMIUM, chromium
from builder_hands import Builder, Hand, counts, says, settled
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from studio_desk import Studio, studio

from kohort.project import Project
from kohort.rules.document import document_of
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.rules.translate import translate_rule
from kohort.web.studio.builder.reading import draft_of
from small_shop import WriteLines, order

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

ROWS = (
    "count of order_completed in last 7 days >= 1 and count of email_opened in last 7 days >= 3",
    "sum of order_completed.total in last 90 days > mean + 1 std",
    "clv in top 5%",
    "days since last order_completed < 7",
    "did add_to_cart then not order_completed within 1 day",
    "count of order_completed where total > 50 in last 30 days between 2 and 5",
    'country = "FR" and not in segment "vip"',
    "anniversary of birth_date in next 7 days",
    "distance to (48.8566, 2.3522) < 5 km",
)
"""The table of the page on rules."""
TRAITS = {
    "country": "FR",
    "clv": 30,
    "birth_date": "1990-02-01T00:00:00Z",
    "location.latitude": 48.85,
    "location.longitude": 2.35,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def open_studio(shop: Project, write_lines: WriteLines) -> Iterator[Studio]:
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    segments = "segments: [{name: vip, label: {en: VIP}, where: clv > 10}]"
    (shop.folder.path / "segments" / "ours.yaml").write_text(segments)
    (shop.folder.path / "tracking.yaml").write_text("traits: {birth_date: moment}\n")
    lines: list[object] = [order(who, number, days_ago=3, total=60) for number, who in enumerate(("ada", "ben"))]
    for number, event in enumerate(("Email Opened", "Add To Cart")):
        lines.append({**order("ada", 10 + number), "event": event})
    lines.append({"type": "identify", "userId": "ada", "messageId": "i", "timestamp": "2026-02-01", "traits": TRAITS})
    shop.ingest(write_lines("orders.jsonl", lines))
    list(shop.run())
    with studio(shop) as found:
        yield found


@pytest.fixture
def visit(browser: Browser, open_studio: Studio) -> Iterator[Any]:
    """Give what opens a page in a language; what the console or the policy has against it fails the test."""
    troubles: list[str] = []
    contexts = []

    def told(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            troubles.append(message.text)

    def opened(path: str, language: str = "en", **options: Any) -> Page:
        context = browser.new_context(locale=language, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", told)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda one: troubles.append(one.url) if open_studio.url not in one.url else None)
        page.goto(open_studio.url + path)
        settled(page)
        return page

    yield opened
    for one in contexts:
        one.close()
    assert troubles == []


@pytest.mark.parametrize("keys", [False, True], ids=["mouse", "keyboard"])
@pytest.mark.parametrize("language", list(Language))
def test_every_row_of_the_table_is_built(visit: Any, language: Language, keys: bool) -> None:
    page: Page = visit("/build", language.value)
    for row in ROWS:
        page.goto(page.url)
        settled(page)
        rule = parse_rule(row)
        Builder(page, Hand(page, keys)).group(draft_of(rule), "")
        sentence = translate_rule(row, Language.EN, language)
        says(page, sentence)
        assert page.locator("#outcome .size strong").inner_text().isdigit(), row
        with page.expect_response("**/build/outcome") as answer:
            page.locator("#sentence").focus()
            page.evaluate("document.querySelector('rule-builder').size()")
        assert answer.value.json()["document"] == document_of(rule)


def test_a_sentence_becomes_cards_and_cards_a_sentence(visit: Any) -> None:
    page: Page = visit("/build")
    page.locator("#sentence").fill("did order_completed")
    expect(page.locator('[id="f-0-event"]')).to_have_value("order_completed")
    counts(page, "2")
    page.locator('[id="f-0-window"]').select_option("today")
    says(page, "did order_completed today")
    counts(page, "0")


def test_undo_goes_back_and_redo_forward(visit: Any) -> None:
    page: Page = visit("/build?rule=did+order_completed")
    counts(page, "2")
    page.locator('[id="f-0-negated"]').check()
    says(page, "not did order_completed")
    page.locator("#undo").click()
    says(page, "did order_completed")
    page.locator("#redo").click()
    says(page, "not did order_completed")
    page.locator('[id="f-0-negated"]').press("Control+z")
    says(page, "did order_completed")


def drag(page: Page, what: str, before: str) -> None:
    """Take something by hand, and let it go at the upper edge of something else."""
    held, there = page.locator(what).bounding_box(), page.locator(before).bounding_box()
    assert held is not None
    assert there is not None
    page.mouse.move(held["x"] + 5, held["y"] + 5)
    page.mouse.down()
    page.mouse.move(there["x"] + 50, there["y"] + 30, steps=5)
    page.mouse.move(there["x"] + 50, there["y"] + 4, steps=5)
    expect(page.locator(f"{before}.before")).to_be_attached()
    page.mouse.up()


def test_conditions_are_moved_by_keys_and_by_hand(visit: Any) -> None:
    page: Page = visit(
        "/build?rule=did+order_completed+and+clv+%3E+5+and+did+email_opened", viewport={"width": 1280, "height": 1600}
    )
    page.locator('[id="f-0-kind"]').press("Alt+ArrowDown")
    says(page, "clv > 5 and did order_completed and did email_opened")
    expect(page.locator('[id="f-1-kind"]')).to_be_focused()
    drag(page, '[data-handle="2"]', '[data-card][data-path="0"]')
    says(page, "did email_opened and clv > 5 and did order_completed")


def test_the_way_through_by_tab_alone_reaches_the_size(visit: Any) -> None:
    page: Page = visit("/build")
    page.locator("#sentence").focus()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id"))
    assert {"f-0-negated", "f-0-kind", "f-0-event", "f-0-window", "b--add"} <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(visit: Any, scheme: str) -> None:
    rule = "count of order_completed where total > 5 >= 1 and (clv in top 5% or did a then not b within 1 day)"
    page: Page = visit(f"/build?rule={quote(rule)}", color_scheme=scheme)
    settled(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
