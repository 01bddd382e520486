"""Events live: the stream, the tracking plan beside what has come, dead letters, and what would become of one event."""

import csv
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from studio_desk import EVERY_RIGHT, Studio, studio

from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.storage.received import Received, Refused, encode_received
from small_shop import NOW, WriteLines, made_once, order

PLAN = """events:
  order_completed:
    aliases: [Purchase]
    properties:
      total: {type: number, required: true}
      store: text
  parcel_sent: {}
"""
CONSENT = """
consent:
  purposes: {analytics: {}}
  required: {web: [analytics]}
"""
HOSTILE = "<img src=x onerror=alert(1)>"


def track(event: str, message_id: str = "", **properties: object) -> dict[str, Any]:
    given = {"type": "track", "event": event, "userId": "ada", "properties": properties}
    return given | ({"messageId": message_id} if message_id else {})


def keep(shop: Project, *events: dict[str, Any], refused: tuple[Refused, ...] = ()) -> None:
    """Write what the collector writes, and let the engine apply it."""
    raws = [msgspec.Raw(json.dumps(one).encode()) for one in events]
    body = encode_received(Received("web", NOW, events=raws, refused=list(refused)))
    Journal(shop.folder.journal).append("received", [body], recorded_at=NOW)
    Project(shop.folder.path, clock=shop.clock).keep_up()


@made_once
def planned(shop: Project, write_lines: WriteLines) -> Project:
    """A shop with a tracking plan, three orders, one of them of a wrong type, and a dead letter of each kind."""
    shop.folder.tracking.write_text(PLAN)
    shop.keep_up()
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1), order("ben", 2), "{broken"]))
    refused = Refused(0, "/userId", "one of userId and anonymousId is required", json.dumps({"type": HOSTILE}))
    keep(shop, track("Purchase", "m1", total="many"), track("Purchase", "m2"), track("Other"), refused=(refused,))
    return shop


@pytest.fixture
def desk(planned: Project) -> Iterator[Studio]:
    with studio(planned) as found:
        yield found


def ask(desk: Studio, path: str, event: object, language: str = "en", **more: str) -> httpx.Response:
    """Send the form, as a browser does."""
    text = event if isinstance(event, str) else json.dumps(event)
    shown = {"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin"} | more
    data = {"event": text, "source": "test", "csrf": EVERY_RIGHT.csrf}
    return httpx.post(desk.url + path, data=data, headers=shown, timeout=60)


def tried(desk: Studio, event: object, path: str = "/events/try") -> dict[str, Any]:
    found: dict[str, Any] = ask(desk, path, event, accept="application/json").json()
    return found


def test_the_plan_stands_beside_what_has_come(desk: Studio) -> None:
    events = {one["name"]: one for one in desk.get("/events.json").json()["events"]}
    counted = {name: (one["declared"], one["count"], one["rejected"]) for name, one in events.items()}
    assert counted == {"order_completed": (True, 3, 1), "other": (False, 1, 0), "parcel_sent": (True, 0, 0)}
    assert events["order_completed"]["aliases"] == ["Purchase"]
    properties = {one["name"]: one for one in events["order_completed"]["properties"]}
    assert properties["total"] == {
        "name": "total", "declared": "number", "required": True, "seen": ["number", "text"], "breaks": True,
    }  # fmt: skip
    assert (properties["store"]["seen"], properties["store"]["breaks"]) == ([], False)
    rows = list(csv.DictReader(desk.get("/events.csv").text.splitlines()))
    assert [(row["event"], row["property"], row["required"]) for row in rows] == [
        ("order_completed", "store", "False"), ("order_completed", "total", "True"), ("other", "", ""),
        ("parcel_sent", "", ""),
    ]  # fmt: skip


def test_what_was_rejected_is_gathered_by_its_fault(desk: Studio) -> None:
    page = desk.get("/events.json").json()
    letters = {(one["source"], one["field"], one["count"], one["event"]) for one in page["letters"]}
    assert letters == {
        ("segment", "", 1, ""),
        ("web", "/userId", 1, ""),
        ("web", "/properties/total", 1, "order_completed"),
    }
    assert page["open_letters"] == 3
    english, french = (desk.get("/events", language).text for language in ("en", "fr"))
    assert "3 events or rows wait to be mended." in english
    assert "the property is required by the tracking plan and is missing" in english
    assert "la propriété est exigée par le plan de marquage et manque" in french
    assert "userId ou anonymousId est nécessaire" in french
    assert HOSTILE not in english


@pytest.mark.parametrize(
    ("event", "fate", "pointer"),
    [
        (track("Order Completed", total=5), "accepted", ""),
        (track("Order Completed", "order-1", total=5), "accepted", ""),
        (track("Order Completed"), "rejected", "/properties/total"),
        ({"type": "track", "event": "Order Completed"}, "rejected", "/userId"),
        ({"type": "identify", "userId": "ada", "traits": {"age": 4}}, "accepted", ""),
        ("{", "rejected", ""),
        ("", "rejected", ""),
        ("[]", "rejected", ""),
        ('{"type": "page", "userId": "u"}, {"type": "page", "userId": "v"}', "rejected", ""),
        ('{"type": "page", "userId": "u", "userId": "v"}', "rejected", ""),
        ("[" * 50_000, "rejected", ""),
    ],
)
def test_what_would_become_of_an_event_is_told_and_nothing_is_written(
    planned: Project, desk: Studio, event: object, fate: str, pointer: str
) -> None:
    before = planned.status().journal_records
    found = tried(desk, event)
    assert (found["fate"], found["pointer"], found["sent"]) == (fate, pointer, False)
    assert bool(found["reason"]) is (fate == "rejected")
    assert planned.status().journal_records == before


def test_an_event_that_is_taken_is_shown_as_it_would_be_stored(desk: Studio) -> None:
    found = tried(desk, track("Purchase", total=12.5, store=7, tags=["a", "b"], nested={"deep": [1]}))
    assert (found["name"], found["type"], found["user_id"]) == ("order_completed", "track", "ada")
    assert [(one["name"], one["type"], one["value"]) for one in found["values"]] == [
        ("nested.deep", "text", "[1]"),
        ("store", "number", "7"),
        ("tags", "list of text", ["a", "b"]),
        ("total", "number", "12.5"),
    ]
    assert [one["name"] for one in found["remarks"]] == ["store"]
    page = ask(desk, "/events/try", track("Purchase", total=12.5, store=7), "fr").text
    assert "une ligne d’événements" in page
    assert "déclaré texte, mais trouvé nombre" in page
    assert "12,5" in page


def test_an_event_that_came_before_is_a_duplicate(planned: Project, desk: Studio) -> None:
    first = tried(desk, track("Purchase", "m9", total=1), "/events/send")
    assert (first["fate"], first["sent"]) == ("accepted", True)
    Project(planned.folder.path, clock=planned.clock).keep_up()
    assert tried(desk, track("Purchase", "m9", total=1))["fate"] == "duplicate"


def test_an_event_that_is_sent_is_stored_as_any_other(planned: Project, desk: Studio) -> None:
    assert tried(desk, track("Parcel Sent"), "/events/send")["sent"] is True
    assert tried(desk, track("Purchase"), "/events/send")["sent"] is False, "what is rejected is not sent"
    Project(planned.folder.path, clock=planned.clock).keep_up()
    counted = {one["name"]: one["count"] for one in desk.get("/events.json").json()["events"]}
    assert counted["parcel_sent"] == 1
    assert desk.get("/events.json").json()["open_letters"] == 3


def test_without_consent_nothing_is_even_tried_to_be_kept(planned: Project) -> None:
    planned.keys.create_write("web")
    settings = planned.folder.settings
    settings.write_text(settings.read_text() + CONSENT)
    with studio(planned) as desk:
        data = {"event": json.dumps(track("Purchase", total=1)), "source": "web", "csrf": EVERY_RIGHT.csrf}
        shown = {"accept": "application/json", "sec-fetch-site": "same-origin"}
        answers = [
            httpx.post(f"{desk.url}/events/{path}", data=data, headers=shown, timeout=60).json()
            for path in ("try", "send")
        ]
    assert [(one["fate"], one["sent"]) for one in answers] == [("withheld", False)] * 2
    assert "analytics" in answers[0]["reason"]


def test_a_script_is_given_the_part_and_a_browser_the_page(desk: Studio) -> None:
    part = ask(
        desk, "/events/try", track("Purchase", HOSTILE, total=1, **{HOSTILE: HOSTILE}), **{"x-fragment": "1"}
    ).text
    assert part.lstrip().startswith('<p class="verdict">')
    assert "<img" not in part
    page = ask(desk, "/events/try", f'{{"type": "{HOSTILE}"}}').text
    assert "<h1>" in page
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page, "what was pasted is there to be mended"


def test_each_right_opens_its_part(planned: Project) -> None:
    with studio(planned, "events:read") as desk:
        assert desk.get("/events").status_code == 200
        assert 'formaction="/events/send"' not in desk.get("/events").text
        assert ask(desk, "/events/send", track("Purchase", total=1)).status_code == 403
    with studio(planned, "people:read") as desk:
        for path in ("/events", "/events.json", "/events.csv", "/events/stream"):
            assert desk.get(path).status_code == 403
        assert ask(desk, "/events/try", track("Purchase", total=1)).status_code == 403


@pytest.mark.parametrize(
    ("language", "word", "reason"), [("en", "rejected", "is required"), ("fr", "rejeté", "exigée")]
)
def test_each_event_is_streamed_as_it_is_decided(
    planned: Project, desk: Studio, language: str, word: str, reason: str
) -> None:
    asked = {"accept": "text/event-stream", "accept-language": language}
    with httpx.stream("GET", f"{desk.url}/events/stream", headers=asked, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        keep(planned, track("Purchase", "s1", total=1), track("Purchase", "s1", total=1), track("Purchase", "s2"))
        seen: list[dict[str, str]] = []
        while len(seen) < 3:
            line = next(lines)
            seen += json.loads(line[6:]) if line.startswith("data: ") else []
    told = sorted((one["what"], one["name"], one["id"], one["field"]) for one in seen)
    assert told == [
        ("accepted", "order_completed", "s1", ""),
        ("duplicate", "order_completed", "s1", ""),
        ("rejected", "Purchase", "s2", "/properties/total"),
    ]
    rejected = next(one for one in seen if one["what"] == "rejected")
    assert rejected["word"] == word
    assert reason in rejected["reason"]
    assert rejected["time"] == "00:00:00"
