"""The API: segments, their members by page and as of any moment, and one shape for every refusal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_desk import Counter, answering, problem

from kohort.clock import DAY, HOUR
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import WriteLines, made_once, order

SEGMENTS = """segments:
  - {name: buyers, label: {en: Buyers}, where: did order_completed in last 30 days}
  - {name: regulars, label: {en: Regulars}, where: count of order_completed in last 90 days >= 2}
  - {name: readers, label: {en: Readers}, where: did article_read, needs: [article_read]}
"""
PEOPLE = [f"person {number}" for number in range(7)]


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop where seven bought once, of whom two a second time; it has run."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    orders = [order(who, number, days_ago=2) for number, who in enumerate([*PEOPLE, *PEOPLE[:2]])]
    shop.ingest(write_lines("orders.jsonl", orders))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading) as found:
        yield found


def pages(counter: Counter, path: str) -> Iterator[Any]:
    """Follow the cursor to the last page."""
    page = counter.get(path).json()
    yield page
    while page["next_cursor"]:
        page = counter.get(f"{path}&cursor={page['next_cursor']}").json()
        yield page


def test_segments_are_listed_with_their_freshness(counter: Counter, trading: Project, clock: SettableClock) -> None:
    clock.advance(HOUR)
    found = {one["name"]: one for one in counter.get("/api/v1/segments").json()["segments"]}
    assert found["buyers"] == {
        "name": "buyers",
        "label": "Buyers",
        "version": 1,
        "size": 7,
        "share": 1.0,
        "at": "2026-03-01T00:00:00.000000+00:00",
        "evaluated_at": "2026-03-01T00:00:00.000000+00:00",
        "lag_seconds": 3600.0,
        "stalled": False,
        "note": "",
    }
    assert (found["regulars"]["size"], found["readers"]["size"]) == (2, None)
    assert "article_read" in found["readers"]["note"]
    clock.advance(2 * DAY)
    assert counter.get("/api/v1/segments").json()["segments"][0]["stalled"], "no run has come since"


def test_recorded_members_say_what_they_speak_of(counter: Counter, clock: SettableClock) -> None:
    clock.advance(HOUR)
    found = counter.get("/api/v1/segments/regulars/members").json()
    members = found.pop("members")
    assert found == {
        "segment": "regulars",
        "version": 1,
        "at": "2026-03-01T00:00:00.000000+00:00",
        "evaluated_at": "2026-03-01T00:00:00.000000+00:00",
        "lag_seconds": 3600.0,
        "seq": found["seq"],
        "size": 2,
        "next_cursor": None,
    }
    assert sorted(one["user_id"] for one in members) == PEOPLE[:2]
    assert {one["entered_at"] for one in members} == {"2026-02-27T00:00:00.000000+00:00"}


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_hold_everybody_once_in_the_order_of_person_ids(counter: Counter, trading: Project, limit: int) -> None:
    found = list(pages(counter, f"/api/v1/segments/buyers/members?limit={limit}"))
    people = [one["person_id"] for page in found for one in page["members"]]
    assert people == sorted(trading.members("buyers").column("person_id").to_pylist())
    assert all(page["size"] == 7 and len(page["members"]) <= limit for page in found)


def test_a_cursor_keeps_its_place_while_people_come(
    counter: Counter, trading: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    path = "/api/v1/segments/buyers/members?limit=3"
    first = counter.get(path).json()
    clock.advance(HOUR)
    trading.ingest(write_lines("more.jsonl", [order(f"new {number}", 100 + number) for number in range(3)]))
    list(trading.run())
    rest = counter.get(f"{path[:-1]}100&cursor={first['next_cursor']}").json()
    told = [one["person_id"] for page in (first, rest) for one in page["members"]]
    assert len(told) == len(set(told))
    assert {one["user_id"] for page in (first, rest) for one in page["members"]} >= set(PEOPLE)


def test_a_moment_of_the_past_is_evaluated(counter: Counter) -> None:
    found = counter.get("/api/v1/segments/buyers/members?at=2026-02-26").json()
    assert (found["size"], found["at"]) == (0, "2026-02-26T00:00:00.000000+00:00")
    assert found["evaluated_at"] is found["lag_seconds"] is found["seq"] is None
    assert counter.get("/api/v1/segments/buyers/members?at=2026-02-28T12:00:00Z").json()["size"] == 7


def test_what_has_not_changed_is_not_sent_again(
    counter: Counter, trading: Project, clock: SettableClock, write_lines: WriteLines
) -> None:
    path = "/api/v1/segments/buyers/members"
    tag = counter.get(path).headers["etag"]
    clock.advance(HOUR)
    again = counter.get(path, **{"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert counter.get(f"{path}?limit=2", **{"if-none-match": tag}).status_code == 200
    trading.ingest(write_lines("more.jsonl", [order("new", 100)]))
    list(trading.run())
    assert counter.get(path, **{"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/v1/segments/buyer/members", (404, "unknown_segment", "path.name")),
        ("/api/v1/segments/readers/members", (409, "not_evaluated", "path.name")),
        ("/api/v1/segments/buyers/members?at=yesterday", (422, "invalid_moment", "query.at")),
        ("/api/v1/segments/buyers/members?at=", (422, "invalid_moment", "query.at")),
        ("/api/v1/segments/buyers/members?limit=0", (422, "invalid_request", "query.limit")),
        ("/api/v1/segments/buyers/members?limit=many", (422, "invalid_request", "query.limit")),
        ("/api/v1/segments/buyers/members?cursor=%C3%A9", (422, "invalid_cursor", "query.cursor")),
        ("/api/v1/segments/buyers/members?cursor=_w", (422, "invalid_cursor", "query.cursor")),
        ("/api/v1/segment", (404, "not_found", None)),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_shape(
    counter: Counter, path: str, told: tuple[int, str, str | None]
) -> None:
    assert problem(counter.get(path)) == told


def test_the_nearest_name_is_proposed(counter: Counter) -> None:
    assert 'did you mean "buyers"?' in counter.get("/api/v1/segments/buyer/members").json()["message"]
    assert 'did you mean "/api/v1/segments"?' in counter.get("/api/v1/segment").json()["message"]


def test_a_path_tells_what_it_answers(counter: Counter) -> None:
    answer = httpx.post(f"{counter.url}/api/v1/segments")
    assert problem(answer) == (405, "wrong_method", None)
    assert answer.headers["allow"] == "GET"


def test_nobody_reads_without_the_scope(counter: Counter, trading: Project, clock: SettableClock) -> None:
    write, _ = trading.keys.create_write("web")
    other, _ = trading.keys.create_secret("grafana", ["metrics:read"], clock.now() + DAY)
    for key, told in ((write, (401, "invalid_secret_key", None)), (other, (403, "scope_missing", None))):
        # Neither is told whether the segment exists, or what is wrong with the request.
        for path in ("/api/v1/segments", "/api/v1/segments/buyer/members?limit=0"):
            assert problem(counter.get(path, key=key)) == told
    assert counter.get("/api/v1/segments", key="sk_").headers["www-authenticate"] == "Bearer"
    clock.advance(31 * DAY)
    assert problem(counter.get("/api/v1/segments"))[0] == 401, "the key has expired"


def test_a_file_that_is_wrong_is_told_and_mended_without_a_restart(counter: Counter, trading: Project) -> None:
    file: Path = trading.folder.path / "segments" / "ours.yaml"
    file.write_text(SEGMENTS.replace("needs:", "need:"))
    assert problem(counter.get("/api/v1/segments")) == (500, "project_error", None)
    file.write_text(SEGMENTS)
    assert counter.get("/api/v1/segments").status_code == 200


def test_the_api_describes_itself(counter: Counter) -> None:
    described = httpx.get(f"{counter.url}/openapi.json", timeout=60).json()
    assert described["openapi"].startswith("3.1")
    members = described["paths"]["/api/v1/segments/{name}/members"]["get"]
    assert members["security"]
    assert {"200", "401", "403", "404", "409", "422"} <= set(members["responses"])
    assert "HTTPValidationError" not in described["components"]["schemas"]
    assert httpx.get(f"{counter.url}/docs").status_code == 404
