"""Who enters and leaves, over HTTP: each once and in order, however often the line is cut."""

import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from api_desk import STREAM, Counter, Heard, answering
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.clock import DAY, format_utc
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.testing.suite.base import scaled
from kohort.web.api import feed as feeding
from kohort.web.api import stream as streaming
from log_writer import SEGMENTS, Row, Writer
from small_shop import NOW, WriteLines, order

FILE = "segments:\n" + "".join(
    f"  - {{name: {name}, label: {{en: {name}}}, where: did order_completed in last 30 days}}\n" for name in SEGMENTS
)


def with_segments(project: Project) -> Project:
    """Leave a project these segments alone."""
    folder = project.folder.path / "segments"
    for file in folder.iterdir():
        file.unlink()
    (folder / "ours.yaml").write_text(FILE)
    return project


def told(row: Row) -> Any:
    """Return what an event says of a row of the log."""
    names = ("segment", "version", "person_id", "change", "cause")
    moments = {name: format_utc(int(str(row[name]))) for name in ("effective_at", "recorded_at")}
    return {"id": row["seq"], **{name: row[name] for name in names}, **moments}


def events(blocks: Iterator[Heard]) -> Iterator[Heard]:
    """Leave out what tells nothing; whoever expects more than comes is not kept waiting for ever."""
    for one in blocks:
        assert not one.comment, "nothing has come for as long as a stream may be silent"
        if one.event:
            yield one


@pytest.fixture
def writer(shop: Project) -> Writer:
    """What plays the engine: rows of the log by the tables themselves."""
    return Writer(with_segments(shop).folder.tables)


@pytest.fixture
def counter(shop: Project, writer: Writer) -> Iterator[Counter]:
    with answering(shop) as found:
        yield found


CONNECTION = st.fixed_dictionaries({
    "before": st.integers(0, 4),
    "during": st.integers(0, 4),
    "cut": st.integers(0, 6),
    "rebuild": st.booleans(),
})  # fmt: skip


@settings(max_examples=scaled(12))
@given(st.lists(CONNECTION, max_size=4), st.sampled_from([(), ("buyers",), SEGMENTS]), st.sampled_from([1, 3, 1_000]))
def test_each_row_comes_once_and_in_order_wherever_the_line_is_cut(
    connections: list[dict[str, int]], segments: tuple[str, ...], kept: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeding, "_RECENT", kept)
        patch.setattr(feeding, "_AT_ONCE", 2)
        project = with_segments(Project.create(Path(folder) / "shop", clock=SettableClock(NOW)))
        writer = Writer(project.folder.tables)
        query = "?" + "&".join(f"segment={name}" for name in segments)
        read: list[Heard] = []

        def wanted() -> list[Row]:
            return [row for row in writer.rows() if not segments or row["segment"] in segments]

        with answering(project) as counter:
            for one in [*connections, {"before": 1, "during": 0, "cut": 10_000, "rebuild": 0}]:
                writer.epoch(one["before"])
                last = read[-1].id if read else 0
                with counter.follow(query, **{"last-event-id": str(last)}) as blocks:
                    assert next(blocks).id == last
                    if one["rebuild"]:
                        writer.rebuild(len(writer.sizes) // 2)
                        writer.rebuild(len(writer.sizes))
                    if one["during"]:
                        writer.epoch(one["during"])
                    read += islice(events(blocks), min(one["cut"], len(wanted()) - len(read)))
        assert [one.data for one in read] == [told(row) for row in wanted()]
        assert [one.id for one in read] == [row["seq"] for row in wanted()]


def test_without_a_place_only_what_is_new_is_told(counter: Counter, writer: Writer) -> None:
    writer.epoch(2)
    with counter.follow("?since=0") as blocks:
        list(islice(events(blocks), 2))  # so the server has seen them
    with counter.follow() as first, counter.follow("?segment=buyers") as second:
        opening = next(first)
        assert (opening.event, opening.retry) == ("", "1000")
        assert next(second).id == opening.id
        writer.epoch(2)
        new = [told(row) for row in writer.rows()[2:]]
        assert [one.data for one in islice(events(first), 2)] == new
        assert [one.data for one in islice(events(second), 1)] == [one for one in new if one["segment"] == "buyers"]
    # Whoever was cut off before the first event has a place, too.
    with counter.follow(**{"last-event-id": str(opening.id)}) as blocks:
        assert [one.data for one in islice(events(blocks), 2)] == new


def test_who_is_behind_what_is_kept_misses_nothing(
    counter: Counter, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "_RECENT", 3)
    with counter.follow() as blocks:
        for _ in range(4):
            writer.epoch(2)
            assert len(list(islice(events(blocks), 2))) == 2, "seen two by two"
    for place, row in enumerate(writer.rows()[:-1], start=1):
        with counter.follow(**{"last-event-id": str(row["seq"])}) as blocks:
            rest = writer.rows()[place:]
            assert [one.data for one in islice(events(blocks), len(rest))] == [told(one) for one in rest]


def test_the_last_event_wins_over_since(counter: Counter, writer: Writer) -> None:
    writer.epoch(3)
    last = int(str(writer.rows()[1]["seq"]))
    with counter.follow("?since=0", **{"last-event-id": str(last)}) as blocks:
        assert next(events(blocks)).data == told(writer.rows()[2])


def test_runs_are_told_and_what_never_was_is_retracted(
    shop: Project, writer: Writer, clock: SettableClock, write_lines: WriteLines
) -> None:
    def run_with(*orders: object) -> None:
        shop.ingest(write_lines("orders.jsonl", orders))
        list(shop.run())

    with answering(shop) as counter:
        run_with(order("ada", 1, days_ago=29.5))
        members = counter.get("/api/v1/segments/buyers/members").json()
        with counter.follow(f"?segment=buyers&since={members['seq']}") as blocks:
            clock.advance(DAY)
            run_with(order("bob", 2, days_ago=60))
            left = next(events(blocks))
            run_with(order("ada", 3, days_ago=10))
            clock.advance(DAY)
            run_with(order("bob", 4, days_ago=60))
            back = next(events(blocks))
    person = members["members"][0]["person_id"]
    assert (left.event, left.data["person_id"], left.data["change"]) == ("left", person, "left")
    assert left.data["effective_at"] == "2026-03-01T12:00:00.000000+00:00"
    assert "retracts" not in left.data
    assert (back.event, back.data["change"], back.data["cause"]) == ("retracted", "entered", "history")
    assert back.data["retracts"] == left.id


@pytest.mark.slow
def test_a_slow_client_holds_nobody_up_and_misses_nothing(
    counter: Counter, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "_RECENT", 100)
    writer.epoch(20_000)  # five megabytes, more than any buffer on the way holds
    host, port = counter.url.removeprefix("http://").split(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect((host, int(port)))
        asked = f"GET {STREAM}?since=0 HTTP/1.0\r\nAuthorization: Bearer {counter.key}\r\n\r\n"
        slow.sendall(asked.encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        with counter.follow("?since=0") as blocks:
            assert [one.id for one in islice(events(blocks), 20_000)] == [row["seq"] for row in writer.rows()]
            writer.epoch(500)
            assert [one.id for one in islice(events(blocks), 500)] == [row["seq"] for row in writer.rows()[20_000:]]
        text = b""
        last = f"id: {writer.rows()[-1]['seq']}\n".encode()
        while last not in text[-100_000:]:
            text += slow.recv(2**20)
    ids = [int(line[4:]) for line in text.split(b"\n") if line.startswith(b"id: ")]
    assert ids == [0, *(row["seq"] for row in writer.rows())]


def test_silence_is_told_to_be_no_death(counter: Counter, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SILENCE", 0.01)
    with counter.follow() as blocks:
        assert [one.comment for one in islice(blocks, 3)] == ["", "nothing new", "nothing new"]


def test_a_place_moves_on_though_nothing_of_it_is_told(
    counter: Counter, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SILENCE", 0.01)
    writer.epoch(1)
    assert writer.rows()[0]["segment"] == "regulars"
    with counter.follow("?segment=buyers&since=0") as blocks:
        place = next(one.id for one in blocks if one.id > 0)
        assert place >= int(str(writer.rows()[0]["seq"]))
    writer.epoch(1)
    with counter.follow("?segment=buyers", **{"last-event-id": str(place)}) as blocks:
        assert next(one for one in blocks if one.event).data == told(writer.rows()[1])


def test_a_key_that_is_revoked_ends_the_stream(counter: Counter, writer: Writer, shop: Project) -> None:
    with counter.follow() as blocks:
        next(blocks)
        (key,) = shop.keys.list()
        shop.keys.revoke(key.key_id)
        writer.epoch(1)
        assert list(blocks) == []


def test_only_so_many_follow(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_MOST_STREAMS", 1)
    with counter.follow() as blocks:
        next(blocks)
        refused = counter.get(STREAM)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        503, "too_many_streams", "30",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "headers", "refused"),
    [
        ("?segment=buyer", {}, (404, "unknown_segment", "query.segment")),
        ("?segment=buyers&segment=nobody", {}, (404, "unknown_segment", "query.segment")),
        ("?since=-1", {}, (422, "invalid_request", "query.since")),
        ("?since=now", {}, (422, "invalid_request", "query.since")),
        ("", {"last-event-id": "x"}, (422, "invalid_request", "header.last-event-id")),
        ("", {"last-event-id": "9" * 30}, (422, "invalid_request", "header.last-event-id")),
        ("?" + "&segment=buyers" * 101, {}, (422, "invalid_request", "query.segment")),
    ],
)
def test_what_makes_no_sense_is_refused(
    counter: Counter, query: str, headers: dict[str, str], refused: tuple[int, str, str]
) -> None:
    answer = counter.get(STREAM + query, **headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == refused


def test_what_stands_between_does_not_hold_it_back(counter: Counter) -> None:
    with httpx.stream("GET", counter.url + STREAM, headers={"authorization": f"Bearer {counter.key}"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-store")
    assert counter.get(STREAM, key="sk_").status_code == 401
