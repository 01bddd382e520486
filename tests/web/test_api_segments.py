"""The API on segments: what they mean and meant, sizes, overlap, flows, a rule's size, and why somebody is in."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from api_desk import Counter, answering, problem

from kohort.governance.keys import SCOPES
from kohort.project import Project
from small_shop import WriteLines, made_once, order

SEGMENTS = """segments:
  - {name: buyers, label: {en: Buyers}, where: did order_completed in last 30 days}
  - {name: regulars, label: {en: Regulars}, where: count of order_completed in last 90 days >= 2}
  - {name: readers, label: {en: Readers}, where: did article_read, needs: [article_read]}
"""
AT = "2026-03-01T00:00:00.000000+00:00"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop where ada bought twice, ben once and cid long ago; it has run."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    told = [("ada", 2), ("ada", 10), ("ben", 3), ("cid", 60)]
    lines = [order(who, number, days_ago=days, total=10 * number) for number, (who, days) in enumerate(told)]
    shop.ingest(write_lines("orders.jsonl", lines))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, *SCOPES) as found:
        yield found


def names(project: Project, people: list[str]) -> list[str]:
    rows = project.sql("SELECT person_id, user_id FROM people").to_pylist()
    users = {row["person_id"]: row["user_id"] for row in rows}
    return [users[one] for one in people]


def test_a_segment_says_what_it_means(counter: Counter) -> None:
    answer = counter.get("/api/v1/segments/regulars")
    assert answer.json() == {
        "name": "regulars",
        "label": "Regulars",
        "labels": {"en": "Regulars", "fr": "Regulars"},
        "version": 1,
        "sentence": "count of order_completed in last 90 days >= 2",
        "size": 1,
        "share": 1 / 3,
        "at": AT,
        "evaluated_at": AT,
        "stalled": False,
        "note": "",
    }
    again = counter.get("/api/v1/segments/regulars", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_its_history_tells_every_version(counter: Counter, trading: Project) -> None:
    file = trading.folder.path / "segments" / "ours.yaml"
    file.write_text(SEGMENTS.replace(">= 2", ">= 1"))
    assert trading.apply(trading.plan(), reason="everybody counts")
    first, second = counter.get("/api/v1/segments/regulars/history").json()["versions"]
    assert (first["version"], first["in_force"], first["size"], first["cause"]) == (1, False, 1, "first run")
    assert (second["version"], second["in_force"], second["entered"], second["left"]) == (2, True, 2, 0)
    assert second["sentence"] == "count of order_completed in last 90 days >= 1"
    assert "entered_sample" not in second, "counts, no people"


def test_sizes_are_computed_at_moments_beside_what_was_recorded(counter: Counter) -> None:
    path = "/api/v1/segments/buyers/sizes?since=2026-02-20&until=2026-03-01&every=3 days"
    found = counter.get(path).json()["sizes"]
    assert [(one["at"][:10], one["size"], one["population"]) for one in found] == [
        ("2026-02-20", 1, 2),
        ("2026-02-23", 1, 2),
        ("2026-02-26", 2, 3),
        ("2026-03-01", 2, 3),
    ]
    assert [one["recorded"] for one in found] == [None, None, None, 2]


def test_overlap_and_flows_count_everybody_once(counter: Counter) -> None:
    overlap = counter.get("/api/v1/overlap?segment=buyers&segment=regulars").json()
    assert (overlap["population"], overlap["sizes"]) == (3, {"buyers": 2, "regulars": 1})
    assert sum(one["size"] for one in overlap["intersections"]) == 3
    assert overlap["pairs"] == [
        {"first": "buyers", "second": "regulars", "shared": 1, "jaccard": 0.5, "overlap_coefficient": 1.0}
    ]
    flows = counter.get("/api/v1/flows?since=2026-02-20&segment=buyers").json()
    assert flows["segments"] == [{"segment": "buyers", "before": 1, "entered": 1, "left": 0, "stayed": 1, "after": 2}]
    assert (flows["since"][:10], flows["until"]) == ("2026-02-20", AT)


def test_a_rule_that_nobody_saved_is_sized_condition_by_condition(counter: Counter, trading: Project) -> None:
    rule = "did order_completed in last 30 days and sum of order_completed.total >= 20"
    found = counter.post("/api/v1/previews", {"where": rule, "sample": 5}).json()
    assert (found["size"], found["population"], found["at"], found["share"]) == (1, 3, AT, 1 / 3)
    assert names(trading, found["sample"]) == ["ben"]
    assert [(one["depth"], one["before"], one["kept"], one["without"]) for one in found["funnel"]] == [
        (0, 3, 1, None),
        (1, 3, 2, 1),
        (1, 2, 1, 1),
    ]
    then = counter.post("/api/v1/previews", {"where": rule, "at": "2026-02-20"}).json()
    assert (then["size"], then["sample"]) == (0, [])


def test_why_somebody_is_in_and_what_would_change_it(counter: Counter, trading: Project) -> None:
    found = counter.get("/api/v1/segments/regulars/explanation?person=ada").json()
    assert (found["segment"], found["holds"], found["value"], found["facts_in_all"]) == ("regulars", True, "2", 2)
    assert names(trading, [found["person_id"]]) == ["ada"]
    assert found["since"] == "2026-02-27T00:00:00.000000+00:00"
    assert found["outlook"]["time_alone"] is not None
    out = counter.get("/api/v1/segments/regulars/explanation?person=ben").json()
    assert not out["holds"]
    assert out["outlook"]["single_change"] == {"event": "order_completed", "times": 1, "properties": {}}


REFUSED = [
    ("/segments/buyer", 404, "unknown_segment", "path.name"),
    ("/segments/readers/history", 404, "unknown_segment", "path.name"),
    ("/segments/readers/explanation?person=ada", 409, "not_evaluated", "path.name"),
    ("/segments/buyers/explanation?person=adx", 422, "unknown_person", "query.person"),
    ("/segments/buyers/explanation", 422, "invalid_request", "query.person"),
    ("/segments/buyers/sizes?every=often", 422, "invalid_request", "query.every"),
    ("/segments/buyers/sizes?since=2020-01-01&every=1 hour", 422, "invalid_request", "query.every"),
    ("/overlap?segment=buyer", 422, "unknown_segment", "query.segment"),
    ("/flows?since=2026-03-01&until=2026-02-01", 422, "invalid_request", "query.since"),
    ("/flows?since=once", 422, "invalid_moment", "query.since"),
    ("/flows", 422, "invalid_request", "query.since"),
]


@pytest.mark.parametrize(("path", "status", "code", "where"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_place(
    counter: Counter, path: str, status: int, code: str, where: str
) -> None:
    assert problem(counter.get("/api/v1" + path)) == (status, code, where)


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"where": "count of order_completed >="}, "invalid_rule", "body.where"),
        ({"where": "did order_complete"}, "invalid_rule", "body.where"),
        ({"where": 'in segment "buyer"'}, "invalid_rule", "body.where"),
        ({"where": "did order_completed", "at": "soon"}, "invalid_moment", "body.at"),
        ({"where": "did order_completed", "sample": -1}, "invalid_request", "body.sample"),
        ({"rule": "did order_completed"}, "invalid_request", "body.where"),
        ([], "invalid_request", "body"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_its_place(counter: Counter, body: object, code: str, where: str) -> None:
    answer = counter.post("/api/v1/previews", body)
    assert problem(answer) == (422, code, where)


def test_a_key_that_may_read_segments_reads_counts_and_nobody(trading: Project) -> None:
    with answering(trading, "segments:read") as counter:
        assert counter.get("/api/v1/segments").status_code == 200
        assert counter.post("/api/v1/previews", {"where": "did order_completed"}).json()["size"] == 3
        asked: list[httpx.Response] = [
            counter.get("/api/v1/segments/buyers/members"),
            counter.get("/api/v1/segments/buyers/explanation?person=ada"),
            counter.post("/api/v1/previews", {"where": "did order_completed", "sample": 1}),
        ]
        assert [problem(one)[:2] for one in asked] == [(403, "scope_missing")] * 3
        told: list[Any] = [counter.get(f"/api/v1/{path}").text for path in ("segments/buyers", "overlap")]
        assert not any("ada" in one for one in told)


def test_a_name_may_hold_a_slash(counter: Counter, trading: Project) -> None:
    file = trading.folder.path / "segments" / "ours.yaml"
    file.write_text(f"{SEGMENTS}  - {{name: shop/vip, label: {{en: VIP}}, where: did order_completed}}\n")
    trading.apply(trading.plan())
    assert counter.get("/api/v1/segments/shop%2Fvip").json()["name"] == "shop/vip"
    assert counter.get("/api/v1/segments/shop%2fvip/history").json()["versions"][0]["version"] == 1
    assert problem(counter.get("/api/v1/segments/shop/vip")) == (404, "not_found", None)
    assert problem(counter.get("/api/v1/segments/shop%252Fvip")) == (404, "unknown_segment", "path.name")
