"""The API on what comes in: sources, what was refused, and files that are sent."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_desk import Counter, answering, problem

from kohort.project import Project
from small_shop import WriteLines, made_once, order

ORDERS = """name: tills
files: "tills*.csv"
event: order_completed
person: {user_id: customer}
time: {column: at}
key: [number]
properties:
  total: {column: total, type: number}
"""
CSV = b"number,customer,at,total\n1,ada,2026-02-01,10\n2,ben,2026-02-03,12.5\n3,cid,2026-02-04,12 rue de la Paix\n"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    (shop.folder.path / "sources" / "tills.yaml").write_text(ORDERS)
    shop.ingest(write_lines("orders.jsonl", [order("dan", 9, days_ago=2), {"type": "track", "userId": "eve"}]))
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "segments:read", "events:read", "imports:write") as found:
        yield found


def send(counter: Counter, content: bytes | Iterator[bytes], name: str = "tills", asked: str = "") -> httpx.Response:
    shown = {"authorization": f"Bearer {counter.key}"}
    return httpx.post(f"{counter.url}/api/v1/sources/{name}/files{asked}", content=content, headers=shown, timeout=30)


def left(project: Project) -> list[Path]:
    return list(project.folder.uploads.glob("*")) if project.folder.uploads.exists() else []


def test_a_file_that_is_sent_is_read_once_and_not_kept(counter: Counter, trading: Project) -> None:
    answer = send(counter, CSV)
    found = answer.json()
    name = found.pop("file")
    assert (answer.status_code, found) == (
        200,
        {"source": "tills", "rows": 3, "accepted": 2, "known": 0, "rejected": 1, "withheld": 0, "findings": []},
    )
    again = send(counter, CSV).json()
    assert (again["file"], again["accepted"], again["known"], again["rejected"]) == (name, 0, 2, 1)
    assert trading.status().events == {"order_completed": 3}
    letters = counter.get("/api/v1/dead-letters?source=tills").json()["dead_letters"]
    assert [(one["file"], one["line"], one["field"]) for one in letters] == [(name, 4, "total")], "and refused once"
    assert left(trading) == []


def test_a_file_that_a_gate_stops_is_refused_unless_it_is_asked_for_all_the_same(
    counter: Counter, trading: Project
) -> None:
    mapping = trading.folder.path / "sources" / "tills.yaml"
    mapping.write_text(ORDERS + "quality: {gates: [fail if validity < 80 %]}\n")
    assert problem(send(counter, CSV)) == (409, "stopped_by_a_gate", "body")
    assert trading.status().events == {"order_completed": 1}
    assert send(counter, CSV, asked="?despite_gates=true").json()["accepted"] == 2
    found = {one["source"]: one for one in counter.get("/api/v1/quality/sources").json()["sources"]}
    assert [one["stopped"] for one in found["tills"]["loads"]] == [True, False]


def test_what_a_file_is_shows_in_its_bytes(counter: Counter, trading: Project) -> None:
    table = pa.table({"number": ["5"], "customer": ["eve"], "at": ["2026-02-01"], "total": [3.0]})
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    assert send(counter, parquet.getvalue()).json()["accepted"] == 1
    assert send(counter, gzip.compress(CSV)).json()["accepted"] == 2
    assert send(counter, iter([CSV[:30], CSV[30:]])).json()["known"] == 2, "in pieces, of no stated length"
    lines = b"".join(json.dumps(order("fay", number)).encode() + b"\n" for number in (7, 8))
    assert send(counter, lines, "segment").json()["accepted"] == 2


def test_what_is_no_file_of_the_source_is_refused_and_not_kept(counter: Counter, trading: Project) -> None:
    before = trading.status().journal_records
    for content, words in [
        (b"", "empty"),
        (b"a,b\n1,2\n", 'the file has no column "customer"'),
        (b"\0\1\2", "expected a CSV"),
        (gzip.compress(CSV)[:-9], "damaged"),
        (b"PAR1" + b"x" * 100, "the file"),
    ]:
        answer = send(counter, content)
        assert problem(answer) == (422, "invalid_file", "body"), content
        assert words in answer.json()["message"]
        assert str(trading.folder.path) not in answer.json()["message"]
    unknown = send(counter, CSV, "till")
    assert problem(unknown) == (404, "unknown_source", "path.name")
    assert "declare in sources/" in unknown.json()["message"]
    assert problem(send(counter, CSV, "..%2f..%2ftills"))[0] == 404
    assert (left(trading), trading.status().journal_records) == ([], before)


def test_a_file_is_only_so_large(trading: Project) -> None:
    settings = trading.folder.settings
    settings.write_text(settings.read_text() + "api: {file: 1 kB}\n")
    with answering(trading, "imports:write") as counter:
        large = CSV + b"4,dan,2026-02-01,1\n" * 100
        assert problem(send(counter, large)) == (413, "too_large", "body")
        assert problem(send(counter, iter([large]))) == (413, "too_large", "body")
        packed = send(counter, gzip.compress(large))
        assert problem(packed) == (413, "too_large", "body"), "as large as it is unpacked"
        assert "1,000 bytes" in packed.json()["message"]
    assert left(trading) == []


def test_sources_tell_what_they_declare_and_what_they_brought(counter: Counter) -> None:
    send(counter, CSV)
    answer = counter.get("/api/v1/sources")
    sources = {one["name"]: one for one in answer.json()["sources"]}
    assert sources["tills"] == {
        "name": "tills",
        "kind": "file",
        "file": "sources/tills.yaml",
        "declares": "order_completed",
        "files": "tills*.csv",
        "requires_consent": [],
        "received": None,
        "accepted": 2,
        "duplicates": None,
        "events": 2,
        "traits": 0,
        "first_event": "2026-02-01T00:00:00.000000+00:00",
        "last_event": "2026-02-03T00:00:00.000000+00:00",
        "last_received": "2026-03-01T00:00:00.000000+00:00",
        "rejected": 1,
        "dead_letters": 1,
        "reasons": [{"field": "total", "reason": 'expected a number such as …, got "…"', "count": 1}],
    }
    assert (sources["segment"]["kind"], sources["segment"]["events"], sources["segment"]["rejected"]) == (
        "messages",
        1,
        1,
    )
    assert sources["rfm"]["kind"] == "score"
    assert counter.get("/api/v1/sources", **{"if-none-match": answer.headers["etag"]}).status_code == 304


def test_dead_letters_come_by_page_the_newest_first(trading: Project, write_lines: WriteLines) -> None:
    bad = [{"type": "track", "userId": "x" * 20_000, "messageId": str(number)} for number in range(5)]
    trading.ingest(write_lines("bad.jsonl", bad))
    with answering(trading, "events:read") as counter:
        first = counter.get("/api/v1/dead-letters?limit=4").json()
        rest = counter.get(f"/api/v1/dead-letters?limit=4&cursor={first['next_cursor']}").json()
        letters = first["dead_letters"] + rest["dead_letters"]
        assert (len(first["dead_letters"]), rest["next_cursor"]) == (4, None)
        assert {one["dead_letter_id"] for one in letters} == set(trading.dead_letters()["dead_letter_id"].to_pylist())
        assert len(letters) == 6
        assert {one["cut"] for one in letters} == {True, False}
        assert problem(counter.get("/api/v1/dead-letters?cursor=x"))[:2] == (422, "invalid_cursor")
        assert problem(counter.get("/api/v1/sources"))[:2] == (403, "scope_missing")
    with answering(trading, "segments:read") as counter:
        assert problem(counter.get("/api/v1/dead-letters"))[:2] == (403, "scope_missing")
        assert problem(send(counter, CSV))[:2] == (403, "scope_missing")
