"""The API on how segments are declared: their files are changed, checked first, and nobody's work is written over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_desk import Counter, answering, problem

from kohort.project import Project
from small_shop import WriteLines, made_once, order

BUYERS = "did order_completed in last 30 days"
FILE = f"""# Ours.
segments:
  # They bought.
  - name: buyers  # the best
    label: {{en: Buyers}}
    where: {BUYERS}
    tests: [in: ada]
  - {{name: eager, where: in segment "buyers"}}
"""

WRONG: list[tuple[str, object, tuple[int, str, str | None]]] = [
    ("new", {"where": "did"}, (422, "invalid_rule", "body.where")),
    ("new", {"where": "did article_read"}, (422, "invalid_rule", "body.where")),
    ("new", {"where": "a fait order_completed", "language": "en"}, (422, "invalid_rule", "body.where")),
    ("new", {"where": 'in segment "new"'}, (422, "invalid_rule", "body.where")),
    ("new", {"rule": {"type": "did"}}, (422, "invalid_rule", "body.rule")),
    ("new", {"rule": {"type": "did", "event": "e"}}, (422, "invalid_rule", "body.rule")),
    ("new", {}, (422, "invalid_request", "body.where")),
    ("new", {"where": BUYERS, "text": "x"}, (422, "invalid_request", "body.where")),
    ("new", {"text": "- {name: new, where: did e}", "owner": "a"}, (422, "invalid_request", "body.text")),
    ("new", {"text": "- {name: other, where: did order_completed}"}, (422, "invalid_request", "body")),
    ("new", {"text": "- {name: new, where: did}"}, (422, "invalid_rule", "body.text")),
    ("new", {"text": "- {name: new, what: did}"}, (422, "invalid_request", "body")),
    ("new", {"text": "!!python/object:os.system {}"}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "tests": [{"within": "x"}]}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "tests": [{"subset_of": "none"}]}, (422, "unknown_segment", "body.tests")),
    ("new", {"where": BUYERS, "guards": {"biggest": 3}}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "label": {"de": "Neu"}}, (422, "invalid_request", None)),
    ("new", {"where": BUYERS, "file": "../kohort.yaml"}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "file": "/etc/a.yaml"}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "file": ".yaml"}, (422, "invalid_request", "body")),
    ("new", {"where": BUYERS, "file": "a.yaml\0"}, (422, "invalid_request", "body")),
    ("..%2f..%2fnew", {"where": BUYERS}, (422, "invalid_request", None)),
    ("..", {"where": BUYERS}, (404, "not_found", None)),
    ("%00", {"where": BUYERS}, (422, "invalid_request", "body")),
    ("a%0ab", {"where": BUYERS}, (422, "invalid_request", "body")),
    ("x" * 101, {"where": BUYERS}, (422, "invalid_request", "body")),
]  # fmt: skip


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    for file in folder_of(shop).iterdir():
        file.unlink()
    (folder_of(shop) / "ours.yaml").write_text(FILE)
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1, days_ago=2), order("ben", 2, days_ago=2)]))
    list(shop.run())
    return shop


@pytest.fixture
def counter(trading: Project) -> Iterator[Counter]:
    with answering(trading, "segments:read", "segments:write") as found:
        yield found


def folder_of(project: Project) -> Path:
    return project.folder.path / "segments"


def texts(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder_of(project).iterdir()}


def put(counter: Counter, name: str, body: object, **headers: str) -> httpx.Response:
    return counter.send("PUT", f"/api/v1/segments/{name}", body, **headers)


def definition(counter: Counter, name: str = "buyers") -> Any:
    return counter.get(f"/api/v1/segments/{name}/definition").json()


def test_a_definition_is_told_in_every_form(counter: Counter) -> None:
    answer = counter.get("/api/v1/segments/buyers/definition")
    found = answer.json()
    assert answer.headers["etag"] == f'"{found.pop("tag")}"'
    assert found == {
        "name": "buyers",
        "file": "segments/ours.yaml",
        "where": BUYERS,
        "sentences": {"en": BUYERS, "fr": "a fait order_completed dans les 30 derniers jours"},
        "rule": {"type": "did", "event": "order_completed", "window": {"type": "last", "count": 30, "unit": "day"}},
        "label": {"en": "Buyers"},
        "description": "",
        "owner": "",
        "purpose": "",
        "needs": [],
        "tests": [{"in": "ada"}],
        "guards": {},
        "text": FILE[FILE.index("  # They") : FILE.index("  - {name: eager")].replace("\n  ", "\n").removeprefix("  "),
    }
    again = counter.get("/api/v1/segments/buyers/definition", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_new_segment_is_declared_then_planned_then_in_force(counter: Counter, trading: Project) -> None:
    body = {"where": "a fait  order_completed", "label": {"fr": "Tous"}, "owner": "ada", "purpose": "to thank them"}
    answer = put(counter, "everyone", body)
    assert (answer.status_code, answer.json()["before"], answer.json()["after"]["file"]) == (
        200,
        None,
        "segments/studio.yaml",
    )
    assert texts(trading) == {
        "ours.yaml": FILE,
        "studio.yaml": "segments:\n  - name: everyone\n    label: {fr: Tous}\n    where: did order_completed\n"
        "    owner: ada\n    purpose: to thank them\n",
    }
    assert answer.headers["etag"] == f'"{answer.json()["after"]["tag"]}"'
    plan = counter.post("/api/v1/plans", {}).json()
    assert [(one["segment"], one["kind"], one["size_after"]) for one in plan["changes"]] == [("everyone", "new", 2)]
    body = {"token": plan["token"], "despite": ["alike"], "reason": "a test"}
    assert counter.post("/api/v1/applications", body).json() == {"changed": True}
    assert trading.members("everyone").num_rows == 2


def test_a_rule_may_be_a_document(counter: Counter) -> None:
    rule = definition(counter)["rule"]
    answer = put(counter, "others", {"rule": {"type": "not", "part": rule}, "file": "more.yaml"}).json()
    assert (answer["after"]["where"], answer["after"]["file"]) == (f"not {BUYERS}", "segments/more.yaml")


def test_a_change_keeps_the_rest_of_the_file_and_is_undone_by_what_was_there(
    counter: Counter, trading: Project
) -> None:
    tag = f'"{definition(counter)["tag"]}"'
    answer = put(counter, "buyers", {"where": "did order_completed", "label": {"en": "Buyers"}}, **{"if-match": tag})
    assert texts(trading)["ours.yaml"] == FILE.replace(f"{BUYERS}\n    tests: [in: ada]", "did order_completed")
    before = answer.json()["before"]
    undone = put(counter, "buyers", {"text": before["text"]}, **{"if-match": answer.headers["etag"]}).json()
    assert (texts(trading)["ours.yaml"], undone["after"]) == (FILE, before)


def test_a_deletion_is_undone_by_what_was_there(counter: Counter, trading: Project) -> None:
    assert problem(counter.send("DELETE", "/api/v1/segments/buyers", **{"if-match": "*"})) == (409, "refused", None)
    gone = counter.send("DELETE", "/api/v1/segments/eager", **{"if-match": "*"}).json()
    assert gone["after"] is None
    gone = counter.send("DELETE", "/api/v1/segments/buyers", **{"if-match": f'"{definition(counter)["tag"]}"'}).json()
    assert texts(trading)["ours.yaml"] == "# Ours.\nsegments:\n"
    assert problem(counter.get("/api/v1/segments/buyers/definition"))[:2] == (404, "unknown_segment")
    back = put(counter, "buyers", {"text": gone["before"]["text"], "file": "ours.yaml"}).json()
    assert back["after"]["text"] == gone["before"]["text"]


def test_nobody_writes_over_what_they_have_not_seen(counter: Counter, trading: Project) -> None:
    seen = {"if-match": f'"{definition(counter)["tag"]}"'}
    body = {"where": "did order_completed"}
    assert problem(put(counter, "buyers", body)) == (428, "precondition_required", "header.if-match")
    (folder_of(trading) / "ours.yaml").write_text(FILE.replace("They bought", "They bought lately"))
    assert problem(put(counter, "buyers", body, **seen)) == (412, "changed_since", "header.if-match")
    assert problem(counter.send("DELETE", "/api/v1/segments/buyers", **seen))[:2] == (412, "changed_since")
    assert problem(counter.send("DELETE", "/api/v1/segments/buyers"))[:2] == (428, "precondition_required")
    assert problem(put(counter, "new", body, **seen))[:2] == (412, "changed_since")
    assert problem(put(counter, "buyers", body, **{"if-match": "W/abc"}))[:2] == (422, "invalid_request")
    assert "lately" in texts(trading)["ours.yaml"]
    assert put(counter, "buyers", body, **{"if-match": "*"}).status_code == 200


def test_a_request_that_comes_again_is_done_once(counter: Counter, trading: Project) -> None:
    seen = {"if-match": f'"{definition(counter)["tag"]}"', "idempotency-key": "one"}
    first, again = (put(counter, "buyers", {"where": "did order_completed"}, **seen) for _ in range(2))
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])
    other = put(counter, "eager", {"where": "did order_completed"}, **seen)
    assert problem(other)[:2] == (422, "idempotency_key_reused")


def test_what_is_wrong_writes_nothing(counter: Counter, trading: Project) -> None:
    for name, body, told in WRONG:
        compared = 2 if told[2] is None else 3
        assert problem(put(counter, name, body))[:compared] == told[:compared], (name, body)
        assert texts(trading) == {"ours.yaml": FILE}


def test_a_file_that_leads_elsewhere_is_not_written(counter: Counter, trading: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("segments:\n")
    (folder_of(trading) / "studio.yaml").symlink_to(outside)
    assert problem(put(counter, "new", {"where": BUYERS}))[:2] == (422, "invalid_request")
    assert outside.read_text() == "segments:\n"


def test_a_file_with_the_line_ends_of_windows_keeps_them(counter: Counter, trading: Project) -> None:
    (folder_of(trading) / "ours.yaml").write_bytes(FILE.replace("\n", "\r\n").encode())
    assert put(counter, "more", {"where": BUYERS, "file": "ours.yaml"}).status_code == 200
    content = (folder_of(trading) / "ours.yaml").read_bytes()
    assert content.startswith(FILE.replace("\n", "\r\n").encode())
    assert content.count(b"\n") == content.count(b"\r\n") == FILE.count("\n") + 2


def test_who_may_only_read_changes_nothing(trading: Project) -> None:
    with answering(trading, "segments:read") as reader:
        assert problem(put(reader, "new", {"where": BUYERS}))[:2] == (403, "scope_missing")
        assert problem(reader.send("DELETE", "/api/v1/segments/buyers", **{"if-match": "*"}))[:2] == (
            403,
            "scope_missing",
        )
    assert texts(trading) == {"ours.yaml": FILE}
