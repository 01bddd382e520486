"""The API on runs, quality, scores, clusters and personas."""

from collections.abc import Iterator

import pytest
from api_desk import Counter, answering, problem

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import WriteLines, made_once, order

CLUSTERS = """scores:
  - kind: clusters
    name: persona
    features: [visits, spent]
    smallest: 2
    largest: 3
    bootstraps: 5
    wording:
      visits:
        kind: count
        name: {en: visits, fr: visites}
        high: {en: often, fr: souvent}
        low: {en: rarely, fr: peu}
      spent:
        kind: money
        name: {en: spent, fr: dépense}
        high: {en: much, fr: gros}
        low: {en: little, fr: petit}
"""


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    lines = [order(who, number, days_ago=2 + number, total=10 * number + 1) for number, who in enumerate("abcde")]
    shop.ingest(write_lines("orders.jsonl", [*lines, {"type": "track", "userId": "eve"}, order("eve", 9, days_ago=-9)]))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "segments:read") as found:
        yield found


def test_runs_come_by_page_with_their_steps(counter: Counter, trading: Project, clock: SettableClock) -> None:
    clock.advance(DAY)
    list(trading.run())
    answer = counter.get("/api/v1/runs?limit=1")
    first = answer.json()
    assert [one["at"] for one in first["runs"]] == ["2026-03-02T00:00:00.000000+00:00"]
    rest = counter.get(f"/api/v1/runs?cursor={first['next_cursor']}").json()
    assert ([one["at"] for one in rest["runs"]], rest["next_cursor"]) == (["2026-03-01T00:00:00.000000+00:00"], None)
    steps = {one["step"]: one["summary"] for one in rest["runs"][0]["steps"]}
    assert "traits of 5 people" in steps["score rfm"]
    assert counter.get("/api/v1/runs?limit=1", **{"if-none-match": answer.headers["etag"]}).status_code == 304
    for cursor in ("x", "LTU", "MS4w"):
        assert problem(counter.get(f"/api/v1/runs?cursor={cursor}"))[:2] == (422, "invalid_cursor")


def test_quality_tells_the_gravest_first(counter: Counter, trading: Project) -> None:
    found = counter.get("/api/v1/quality").json()
    assert sum(found["counts"].values()) == len(found["findings"]) == len(trading.findings()) > 1
    gravity = [["error", "warning", "info"].index(one["severity"]) for one in found["findings"]]
    assert gravity == sorted(gravity)
    paged: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = counter.get(f"/api/v1/quality?limit=1{cursor and '&cursor=' + cursor}").json()
        paged, cursor = paged + page["findings"], page["next_cursor"]
    assert paged == found["findings"]


def test_scores_tell_how_their_values_are_spread(counter: Counter) -> None:
    answer = counter.get("/api/v1/scores")
    scores = {one["name"]: one for one in answer.json()["scores"]}
    rfm = scores["rfm"]
    assert (rfm["kind"], rfm["at"]) == ("rfm", "2026-03-01T00:00:00.000000+00:00")
    traits = {one["name"]: one for one in rfm["traits"]}
    recency = traits["rfm_recency"]
    assert (recency["people"], recency["type"], recency["values"]) == (5, "number", [])
    assert [(one["share"], one["value"]) for one in recency["quantiles"]] == [
        (0.0, "1"), (0.05, "1"), (0.25, "2"), (0.5, "3"), (0.75, "4"), (0.95, "5"), (1.0, "5"),
    ]  # fmt: skip
    assert recency["mean"] == "3"
    cells = traits["rfm_cell"]
    assert (cells["mean"], cells["quantiles"], sum(one["people"] for one in cells["values"])) == (None, [], 5)
    assert counter.get("/api/v1/scores", **{"if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_score_without_a_run_has_no_values(shop: Project) -> None:
    with answering(shop, "segments:read") as counter:
        for one in counter.get("/api/v1/scores").json()["scores"]:
            assert (one["version"], one["at"], one["traits"]) == (None, None, [])


def test_clusters_and_personas_are_those_of_the_newest_discovery(shop: Project, write_lines: WriteLines) -> None:
    (shop.folder.path / "scores" / "reference.yaml").write_text(CLUSTERS)
    people = [
        {
            "type": "identify",
            "userId": f"p{number}",
            "messageId": f"m{number}",
            "timestamp": "2026-02-01T00:00:00Z",
            "traits": {"visits": 100 * (number % 2) + number % 7, "spent": 1_000 * (number % 2) + number % 11},
        }
        for number in range(120)
    ]
    shop.ingest(write_lines("people.jsonl", people))
    with answering(shop, "segments:read", "people:read") as counter:
        assert problem(counter.get("/api/v1/clusters")) == (409, "not_discovered", None)
        shop.discover()
        answer = counter.get("/api/v1/clusters")
        found = answer.json()
        assert (found["k"], len(found["map"]["points"])) == (2, 120)
        assert set(found["words"]) == {"en", "fr"}
        assert counter.get("/api/v1/clusters", **{"if-none-match": answer.headers["etag"]}).status_code == 304
        personas = counter.get("/api/v1/personas?score=persona").json()["personas"]
        assert [(one["cluster"], one["people"]) for one in personas] == [(0, 60), (1, 60)]
        assert all(one["example"] for one in personas)
        assert [one["identity"] for one in personas] == ["persona-1", "persona-2"]
        catalogue = counter.get("/api/v1/personas?score=persona").json()["catalogue"]
        assert [(one["identity"], one["status"], one["generations"]) for one in catalogue] == [
            ("persona-1", "current", 1),
            ("persona-2", "current", 1),
        ]
        assert problem(counter.get("/api/v1/personas?score=none")) == (422, "unknown_clusters_score", "query.score")
    with answering(shop, "segments:read") as counter:
        assert [one["example"] for one in counter.get("/api/v1/personas").json()["personas"]] == ["", ""]


def test_without_a_clusters_score_there_is_nothing_to_look_for(shop: Project) -> None:
    (shop.folder.path / "scores" / "reference.yaml").write_text("scores: []\n")
    with answering(shop, "segments:read") as counter:
        assert problem(counter.get("/api/v1/clusters"))[:2] == (422, "invalid_request")
