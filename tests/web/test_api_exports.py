"""All members of a segment as one file."""

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote

import pyarrow as pa
import pytest
from api_desk import Counter, answering, problem

from kohort.project import Project
from small_shop import WriteLines, made_once, order

NAMES = ["=HYPERLINK(1)", "-1", "@ada", 'ben, "the" buyer', "cid\r\nx", "été", *(f"p{number}" for number in range(20))]
STRANGE = 'été "x"; y'
PATH = "/api/v1/segments/buyers/members"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop with customers of strange names."""
    (shop.folder.path / "segments" / "ours.yaml").write_text(
        "segments:\n  - {name: buyers, where: did order_completed}\n"
        "  - {name: 'été \"x\"; y', where: not did order_completed}\n"
    )
    shop.ingest(write_lines("orders.jsonl", [order(who, number) for number, who in enumerate(NAMES)]))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A file is written seven rows at a time."""
    monkeypatch.setattr("kohort.web.api.exports._ROWS", 7)
    with answering(trading) as found:
        yield found


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_arrow_and_raw_csv_are_the_members(counter: Counter, shop: Project) -> None:
    members = shop.members("buyers")
    answer = counter.get(f"{PATH}.arrow")
    assert pa.ipc.open_stream(answer.content).read_all().equals(members)
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    raw = rows_of(counter.get(f"{PATH}.csv?raw=true").content)
    assert [(one["person_id"], one["user_id"]) for one in raw] == list(
        zip(members.column("person_id").to_pylist(), members.column("user_id").to_pylist(), strict=True)
    )
    assert all(one["entered_at"].endswith("00:00:00.000000+00:00") for one in raw)


def test_csv_for_people_has_no_formula(counter: Counter) -> None:
    answer = counter.get(f"{PATH}.csv")
    users = {one["user_id"] for one in rows_of(answer.content)}
    assert users == {"'" + name if name[0] in "=-@" else name for name in NAMES}
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''buyers.csv"


def test_nobody_is_a_file_too(counter: Counter) -> None:
    nobody = f"/api/v1/segments/{quote(STRANGE)}/members"
    answer = counter.get(f"{nobody}.csv")
    assert answer.content == b"person_id,user_id,entered_at\r\n"
    assert answer.headers["content-disposition"].endswith("''%C3%A9t%C3%A9%20%22x%22%3B%20y.csv")
    assert pa.ipc.open_stream(counter.get(f"{nobody}.arrow").content).read_all().num_rows == 0
    assert rows_of(counter.get(f"{PATH}.csv?at=2020-01-01").content) == []


def test_what_makes_no_sense_is_refused_before_a_file_begins(counter: Counter) -> None:
    assert problem(counter.get("/api/v1/segments/buyer/members.csv")) == (404, "unknown_segment", "path.name")
    assert problem(counter.get(f"{PATH}.arrow?at=soon")) == (422, "invalid_moment", "query.at")
