"""Home: what changed since yesterday in plain words, what needs somebody and where it is mended, how to begin."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from studio_desk import Studio, studio

from kohort.activation.deliveries import Delivery, State
from kohort.clock import DAY, HOUR
from kohort.pipeline.today import Today
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.storage.received import Received, Refused, encode_received
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, made_once, order

SEGMENTS = """segments:
  - {name: recent, label: {en: Recent, fr: Récents}, where: did order_completed in last 2 days}
  - {name: ever, label: {en: Buyers, fr: Acheteurs}, where: did order_completed}
"""
JOURNEY = """version: 1
name: hello
when: {enters: recent}
webhook: {url: 'https://crm.example/hook', secret: {env: HELLO_SECRET}}
"""
NEW = "  - {name: drafts, label: {en: Drafts}, where: count of order_completed > 5}\n"


def kinds(found: Today) -> dict[str, int]:
    return {one.kind: one.count for one in found.concerns if one.kind != "finding"}


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """One who left `recent` yesterday, two who entered it, one who was there before; it has run on both days."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    orders = [
        order("ada", 1, days_ago=2.5),
        order("ben", 2, days_ago=0.5, total=0),
        order("cyd", 3, days_ago=1.5),
        order("dan", 4, days_ago=0.25),
    ]
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "revenue: order_completed.total\n")
    yesterday = Project(shop.folder.path, clock=SettableClock(NOW - DAY))
    yesterday.ingest(write_lines("orders.jsonl", orders))
    list(yesterday.run())
    list(shop.run())
    return shop


@pytest.fixture
def desk(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


def test_who_entered_and_left_since_yesterday_is_counted(desk: Studio) -> None:
    page = desk.get("/home.json").json()
    assert (page["at"], page["since"]) == ("2026-03-01T00:00:00.000000+00:00", "2026-02-28T00:00:00.000000+00:00")
    assert (page["people"], page["events"]) == (4, 4)
    moved = {one["name"]: (one["size"], one["entered"], one["left"], one["net"]) for one in page["segments"]}
    assert moved == {"recent": (3, 2, 1, 1), "ever": (4, 2, 0, 2)}
    rows = list(csv.DictReader(desk.get("/home.csv").text.splitlines()))
    assert [(row["name"], row["net"]) for row in rows] == [("recent", "1"), ("ever", "2")]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["2 segments grew, none shrank", ">Recent</a>", "+1", "Amounts of zero in order_completed.total"]),
        (
            "fr",
            ["2 segments ont grandi, aucun n’a rétréci", ">Récents</a>", "+1", "Montants nuls dans order_completed"],
        ),
    ],
)
def test_it_is_said_in_plain_words(desk: Studio, language: str, words: list[str]) -> None:
    page = desk.get("/", language).text
    for one in words:
        assert one in page


def test_a_day_on_it_is_another_yesterday(trading: Project, clock: SettableClock) -> None:
    clock.advance(DAY)
    list(trading.run())
    moved = {one.name: (one.entered, one.left) for one in trading.today().segments}
    assert moved == {"recent": (0, 1), "ever": (0, 0)}, "cyd left"


def test_nothing_needs_anybody_where_all_is_well(shop: Project, write_lines: WriteLines) -> None:
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1), order("ben", 2, days_ago=1)]))
    for file in (shop.folder.path / "segments").iterdir():
        file.write_text(SEGMENTS)
    list(shop.run())
    assert shop.today().concerns == []
    with studio(shop) as found:
        assert "Nothing needs you" in found.get("/").text


def test_files_and_what_is_in_force_are_compared(trading: Project) -> None:
    file = trading.folder.path / "segments" / "ours.yaml"
    file.write_text(SEGMENTS.replace("last 2 days", "last 3 days") + NEW)
    assert kinds(trading.today()) == {"new": 1, "changed": 1}
    file.write_text(f"segments:\n{NEW}")
    assert kinds(trading.today()) == {"new": 1, "removed": 2}
    file.write_text("segments:\n  - {name: drafts, where: count of <script>}\n")
    (wrong,) = [one for one in trading.today().concerns if one.kind == "wrong"]
    assert "<script>" in wrong.detail
    with studio(trading) as found:
        page = found.get("/").text
    assert "A file of the project is wrong" in page
    assert "<script>}" not in page
    file.write_text("segments: [")
    assert kinds(trading.today()) == {"wrong": 1}, "told once"


def test_what_is_late_lost_or_rejected_needs_somebody(trading: Project, clock: SettableClock) -> None:
    refused = [Refused(0, "/userId", "one of userId and anonymousId is required", '{"type": "page"}')]
    body = encode_received(Received("web", NOW, events=[], refused=refused))
    Journal(trading.folder.journal).append("received", [body], recorded_at=NOW)
    assert kinds(trading.today()) == {"behind": 1}
    trading.keep_up()
    assert kinds(trading.today()) == {"letters": 1}
    clock.advance(30 * DAY)
    found = trading.today()
    assert kinds(found) == {"stalled": 2, "letters": 1}
    assert next(one.at for one in found.concerns if one.kind == "stalled") == NOW
    with studio(trading) as desk:
        english, french = (desk.get("/", language).text for language in ("en", "fr"))
    assert "2 segments have not been evaluated for too long" in english
    assert 'href="/events#letters"' in english
    assert "2 segments n’ont pas été évalués depuis trop longtemps" in french
    with studio(trading, "segments:read") as desk:
        assert 'href="/events' not in desk.get("/").text, "who may not go there is not sent there"


def test_deliveries_that_failed_or_were_given_up_are_told(trading: Project) -> None:
    (trading.folder.path / "journeys").mkdir()
    (trading.folder.path / "journeys" / "hello.yaml").write_text(JOURNEY)
    assert kinds(trading.today()) == {}
    asked = Delivery("d0", "hello", 1, "recent", 1, "ada", None, "entered", NOW, "rule", NOW, next_attempt_at=NOW)
    kept = [replace(asked, attempts=2), replace(asked, delivery_id="d1", seq=2, state=State.DEAD, attempts=9)]
    progress = trading.ledger.begin(["hello"], 0, NOW)["hello"]
    assert trading.ledger.take_in("hello", ["ada"], lambda _: kept, progress, 2)
    found = {one.kind: (one.count, one.subjects) for one in trading.today().concerns if one.kind != "finding"}
    assert found == {"dead": (1, ("hello",)), "retried": (1, ("hello",))}
    with studio(trading) as desk:
        english, french = (desk.get("/", language).text for language in ("en", "fr"))
    assert "1 delivery was given up" in english
    assert "1 delivery has failed, and will be tried again" in english
    assert "1 envoi a été abandonné" in french


def test_sizes_have_the_moment_that_they_speak_of(trading: Project, clock: SettableClock) -> None:
    clock.advance(3 * HOUR)
    found = trading.today()
    assert (found.memberships_at, found.evaluated_at, found.at) == (NOW, NOW, NOW + 3 * HOUR)
    with studio(trading) as desk:
        assert "evaluated 3 hours ago" in desk.get("/").text
        assert "évalués il y a 3 heures" in desk.get("/", "fr").text


def test_an_empty_project_teaches_how_to_begin(shop: Project, write_lines: WriteLines) -> None:
    found = shop.today()
    assert (found.people, found.setup.can_receive, found.setup.has_segments, found.setup.is_whole) == (
        0,
        False,
        True,
        False,
    )
    with studio(shop) as desk:
        english, french = (desk.get("/", language).text for language in ("en", "fr"))
        assert desk.get("/home.json").json()["setup"]["has_events"] is False
    assert "How to begin" in english
    assert "kohort keys create --source web" in english
    assert "a fait order_completed dans les 30 derniers jours" in french
    shop.keys.create_write("web")
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1)]))
    later = shop.today()
    assert (later.people, later.setup.can_receive, later.setup.has_events, later.setup.is_in_force) == (
        1,
        True,
        True,
        False,
    )


def test_a_name_of_the_project_is_text(trading: Project) -> None:
    settings = trading.folder.settings
    settings.write_text(settings.read_text().replace("name: shop", f"name: {json.dumps('<script>alert(1)</script>')}"))
    with studio(trading) as desk:
        assert "<script>alert" not in desk.get("/").text


def test_no_large_table_is_read_whole(trading: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = type(trading._workspace().tables).read

    def noting(self: object, name: str) -> object:
        read.append(name)
        return original(self, name)  # type: ignore[arg-type]

    monkeypatch.setattr(type(trading._workspace().tables), "read", noting)
    trading.today()
    large = {"actors", "identifiers", "trait_values", "membership_log", "memberships", "segment_sizes", "epochs"}
    assert large.isdisjoint(read), read
    assert Path(trading.folder.tables).exists()


@pytest.mark.parametrize("kind", ["sources", "webhooks"])
def test_a_broken_file_of_a_source_is_a_concern_of_an_empty_project(shop: Project, kind: str) -> None:
    broken = shop.folder.path / kind / "crm.yaml"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("files: [\n")
    with studio(shop) as found:
        page = found.get("/")
        assert page.status_code == 200
        assert f"{kind}/crm.yaml, line 2" in page.text
    today = shop.today()
    assert [(one.kind, one.count) for one in today.concerns if f"{kind}/crm.yaml" in one.detail] == [("wrong", 1)]
    assert not today.setup.can_receive
