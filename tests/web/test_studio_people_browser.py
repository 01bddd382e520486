"""Home, events and a person's page in a real Chromium: by keyboard, without a complaint, with a real event sent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, wait_for
from collector_desk import serving
from playwright.sync_api import Browser, Page
from studio_browser import check_access, check_everywhere, chromium, opened
from studio_desk import Studio, studio

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso, order

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'
SEGMENTS = """segments:
  - {name: busy, label: {en: Busy, fr: Actifs}, where: count of order_completed in last 7 days >= 2}
  - {name: rich, label: {en: Rich, fr: Aisés}, where: sum of order_completed.total > 100}
"""
PLAN = "events: {order_completed: {properties: {total: {type: number, required: true}}}}\n"


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("browser") / "shop"
    shop = Project.create(folder, clock=SettableClock(NOW - DAY))
    for file in (folder / "segments").iterdir():
        file.unlink()
    (folder / "segments" / "ours.yaml").write_text(SEGMENTS)
    shop.folder.tracking.write_text(PLAN)
    shop.keep_up()
    lines = [order("ada", number, days_ago=25 - number, total=number) for number in range(25)]
    lines += [order("ben", 99, days_ago=0.5), {"type": "track", "event": "Order Completed", "userId": "eve"}]
    lines += [
        {
            "type": "identify",
            "userId": HOSTILE,
            "anonymousId": "device",
            "messageId": "i",
            "timestamp": iso(NOW - 2 * DAY),
        }
        | {"traits": {HOSTILE: HOSTILE, "city": "Lyon"}},
        {"type": "track", "event": "Seen", "userId": HOSTILE, "messageId": "s", "timestamp": iso(NOW - 2 * DAY)}
        | {"properties": {HOSTILE: HOSTILE}},
    ]
    path: Path = folder.parent / "lines.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shop.ingest(path)
    list(shop.run())
    shop.clock.advance(DAY)  # type: ignore[attr-defined]  # it is the settable one
    list(shop.run())
    return shop


@pytest.fixture(scope="module")
def desk(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def press_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most):
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by the keyboard")


def test_somebody_is_found_and_explained_by_the_keyboard(browser: Browser, desk: Studio) -> None:
    with opened(browser, "fr") as page:
        page.goto(f"{desk.url}/people")
        press_to(page, "#identifier")
        page.keyboard.type("ada")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people/*")
        press_to(page, "#segment")
        page.keyboard.type("Aisés")
        press_to(page, "form button")
        page.keyboard.press("Enter")
        page.wait_for_url("**segment=rich**")
        assert "somme de order_completed.total > 100" in page.inner_text("#why")
        assert "Dans le segment depuis" in page.inner_text("#why")
        page.get_by_role("link", name="Plus anciens").press("Enter")
        page.wait_for_url("**before=**")
        assert page.locator(".timeline > li").count() == 5


@pytest.mark.parametrize("path", ["/", "/events", "/people", "/people/ada?segment=busy"])
def test_pages_can_be_used_by_everybody(browser: Browser, desk: Studio, path: str) -> None:
    check_everywhere(browser, desk.url + path)


def test_what_is_hostile_is_text(browser: Browser, desk: Studio, trading: Project) -> None:
    person = trading.person(HOSTILE).person_id
    with opened(browser) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto(f"{desk.url}/people/{person}")
        assert HOSTILE in page.inner_text(".known")
        assert page.locator("main img, main script").count() == 0
        check_access(page)


def test_a_real_event_is_there_as_it_is_decided(browser: Browser, desk: Studio, trading: Project) -> None:
    clock: SettableClock = trading.clock  # type: ignore[assignment]
    engine = Project(trading.folder.path, clock=clock)
    with serving(engine, clock) as collector, opened(browser) as page:
        page.goto(f"{desk.url}/events")
        page.locator('[data-part="state"]', has_text="Watching").wait_for()
        collector.send(
            "/v1/track", {"event": "Order Completed", "userId": "ada", "messageId": "b1", "properties": {"total": 1}}
        )
        collector.send("/v1/track", {"event": "Order Completed", "userId": HOSTILE, "messageId": "b2"})
        engine.keep_up()
        page.locator(".stream li").nth(1).wait_for()
        told = [row.replace("\n", " ") for row in page.locator(".stream li").all_inner_texts()]
        rejected, accepted = sorted(told, key=lambda row: "accepted" in row)
        assert "order_completed" in accepted
        assert "ada" in accepted
        assert "the property is required by the tracking plan" in rejected
        assert page.locator(".stream img").count() == 0

        press_to(page, 'select[name="what"]')
        page.keyboard.type("rejected")
        assert page.locator(".stream li:visible").count() == 1
        page.locator('select[name="what"]').select_option("")

        pause = page.locator('[data-part="pause"]')
        pause.press("Enter")
        assert pause.get_attribute("aria-pressed") == "true"
        collector.send("/v1/track", {"event": "Visit", "userId": "ada", "messageId": "b3"})
        engine.keep_up()
        page.locator('[data-part="state"]', has_text="1 new").wait_for()
        assert page.locator(".stream li").count() == 2
        pause.press("Enter")
        page.locator(".stream li").nth(2).wait_for()
        assert "visit" in page.locator(".stream li").first.inner_text()
        wait_for(page, lambda: "accepted" in page.locator('[data-part="said"]').inner_text(), seconds=20)
        check_access(page)


def test_an_event_is_tried_and_sent_without_leaving_the_page(browser: Browser, desk: Studio, trading: Project) -> None:
    engine = Project(trading.folder.path, clock=trading.clock)
    with opened(browser, "fr") as page:
        page.goto(f"{desk.url}/events")
        page.locator("#event").fill('{"type": "track", "event": "Order Completed", "userId": "ada"}')
        page.get_by_role("button", name="Que deviendrait-il").press("Enter")
        page.locator("#tried .badge.grave").wait_for()
        assert "la propriété est exigée par le plan de marquage et manque" in page.inner_text("#tried")
        check_access(page)
        page.locator("#event").fill(
            '{"type": "track", "event": "Order Completed", "userId": "ada", "properties": {"total": 3}}'
        )
        page.get_by_role("button", name="L’envoyer").press("Enter")
        page.locator("#tried .badge.good").wait_for()
        assert "Il est envoyé" in page.inner_text("#tried")
        engine.keep_up()
        page.locator(".stream li").first.wait_for()
        assert "accepté" in page.locator(".stream li").first.inner_text()


def test_a_page_keeps_two_hundred_rows_at_most(browser: Browser, desk: Studio, trading: Project) -> None:
    clock: SettableClock = trading.clock  # type: ignore[assignment]
    engine = Project(trading.folder.path, clock=clock)
    with serving(engine, clock) as collector, opened(browser) as page:
        page.goto(f"{desk.url}/events")
        page.locator('[data-part="state"]', has_text="Watching").wait_for()
        for part in range(2):
            batch = [
                {"type": "page", "userId": "ada", "messageId": f"p{part}-{one}", "name": f"{part}"}
                for one in range(150)
            ]
            collector.send("/v1/batch", {"batch": batch})
            engine.keep_up()
            wait_for(page, lambda: page.locator(".stream li").count() >= (150, 200)[part])  # noqa: B023 - at once
        assert page.locator(".stream li").count() == 200
