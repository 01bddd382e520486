"""The client for Python: against the real server, typed as the API describes itself, and light."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import msgspec
import pytest
from api_desk import answering

from kohort import client as package
from kohort.client import (
    ChangedError,
    Client,
    ComeAgainError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    ServerFaultError,
)
from kohort.client.answers import (
    clusters,
    discovery,
    duplicates,
    importance,
    models,
    over_time,
    people,
    records,
    rules,
    segments,
    training,
    value,
)
from kohort.errors import TerminalError, TransientError
from kohort.governance.keys import SCOPES
from kohort.project import Project
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from small_shop import WriteLines, made_once, order

ANSWERS = {
    name: one
    for module in (
        clusters,
        discovery,
        duplicates,
        importance,
        models,
        over_time,
        people,
        records,
        rules,
        segments,
        training,
        value,
    )
    for name, one in vars(module).items()
    if isinstance(one, type) and issubclass(one, msgspec.Struct) and one.__module__ == module.__name__
}


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop where ada bought twice and ben once; it has run."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(
        "segments:\n  - {name: buyers, where: did order_completed}\n  - {name: à part, where: did order_completed}\n"
    )
    lines = [order(who, number, days_ago=number) for number, who in enumerate(["ada", "ada", "ben"])]
    shop.ingest(write_lines("orders.jsonl", lines))
    list(shop.run())
    return shop


@pytest.fixture
def client(trading: Project) -> Iterator[Client]:
    with answering(trading, *SCOPES) as counter, Client(counter.url, counter.key) as found:
        yield found


def test_what_is_known_is_read(client: Client) -> None:
    assert [(one.name, one.size) for one in client.list_segments().segments] == [("buyers", 2), ("à part", 2)]
    assert client.get_segment("à part").sentence == "did order_completed"
    assert [one.version for one in client.segment_history("buyers").versions] == [1]
    assert client.segment_sizes("buyers", every="7 days").sizes[-1].size == 2
    assert client.overlap().pairs[0].jaccard == 1
    assert client.overlap(["buyers"], "2026-03-01").sizes == {"buyers": 2}
    assert client.flows("2026-02-01").segments[0].entered == 2
    members = client.segment_members("buyers", page=1)
    assert sorted(str(one.user_id) for one in members) == ["ada", "ben"]
    assert [page.size for page in members.pages()] == [2, 2]
    assert b"".join(client.members_csv("buyers")).count(b"\r\n") == 3
    assert b"".join(client.members_arrow("buyers"))
    assert client.preview_rule("count of order_completed > 1", sample=1).size == 1
    assert [one.name for one in client.get_taxonomy().events] == ["order_completed"]
    assert client.complete_rule("did ord").completions[0].text == "order_completed"
    assert client.trait_values("rfm_cell").values
    why = client.explain("buyers", "ada")
    assert (why.holds, why.facts[0].name, why.person_id) == (
        True,
        "order_completed",
        client.get_person("ada").person_id,
    )
    assert [one.properties for one in client.person_events("ada", page=1)] == [{"total": "10"}] * 2
    assert client.person_traits("ada").traits
    assert client.person_scores("ada").scores == ()
    assert [one.segment for one in client.person_segments("ada").segments] == ["buyers", "à part"]
    assert {one.name for one in client.list_sources().sources} >= {"segment", "rfm"}
    assert list(client.list_dead_letters(page=1)) == []
    assert next(iter(client.list_runs())).steps
    assert isinstance(list(client.list_findings()), list)
    assert client.list_scores().scores[0].traits


def test_a_segment_is_declared_planned_applied_and_taken_back(client: Client, trading: Project) -> None:
    made = client.declare_segment("loyal", "count of order_completed >= 2", label={"en": "Loyal"}, owner="ada")
    assert made.before is None
    assert made.after is not None
    plan = client.make_plan()
    assert [(one.segment, one.size_after) for one in plan.changes] == [("loyal", 1)]
    assert client.apply_plan(plan, despite=["smallest"], reason="a test").changed
    with pytest.raises(ConflictError):
        client.apply_plan(plan)
    with pytest.raises(ChangedError) as found:
        client.declare_segment("loyal", "did order_completed")
    assert (found.value.status, found.value.code) == (428, "precondition_required")
    rule = client.segment_definition("buyers").rule
    changed = client.declare_segment("loyal", rule, tag=made.after.tag)
    assert changed.before == made.after
    assert changed.after is not None
    back = client.declare_segment("loyal", text=made.after.text, tag=changed.after.tag)
    assert back.after == made.after
    assert client.delete_segment("loyal", tag=made.after.tag).after is None
    assert client.make_plan(rollback={"segment": "buyers", "version": 1}).changes == ()
    assert client.make_plan(instead={"buyers": "not did order_completed"}).token is None


def test_files_are_sent_and_keys_are_made(client: Client, trading: Project, write_lines: WriteLines) -> None:
    path = write_lines("more.jsonl", [order("cid", 9)])
    assert client.send_file("segment", path).accepted == 1
    assert client.send_file("segment", str(path)).known == 1
    made = client.create_key("secret", "crm", scopes=["segments:read"])
    assert made.key.startswith(made.key_id)
    assert client.revoke_key(made.key_id).state == "revoked"
    assert made.key_id in {one.key_id for one in client.list_keys(page=1)}


def test_who_enters_and_leaves_is_followed(client: Client, trading: Project, write_lines: WriteLines) -> None:
    followed = client.memberships_stream(["buyers"], since=0)
    first = [next(followed) for _ in range(2)]
    assert [(one.segment, one.change) for one in first] == [("buyers", "entered")] * 2
    followed.close()
    trading.ingest(write_lines("more.jsonl", [order("cid", 9)]))
    list(trading.run())
    assert next(client.memberships_stream(["buyers"], since=first[-1].id)).id > first[-1].id


def test_refusals_have_types(client: Client, trading: Project) -> None:
    with pytest.raises(NotFoundError) as found:
        client.get_segment("buyer?")
    assert (found.value.code, found.value.where) == ("unknown_segment", "path.name")
    with pytest.raises(RefusedError) as wrong:
        client.preview_rule("did")
    assert (wrong.value.status, wrong.value.code, wrong.value.where) == (422, "invalid_rule", "body.where")
    with (
        pytest.raises(NotAllowedError),
        Client(str(client._transport._http.base_url).removesuffix("/api/v1/"), "x") as nobody,
    ):
        nobody.list_segments()
    with pytest.raises(RefusedError, match="declare one score"):
        client.get_clusters()
    (trading.folder.path / "kohort.yaml").write_text("nam: shop\n")
    with pytest.raises(ServerFaultError, match=r"kohort\.yaml"):
        client.list_segments()
    assert issubclass(RefusedError, TerminalError)
    assert issubclass(ComeAgainError, TransientError)


Answer = Callable[[httpx.Request], httpx.Response]


def played(
    *answers: httpx.Response | Exception, patience: float = 60
) -> tuple[Client, list[httpx.Request], list[float]]:
    """Return a client whose server gives these answers, what it is asked, and how long the client paused."""
    asked: list[httpx.Request] = []
    paused: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        found = answers[len(asked)]
        asked.append(request)
        if isinstance(found, Exception):
            raise found
        return found

    transport = httpx.MockTransport(answer)
    return (
        Client("http://shop.example", "sk_x", transport=transport, patience=patience, sleep=paused.append),
        asked,
        paused,
    )


BUSY = {"code": "busy", "message": "come again", "where": None}
DONE = httpx.Response(200, json={"changed": True})
PLAN = rules.Plan("", 0, (), (), (), (), {}, "token")


def test_a_change_is_sent_again_with_the_same_key_until_it_is_answered() -> None:
    lost, busy = httpx.ReadTimeout("slow"), httpx.Response(503, json=BUSY, headers={"retry-after": "7"})
    client, asked, paused = played(lost, busy, httpx.Response(502, text="<html>"), DONE)
    assert client.apply_plan(PLAN).changed
    assert len({one.headers["idempotency-key"] for one in asked}) == 1
    assert {one.content for one in asked} == {b'{"token":"token","despite":[],"reason":""}'}
    assert paused == [0.5, 7, 2]


def test_patience_has_an_end() -> None:
    client, asked, paused = played(*[httpx.Response(429, json=BUSY, headers={"retry-after": "20"})] * 9)
    with pytest.raises(ComeAgainError, match="come again") as found:
        client.list_segments()
    assert (found.value.status, found.value.retry_after, len(asked), paused) == (429, 20, 4, [20, 20, 20])
    client, asked, _ = played(httpx.ConnectError("refused"), patience=0)
    with pytest.raises(ComeAgainError, match="does not answer: refused"):
        client.list_segments()


def test_a_key_is_not_made_twice_where_it_is_not_known_whether_it_was_made() -> None:
    client, asked, _ = played(httpx.ReadTimeout("slow"))
    with pytest.raises(ComeAgainError):
        client.create_key("write", "web")
    assert len(asked) == 1
    client, asked, _ = played(httpx.Response(429, json=BUSY), httpx.Response(403, json=BUSY))
    with pytest.raises(NotAllowedError):
        client.create_key("write", "web")
    assert len(asked) == 2, "what was refused was not done"


def test_a_file_is_sent_again_from_its_beginning(write_lines: WriteLines) -> None:
    answer = {
        "file": "f",
        "source": "s",
        "rows": 1,
        "accepted": 1,
        "known": 0,
        "rejected": 0,
        "withheld": 0,
        "findings": [],
    }
    client, asked, _ = played(httpx.ReadError("cut"), httpx.Response(200, json=answer))
    client.send_file("segment", write_lines("a.jsonl", [{"a": 1}]))
    assert [one.content for one in asked] == [b'{"a": 1}\n'] * 2


def test_a_stream_goes_on_where_it_was_cut_off() -> None:
    def part(*ids: int) -> httpx.Response:
        row = {
            "segment": "s",
            "version": 1,
            "person_id": "p",
            "change": "left",
            "effective_at": "",
            "recorded_at": "",
            "cause": "",
        }
        lines = "".join(f"id: {one}\nevent: left\ndata: {json.dumps({'id': one, **row})}\n\n" for one in ids)
        return httpx.Response(200, text=f"retry: 1000\nid: {ids[0] - 1}\n\n{lines}: nothing new\nid: {ids[-1]}\n\n")

    client, asked, paused = played(part(5, 6), httpx.ConnectError("gone"), part(7))
    followed = client.memberships_stream()
    assert [next(followed).id for _ in range(3)] == [5, 6, 7]
    assert [one.url.params.get("since") for one in asked] == [None, "6", "6"]
    assert paused == [0.5, 1.0]


def test_every_operation_has_a_method(trading: Project) -> None:
    spec = application(trading, Feed(trading.membership_log(), print)).openapi()
    operations = {one["operationId"] for path in spec["paths"].values() for one in path.values()}
    methods = {name for name in dir(Client) if not name.startswith("_")} - {"close"}
    assert methods == operations
    for name in operations:
        assert getattr(Client, name).__doc__


def test_answers_are_typed_as_the_api_describes_them(trading: Project) -> None:
    schemas = application(trading, Feed(trading.membership_log(), print)).openapi()["components"]["schemas"]
    described = {name: one for name, one in schemas.items() if not name.endswith("Asked")}
    for name in ("Problem", "Rollback", "JsonValue", "Doing", "Setting"):
        described.pop(name)
    assert ANSWERS.keys() - {"Change", "SingleChange"} == described.keys()
    for name, schema in described.items():
        fields = {one.name: one for one in msgspec.structs.fields(ANSWERS[name])}
        assert fields.keys() == schema["properties"].keys(), name
        for field, told in schema["properties"].items():
            assert accepts_null(told) == (type(None) in args(fields[field].type)), (name, field)


def accepts_null(told: dict[str, Any]) -> bool:
    return any(one.get("type") == "null" for one in told.get("anyOf", []))


def args(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__args__", ()) if "|" in str(hint) or "Union" in str(hint) else ()


def test_the_client_imports_nothing_of_the_platform() -> None:
    program = (
        "import sys; import kohort.client;"
        "heavy = {'numpy', 'pyarrow', 'duckdb', 'fastapi', 'pydantic', 'yaml', 'lark', 'sqlalchemy', 'pandas'};"
        "print(sorted(heavy & sys.modules.keys()), sorted(m for m in sys.modules if m.startswith('kohort.')"
        " and not m.startswith('kohort.client')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] ['kohort.errors']"
    assert Path(package.__file__).parent.name == "client"
    assert get_type_hints(Client.list_segments)
