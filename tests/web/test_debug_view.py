"""The debug view: what became of each event, on the command line and as a stream."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from kohort.cli.main import run_command
from kohort.clock import DAY, SECOND
from kohort.definitions.collecting import CollectLimits
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.storage.received import Received, Refused, encode_received
from kohort.storage.watch import Seen
from kohort.testing.clock import SettableClock
from kohort.web.collector import Collector
from kohort.web.outcomes import Outcome
from kohort.web.watching import PATH, mount_watch
from small_shop import NOW, WriteLines, order


def keep(shop: Project, *events: dict[str, object], refused: tuple[Refused, ...] = ()) -> None:
    """Write what the collector writes, and let the engine apply it."""
    raws = [msgspec.Raw(json.dumps(one).encode()) for one in events]
    body = encode_received(Received("web", NOW, events=raws, refused=list(refused)))
    Journal(shop.folder.journal).append("received", [body], recorded_at=NOW)
    shop.keep_up()


def track(event: str, message_id: str, **more: object) -> dict[str, object]:
    return {"type": "track", "event": event, "messageId": message_id, "userId": "ada", **more}


def test_every_event_is_told_with_what_became_of_it_and_why(shop: Project) -> None:
    plan = "events: {order_completed: {properties: {total: {type: number, required: true}}}}\n"
    shop.folder.tracking.write_text(plan)
    shop.keep_up()
    with shop.watch().follow() as follower:
        keep(shop, track("Visit", "m1"), track("Visit", "m2"))
        refused = Refused(1, "/userId", "one of userId and anonymousId is required", '{"type": "page"}')
        keep(shop, track("Visit", "m1"), track("Order Completed", "m3"), refused=(refused,))
        seen = follower.read()
    assert sorted((one.what, one.type, one.name, one.message_id, one.field) for one in seen) == [
        ("accepted", "track", "visit", "m1", ""),
        ("accepted", "track", "visit", "m2", ""),
        ("duplicate", "track", "visit", "m1", ""),
        ("rejected", "page", "", "", "/userId"),
        ("rejected", "track", "Order Completed", "m3", "/properties/total"),
    ]
    assert {one.source for one in seen} == {"web"}
    assert all(one.reason for one in seen if one.what == "rejected")


def test_files_are_watched_too(shop: Project, write_lines: WriteLines) -> None:
    with shop.watch().follow() as follower:
        shop.ingest(write_lines("one.jsonl", [order("ada", 1, days_ago=2), "{broken"]))
        seen = follower.read()
    assert sorted((one.what, one.user_id) for one in seen) == [("accepted", "ada"), ("rejected", "")]


def test_an_interrupted_step_tells_nothing_twice(shop: Project) -> None:
    with shop.watch().follow() as follower:
        keep(shop, track("Visit", "m1"))
        shop.keep_up()
        assert len(follower.read()) == 1


def steps(shop: Project, clock: SettableClock, *doings: Callable[[], None]) -> Callable[[float], None]:
    """Return a `sleep` that does one thing at a time, and lets a second pass."""
    waiting: Iterator[Callable[[], None]] = iter(doings)

    def sleep(_seconds: float) -> None:
        next(waiting, lambda: None)()
        clock.advance(SECOND)

    return sleep


@pytest.fixture
def tail(
    shop: Project, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str]]:
    """Run `kohort tail` for five seconds of the settable clock, during which things are done."""

    def run(*words: str, doings: tuple[Callable[[], None], ...], code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr("kohort.cli.serving.open_project", lambda _path: shop)
        monkeypatch.setattr("kohort.cli.tail.time.sleep", steps(shop, clock, *doings))
        assert run_command(["tail", "--for", "5", *words]) == code
        return capsys.readouterr()

    return run


def test_tail_prints_a_line_an_event_as_it_comes(shop: Project, tail: Callable[..., tuple[str, str]]) -> None:
    out, err = tail(doings=(lambda: keep(shop, track("Visit", "m1")), lambda: keep(shop, track("Visit", "m1"))))
    assert "Ctrl-C" in err
    assert out.splitlines() == [
        "00:00:00 accepted  web track visit user ada id m1",
        "00:00:00 duplicate web track visit user ada id m1",
    ]
    assert list(shop.folder.watch.iterdir()) == [], "nothing of what people sent stays"


def test_tail_prints_json_lines_of_one_source(shop: Project, tail: Callable[..., tuple[str, str]]) -> None:
    doing = (lambda: keep(shop, track("Visit", "m1")),)
    out, _ = tail("--format", "json", "--source", "web", doings=doing)
    (line,) = [json.loads(line) for line in out.splitlines()]
    assert (line["what"], line["name"], line["at"]) == ("accepted", "visit", "2026-03-01T00:00:00+00:00")
    again = (lambda: keep(shop, track("Visit", "m2")),)
    assert tail("--format", "json", "--source", "app", doings=again)[0] == ""
    assert "no CSV" in tail("--format", "csv", doings=(), code=2)[1]


def test_what_people_send_cannot_paint_the_terminal(shop: Project, tail: Callable[..., tuple[str, str]]) -> None:
    hostile = "\x1b[2J\x07[red]evil[/red]\nforged"
    out, _ = tail(doings=(lambda: keep(shop, track("Visit", "m1", userId=hostile)),))
    (line,) = out.splitlines()
    assert "\x1b[2J" not in line
    assert "[red]evil" in line


async def streamed(
    shop: Project, headers: dict[str, str], doings: tuple[Callable[[Collector], None], ...]
) -> list[Any]:
    """Ask for the stream, do things while it runs, and go away; return what was sent."""
    sent: list[Any] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    with GroupCommit(Journal(shop.folder.journal), shop.clock) as commits:
        collector = Collector(shop.keys, commits, shop.clock, CollectLimits())
        mount_watch(collector, shop.keys, shop.watch())
        answering = asyncio.create_task(collector(scope, receive, send))
        for doing in doings:
            await asyncio.sleep(0.05)
            doing(collector)
        await asyncio.sleep(0.3)
        gone.set()
        await asyncio.wait_for(answering, 5)
    return sent


def test_the_stream_tells_the_same_to_who_has_the_scope_and_ends_when_they_go(
    shop: Project, clock: SettableClock
) -> None:
    plain, _ = shop.keys.create_secret("studio", ["events:read"], clock.now() + DAY)
    refused = Outcome(NOW + 1, "", "invalid_write_key", "the write key is unknown, expired or revoked")
    withheld = Outcome(NOW + 2, "web", "", "not stored, for want of consent to ads", withheld=1)
    doings = (
        lambda _: keep(shop, track("Visit", "m1")),
        lambda collector: collector.outcomes.tell(refused),
        lambda collector: collector.outcomes.tell(withheld),
    )
    start, *parts = asyncio.run(streamed(shop, {"authorization": f"Bearer {plain}"}, doings))
    assert (b"content-type", b"text/event-stream") in start["headers"]
    text = b"".join(part["body"] for part in parts).decode()
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    assert [msgspec.json.decode(line, type=Seen) for line in lines] == [
        Seen(NOW, "accepted", "web", "track", "visit", "ada", message_id="m1"),
        Seen(NOW + 1, "refused", reason=f"invalid_write_key: {refused.message}"),
        Seen(NOW + 2, "withheld", "web", reason="1 event not stored, for want of consent to ads"),
    ]
    assert list(shop.folder.watch.iterdir()) == []


def test_the_stream_is_for_nobody_else(shop: Project, clock: SettableClock) -> None:
    write, _ = shop.keys.create_write("web")
    other, _ = shop.keys.create_secret("grafana", ["metrics:read"], clock.now() + DAY)
    for plain, status in ((write, 401), (other, 403), ("", 401)):
        sent = asyncio.run(streamed(shop, {"authorization": f"Bearer {plain}"}, ()))
        assert sent[0]["status"] == status
