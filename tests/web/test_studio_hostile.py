"""What SDKs and files say is text on every page, whatever it is: nothing runs, nothing is asked of elsewhere."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser import CHROMIUM, chromium
from playwright.sync_api import Browser, Dialog, Page
from studio_desk import Studio, studio

from kohort.project import Project
from small_shop import NOW, WriteLines, iso, made_once, order

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

PAYLOADS = (
    "<script>document.title='pwned'</script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "<svg/onload=document.title='pwned'>",
    "javascript:document.title='pwned'",
    "'-document.title=1-'",
    "</textarea><script>document.title='pwned'</script>",
    "</title><script>document.title='pwned'</script>",
    "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\">",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "<a href='data:text/html,<script>1</script>'>x</a>",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    "{% for c in [].__class__.__base__.__subclasses__() %}",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "'; DROP TABLE events; --",
    '" OR 1=1 --',
    "`id` $(id)",
    "\u202egnp.exe",
    "\u2028\u2029line",
    "a" * 3_000,
)
ALL = " ".join(PAYLOADS[:-1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@made_once
def hostile(shop: Project, write_lines: WriteLines) -> Project:
    """A shop of which every field that somebody else fills says something hostile."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    declared = [
        {
            "name": f"hostile_{number}",
            "label": {"en": payload[:200], "fr": payload[:200]},
            "description": payload[:200],
            "owner": payload[:100],
            "purpose": payload[:200],
            "where": f"count of order_completed where note = {json.dumps(payload[:200])} >= 1",
        }
        for number, payload in enumerate(PAYLOADS)
    ]
    (shop.folder.path / "segments" / "ours.yaml").write_text(json.dumps({"segments": declared}))
    lines: list[object] = []
    for number, payload in enumerate(PAYLOADS):
        bought: dict[str, Any] = order(f"{payload[:200]} {number}", number, days_ago=1)
        lines.append({**bought, "properties": {"total": 9, "note": payload, payload[:80]: payload}})
        named = {**bought, "event": payload[:200], "messageId": f"named {number}"}
        lines.append({**named, "properties": {"note": payload}})
        traits = {"note": payload, payload[:80]: payload, "list": [payload, ALL]}
        lines.append(
            {**bought, "type": "identify", "messageId": f"told {number}", "timestamp": iso(NOW), "traits": traits}
        )
    lines.append("{broken " + ALL)
    lines.append({"type": "track", "event": ALL, "messageId": "nobody", "timestamp": iso(NOW)})
    shop.ingest(write_lines("orders.jsonl", lines))
    list(shop.run())
    return shop


def paths(project: Project) -> Iterator[str]:
    """Yield the pages, those of what is hostile among them."""
    yield from (
        "/",
        "/segments",
        "/build",
        "/changes",
        "/people",
        "/events",
        "/sources",
        "/importance",
        "/validation",
        "/models",
        "/duplicates",
        "/quality",
        "/discover",
        "/discover/rfm",
    )
    people = [one["person_id"] for one in project.sql("SELECT person_id FROM people ORDER BY person_id").to_pylist()]
    yield from (f"/people/{one}" for one in people[:6])
    yield from (f"/people/{people[0]}?segment=hostile_{number}" for number in (0, 11))
    parts = ("", "/sizes", "/moves", "/apart", "/value", "/overlap", "/flows", "/versions", "/checks", "/members")
    yield from (f"/segments/hostile_{number}{part}" for number in (0, 1) for part in parts)
    yield from (f"/build?segment=hostile_{number}" for number in range(len(PAYLOADS)))
    yield from (f"/build?rule={quote(payload)}&name={quote(payload[:80])}" for payload in PAYLOADS)
    for payload in PAYLOADS[:-1]:
        yield from (
            f"/segments/{quote(payload, safe='')}",
            f"/people?id={quote(payload)}",
            f"/{quote(payload, safe='')}",
        )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_others_say_is_text_on_every_page(browser: Browser, hostile: Project, language: str) -> None:
    with studio(hostile) as found:
        context = browser.new_context(locale=language)
        page = context.new_page()
        troubles: list[str] = []
        watch(page, found, troubles)
        for path in paths(hostile):
            answer = page.goto(found.url + path)
            assert answer is not None
            assert answer.status in {200, 404, 422}, (path, answer.status)
            page.wait_for_load_state("load")
            assert "pwned" not in page.title().split(" · ")[-1], path
            assert page.title() != "pwned", path
            foreign = "one => one.matches('iframe, base, object, embed') || /^(javascript|data):/i.test(one.href ?? '')"
            assert page.evaluate(f"[...document.querySelectorAll('*')].filter({foreign}).length") == 0, path
        context.close()
    assert troubles == []


def watch(page: Page, found: Studio, troubles: list[str]) -> None:
    """Note dialogs, what the policy refuses, faults of scripts, and what is asked of elsewhere."""

    def refused(dialog: Dialog) -> None:
        troubles.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refused)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda one: None if one.url.startswith((found.url, "data:")) else troubles.append(one.url))


def test_tables_are_no_formulas_and_paths_no_files(hostile: Project, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*.yaml"))
    with studio(hostile) as found:
        for path in ("/segments.csv", "/sources.csv", "/people/none.csv", "/segments/hostile_13/members.csv"):
            for row in csv.reader(found.get(path).text.splitlines()):
                assert not [one for one in row if one.startswith(("=", "@", "+"))], path
        for payload in PAYLOADS:
            form = {"csrf": "csrf", "name": payload, "sentence": "did order_completed"}
            assert found.send("/build/segments", form).status_code in {409, 422, 428}, payload
    assert sorted(tmp_path.rglob("*.yaml")) == before, "nothing is written where a name says"
