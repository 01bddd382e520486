"""The API on changes of segments: plan, apply exactly that, go back; and nothing done twice."""

from collections.abc import Iterator

import pytest
from api_desk import Counter, answering, problem

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import WriteLines, made_once, order

RULE = "count of order_completed in last 90 days >= 2"
SEGMENTS = f"segments:\n  - {{name: regulars, where: {RULE}, tests: [in: ada]}}\n"
PLANS, APPLICATIONS = "/api/v1/plans", "/api/v1/applications"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop where ada bought twice and ben once; it has run."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    declare(shop, SEGMENTS)
    lines = [order(who, number, days_ago=2) for number, who in enumerate(["ada", "ada", "ben"])]
    shop.ingest(write_lines("orders.jsonl", lines))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "segments:write") as found:
        yield found


def declare(project: Project, text: str) -> None:
    (project.folder.path / "segments" / "ours.yaml").write_text(text)


def test_what_is_planned_is_what_is_applied(counter: Counter, trading: Project) -> None:
    nothing = counter.post(PLANS, {}).json()
    assert (nothing["changes"], nothing["unchanged"], nothing["population"]) == ([], ["regulars"], 2)
    assert counter.post(APPLICATIONS, {"token": nothing["token"]}).json() == {"changed": False}
    declare(trading, SEGMENTS.replace(">= 2", ">= 1"))
    plan = counter.post(PLANS, {}).json()
    assert plan["changes"] == [
        {
            "segment": "regulars",
            "kind": "changed",
            "through": [],
            "version": 2,
            "before": RULE,
            "after": RULE.replace(">= 2", ">= 1"),
            "size_before": 1,
            "size_after": 2,
            "entering": 1,
            "leaving": 0,
            "entering_sample": ["ben"],
            "leaving_sample": [],
            "downstream": [],
        }
    ]
    assert plan["verdicts"] == [{"segment": "regulars", "test": "in: ada", "state": "passed", "found": "in"}]
    assert trading.members("regulars").num_rows == 1, "planning changes nothing"
    assert counter.post(APPLICATIONS, {"token": plan["token"]}).json() == {"changed": True}
    assert trading.members("regulars").num_rows == 2
    assert problem(counter.post(APPLICATIONS, {"token": plan["token"]})) == (409, "refused", None), "it is stale now"


def test_going_back_is_planned_and_applied_too(counter: Counter, trading: Project) -> None:
    declare(trading, SEGMENTS.replace(">= 2", ">= 1"))
    assert trading.apply(trading.plan())
    plan = counter.post(PLANS, {"rollback": {"segment": "regulars", "version": 1}}).json()
    assert [(one["after"], one["leaving_sample"]) for one in plan["changes"]] == [(RULE, ["ben"])]
    assert counter.post(APPLICATIONS, {"token": plan["token"]}).json() == {"changed": True}
    assert [one.cause for one in trading.history("regulars")] == ["first run", "apply", "rollback"]


def test_other_sentences_are_looked_at_and_cannot_be_applied(counter: Counter) -> None:
    plan = counter.post(PLANS, {"instead": {"regulars": RULE.replace("90", "1")}}).json()
    assert [(one["size_after"], one["leaving_sample"]) for one in plan["changes"]] == [(0, ["ada"])]
    assert [one["state"] for one in plan["verdicts"]] == ["failed"]
    assert plan["token"] is None


def test_a_test_that_fails_stops_an_application(counter: Counter, trading: Project) -> None:
    declare(trading, SEGMENTS.replace(">= 2", ">= 3"))
    answer = counter.post(APPLICATIONS, {"token": counter.post(PLANS, {}).json()["token"]})
    assert problem(answer) == (409, "refused", None)
    assert "in: ada" in answer.json()["message"]
    assert trading.members("regulars").num_rows == 1


def test_a_guard_rail_that_nobody_knows_is_no_fault_of_the_project(counter: Counter) -> None:
    body = {"token": counter.post(PLANS, {}).json()["token"], "despite": ["smallst"], "reason": "why"}
    assert problem(counter.post(APPLICATIONS, body)) == (422, "unknown_guard", "body.despite")


def test_a_request_that_comes_again_is_done_once(counter: Counter, trading: Project, clock: SettableClock) -> None:
    declare(trading, SEGMENTS.replace(">= 2", ">= 1"))
    body = {"token": counter.post(PLANS, {}).json()["token"]}
    for _ in range(2):
        answer = counter.post(APPLICATIONS, body, **{"idempotency-key": "first"})
        assert (answer.status_code, answer.json()) == (200, {"changed": True})
    other = counter.post(APPLICATIONS, body | {"reason": "why"}, **{"idempotency-key": "first"})
    assert problem(other) == (422, "idempotency_key_reused", "header.idempotency-key")
    assert problem(counter.post(APPLICATIONS, body, **{"idempotency-key": "second"}))[:2] == (409, "refused")
    clock.advance(DAY)
    again = counter.post(APPLICATIONS, body, **{"idempotency-key": "first"})
    assert problem(again)[:2] == (409, "refused"), "after a day it is a new request"


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (PLANS, {"at": "soon"}, (422, "invalid_moment", "body.at")),
        (PLANS, {"instead": {"regular": RULE}}, (422, "unknown_segment", "body.instead")),
        (PLANS, {"instead": {"regulars": "did"}}, (422, "invalid_rule", "body.instead")),
        (PLANS, {"instead": {"regulars": RULE}, "rollback": {}}, (422, "invalid_request", "body.instead")),
        (PLANS, {"rollback": {}}, (422, "invalid_request", "body.rollback")),
        (PLANS, {"rollback": {"segment": "regular"}}, (422, "unknown_segment", "body.rollback.segment")),
        (PLANS, {"rollback": {"segment": "regulars", "version": 9}}, (422, "invalid_request", "body.rollback")),
        (PLANS, {"files": []}, (422, "invalid_request", "body.files")),
        (APPLICATIONS, {"token": "é"}, (422, "invalid_token", "body.token")),
        (APPLICATIONS, {"token": "AAAA"}, (422, "invalid_token", "body.token")),
        (APPLICATIONS, {"token": "", "despite": ["x"]}, (422, "invalid_token", "body.token")),
        (APPLICATIONS, {}, (422, "invalid_request", "body.token")),
    ],
)
def test_what_makes_no_sense_is_refused(counter: Counter, path: str, body: object, told: tuple[int, str, str]) -> None:
    assert problem(counter.post(path, body)) == told


def test_who_may_only_read_changes_nothing(trading: Project) -> None:
    with answering(trading, "segments:read") as reader:
        assert problem(reader.post(PLANS, {}))[:2] == (403, "scope_missing")
        assert problem(reader.post(APPLICATIONS, {"token": ""}))[:2] == (403, "scope_missing")
