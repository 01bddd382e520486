"""The API on a person: who they are, what they did, their traits with sources, and their segments."""

from collections.abc import Iterator
from typing import Any

import pytest
from api_desk import Counter, answering, problem

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, iso, made_once, order

ADA = "/api/v1/people/ada"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop where ada, known by two devices, ordered five times, and ben once; it has run."""
    lines: list[dict[str, Any]] = [order("ada", number, days_ago=10 - number, total=number) for number in range(5)]
    lines.append(order("ben", 9, days_ago=1))
    for number, traits in enumerate([{"city": "Lyon", "clv": 4.5}, {"city": "Paris"}, {"clv": None, "tags": ["a"]}]):
        moment = iso(NOW - (9 - number) * DAY)
        lines.append(
            {"type": "identify", "userId": "ada", "messageId": f"i{number}", "timestamp": moment}
            | {"anonymousId": f"device {number % 2}", "traits": traits}
        )
    shop.ingest(write_lines("lines.jsonl", lines))
    list(shop.run("2026-03-01"))
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "people:read") as found:
        yield found


def test_who_somebody_is(counter: Counter) -> None:
    found = counter.get(ADA).json()
    assert {(one["kind"], one["value"]) for one in found["identifiers"]} == {
        ("user_id", "ada"),
        ("anonymous_id", "device 0"),
        ("anonymous_id", "device 1"),
    }
    assert len(found["merges"]) == 2
    assert counter.get(f"/api/v1/people/{found['person_id']}").json() == found
    assert counter.get("/api/v1/people/device%201").json() == found, "by any of the identifiers"


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_what_somebody_did_comes_newest_first_by_page(counter: Counter, limit: int) -> None:
    path = f"{ADA}/events?limit={limit}"
    page = counter.get(path).json()
    events = page["events"]
    while page["next_cursor"]:
        page = counter.get(f"{path}&cursor={page['next_cursor']}").json()
        events += page["events"]
    assert [one["properties"]["total"] for one in events] == ["4", "3", "2", "1", "0"]
    assert [one["at"][:10] for one in events] == [f"2026-02-{day}" for day in range(23, 18, -1)]
    assert {one["name"] for one in events} == {"order_completed"}


def test_traits_have_a_source_and_a_moment(counter: Counter) -> None:
    traits = {one["name"]: one for one in counter.get(f"{ADA}/traits").json()["traits"]}
    assert (traits["city"]["value"], traits["city"]["type"]) == ("Paris", "text")
    assert traits["city"]["set_at"] == "2026-02-21T00:00:00.000000+00:00"
    assert traits["tags"]["value"] == ["a"]
    assert "clv" not in traits, "it was taken away"
    then = {one["name"]: one["value"] for one in counter.get(f"{ADA}/traits?at=2026-02-20").json()["traits"]}
    assert (then["city"], then["clv"]) == ("Lyon", "4.5")


def test_the_segments_that_somebody_is_in(counter: Counter, shop: Project) -> None:
    segments = {one["segment"] for one in counter.get(f"{ADA}/segments").json()["segments"]}
    listed = [one.name for one in shop.segments() if one.size]
    ada = shop.person("ada").person_id
    assert segments == {name for name in listed if ada in shop.members(name).column("person_id").to_pylist()}
    assert segments


@pytest.mark.parametrize("path", ["", "/events", "/traits", "/segments"])
def test_nobody_is_told_of_who_is_not_known(counter: Counter, shop: Project, clock: SettableClock, path: str) -> None:
    assert problem(counter.get(f"/api/v1/people/eve{path}")) == (404, "unknown_person", "path.person")
    other, _ = shop.keys.create_secret("crm", ["memberships:read"], clock.now() + DAY)
    assert problem(counter.get(f"/api/v1/people/ada{path}", key=other))[:2] == (403, "scope_missing")


@pytest.mark.parametrize("cursor", ["%C3%A9", "_w", "bm9uZQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkgYQ"])
def test_a_cursor_that_nobody_gave_is_refused(counter: Counter, cursor: str) -> None:
    assert problem(counter.get(f"{ADA}/events?cursor={cursor}")) == (422, "invalid_cursor", "query.cursor")
