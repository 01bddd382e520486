"""The API on what rules can speak of: events, properties, traits, their values, and what may follow in a sentence."""

from collections.abc import Iterator

import pytest
from api_desk import Counter, answering, problem

from kohort.project import Project
from small_shop import NOW, WriteLines, iso, made_once, order

PLAN = """events:
  order_completed: {aliases: [Purchase], properties: {total: {type: number, required: true}, channel: text}}
  never_seen: {properties: {colour: text}}
"""


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop with three orders by two people, one of whom has traits."""
    shop.folder.tracking.write_text(PLAN)
    told = [("ada", "Web"), ("ada", "web"), ("ben", "shop")]
    lines: list[dict[str, object]] = [
        order(who, number, total=10) | {"properties": {"total": 10, "channel": channel, "gift": number > 0}}
        for number, (who, channel) in enumerate(told)
    ]
    traits = {"city": "Lyon", "clv": 5, "tags": ["a", "b"]}
    lines.append({"type": "identify", "userId": "ada", "messageId": "i", "timestamp": iso(NOW), "traits": traits})
    shop.ingest(write_lines("orders.jsonl", lines))
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "segments:read", "people:read") as found:
        yield found


def test_events_and_traits_are_told_with_their_counts(counter: Counter) -> None:
    answer = counter.get("/api/v1/taxonomy")
    events = {one["name"]: one for one in answer.json()["events"]}
    assert events["order_completed"] == {
        "name": "order_completed",
        "aliases": ["Purchase", "purchase"],
        "declared": True,
        "count": 3,
        "properties": [
            {"name": "channel", "types": ["text"], "declared": True, "required": False},
            {"name": "gift", "types": ["boolean"], "declared": False, "required": False},
            {"name": "total", "types": ["number"], "declared": True, "required": True},
        ],
    }
    assert (events["never_seen"]["count"], events["never_seen"]["declared"]) == (0, True)
    assert answer.json()["traits"] == [
        {"name": "city", "type": "text", "count": 1, "family": "geographic"},
        {"name": "clv", "type": "number", "count": 1, "family": "other"},
        {"name": "tags", "type": "list of text", "count": 1, "family": "other"},
    ]
    assert counter.get("/api/v1/taxonomy", **{"if-none-match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("events/order_completed/properties/channel/values", [("Web", 1), ("shop", 1), ("web", 1)]),
        ("events/Purchase/properties/channel/values?prefix=WE", [("Web", 1), ("web", 1)]),
        ("events/order_completed/properties/channel/values?limit=1", [("Web", 1)]),
        ("events/order_completed/properties/gift/values", [("true", 2), ("false", 1)]),
        ("events/never_seen/properties/colour/values", []),
        ("traits/city/values", [("Lyon", 1)]),
        ("traits/city/values?prefix=Paris", []),
        ("traits/tags/values", [("a", 1), ("b", 1)]),
    ],
)
def test_values_are_told_with_how_many_have_them(counter: Counter, path: str, found: list[tuple[str, int]]) -> None:
    values = counter.get(f"/api/v1/{path}").json()["values"]
    assert [(one["value"], one["actors"]) for one in values] == found


@pytest.mark.parametrize(
    ("path", "status", "code", "where"),
    [
        ("events/order/properties/channel/values", 404, "unknown_event", "path.event"),
        ("events/order_completed/properties/chanel/values", 404, "unknown_property", "path.name"),
        ("events/order_completed/properties/total/values", 422, "invalid_request", "path.name"),
        ("traits/town/values", 404, "unknown_trait", "path.name"),
        ("traits/clv/values", 422, "invalid_request", "path.name"),
        ("traits/city/values?limit=0", 422, "invalid_request", "query.limit"),
    ],
)
def test_what_nobody_knows_or_chooses_from_is_refused(
    counter: Counter, path: str, status: int, code: str, where: str
) -> None:
    assert problem(counter.get(f"/api/v1/{path}")) == (status, code, where)


def test_what_may_follow_in_a_sentence(counter: Counter) -> None:
    sentence = "did ord"
    found = counter.get(f"/api/v1/completions?sentence={sentence}").json()["completions"]
    assert [sentence[: one["start"]] + one["text"] for one in found] == ["did order_completed"]
    assert counter.get("/api/v1/completions?sentence=nonsense here ").json()["completions"] == []
