"""Every route × every role × every kind of key: who may what. A route that has no row here fails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from accounts_desk import guarded

from kohort.clock import DAY
from kohort.governance.audit import OPERATOR
from kohort.governance.keys import SCOPES
from kohort.governance.roles import ROLES, Role
from kohort.project import Project
from kohort.web.accounts.app import mount_guarded_studio
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.callers import COOKIE
from small_shop import WriteLines, order

SIGNED_IN = ("whoever is signed in",)
EVERYBODY = ("everybody",)
PEOPLE = ("people:read", "people:pseudonymised")
MEMBERS = ("memberships:read",)
SEGMENTS = ("segments:read",)
CHANGES = ("segments:write",)
ACCOUNTS = ("accounts:write",)
AUDIT = ("audit:read",)
EVENTS = ("events:read",)
KEYS = ("keys:write",)


@dataclass(frozen=True)
class Row:
    """A route, the scopes of which one opens it, a request, and what who may is answered.

    Requests are refused for what they ask, where they would change something for the rows after them.
    """

    method: str
    path: str
    scopes: Sequence[str]
    asked: str = ""
    body: object = None
    status: int = 200
    # What a pseudonymised one is answered: they are not told of people by what those are called.
    masked: int | None = None

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


def table(path: str, scopes: Sequence[str], asked: str = "", **more: Any) -> list[Row]:
    """Return the rows of a page that lists: it is also data, and a table."""
    return [
        Row("GET", f"{path}{ending}", scopes, f"{asked or path}{ending}", **more) for ending in ("", ".json", ".csv")
    ]


API = "/api/v1"
ROWS = [
    Row("GET", "/openapi.json", EVERYBODY),
    Row("HEAD", "/openapi.json", EVERYBODY),
    Row("ANY", "/static", EVERYBODY, "/static/studio.css"),
    Row("GET", "/sign-in", EVERYBODY, status=200),
    Row("POST", "/sign-in", EVERYBODY, body={"name": "nobody", "password": "x"}, status=401),
    Row("GET", "/sign-in/organisation", EVERYBODY, status=404),
    Row("GET", "/sign-in/organisation/back", EVERYBODY, status=502),
    Row("GET", "/welcome/{link}", EVERYBODY, "/welcome/none", status=404),
    Row("POST", "/welcome/{link}", EVERYBODY, "/welcome/none", body={"password": "x"}, status=404),
    Row("GET", f"{API}/segments", (*MEMBERS, *SEGMENTS)),
    Row("GET", f"{API}/segments/{{name}}", SEGMENTS, f"{API}/segments/buyers"),
    Row("GET", f"{API}/segments/{{name}}/definition", SEGMENTS, f"{API}/segments/buyers/definition"),
    Row("GET", f"{API}/segments/{{name}}/history", SEGMENTS, f"{API}/segments/buyers/history"),
    Row("GET", f"{API}/segments/{{name}}/sizes", SEGMENTS, f"{API}/segments/buyers/sizes?since=2026-02-28"),
    Row("GET", f"{API}/overlap", SEGMENTS),
    Row("GET", f"{API}/flows", SEGMENTS, f"{API}/flows?since=2026-02-28"),
    Row("GET", f"{API}/taxonomy", SEGMENTS),
    Row("GET", f"{API}/completions", SEGMENTS, f"{API}/completions?sentence=did"),
    Row("POST", f"{API}/previews", SEGMENTS, body={"where": "did order_completed"}),
    Row("PUT", f"{API}/segments/{{name}}", CHANGES, f"{API}/segments/new", {"where": "did"}, 422),
    Row("DELETE", f"{API}/segments/{{name}}", CHANGES, f"{API}/segments/none", status=404),
    Row("POST", f"{API}/plans", CHANGES, body={}),
    Row("POST", f"{API}/applications", CHANGES, body={"token": "none"}, status=422),
    Row("GET", f"{API}/segments/{{name}}/members", MEMBERS, f"{API}/segments/buyers/members"),
    Row("GET", f"{API}/segments/{{name}}/members.csv", MEMBERS, f"{API}/segments/buyers/members.csv"),
    Row("GET", f"{API}/segments/{{name}}/members.arrow", MEMBERS, f"{API}/segments/buyers/members.arrow"),
    Row("GET", f"{API}/memberships/stream", MEMBERS),
    Row(
        "GET",
        f"{API}/segments/{{name}}/explanation",
        PEOPLE,
        f"{API}/segments/buyers/explanation?person=ada",
        masked=422,
    ),
    Row("GET", f"{API}/people/{{person}}", PEOPLE, f"{API}/people/ada", masked=404),
    Row("GET", f"{API}/people/{{person}}/events", PEOPLE, f"{API}/people/ada/events", masked=404),
    Row("GET", f"{API}/people/{{person}}/traits", PEOPLE, f"{API}/people/ada/traits", masked=404),
    Row("GET", f"{API}/people/{{person}}/scores", PEOPLE, f"{API}/people/ada/scores", masked=404),
    Row("GET", f"{API}/people/{{person}}/cluster", PEOPLE, f"{API}/people/ada/cluster", status=422, masked=404),
    Row("GET", f"{API}/people/{{person}}/segments", PEOPLE, f"{API}/people/ada/segments", masked=404),
    Row(
        "GET",
        f"{API}/events/{{event}}/properties/{{name}}/values",
        PEOPLE,
        f"{API}/events/order_completed/properties/coupon/values",
    ),
    Row("GET", f"{API}/traits/{{name}}/values", PEOPLE, f"{API}/traits/plan/values"),
    *(Row("GET", f"{API}/{name}", SEGMENTS) for name in ("sources", "runs", "quality", "quality/sources", "scores")),
    *(
        Row("GET", f"{API}/{name}", SEGMENTS, status=422)
        for name in ("clusters", "clusters/periods", "clusters/foretelling", "personas")
    ),
    Row("GET", f"{API}/importance", SEGMENTS),
    Row("GET", f"{API}/value/{{score}}", SEGMENTS, f"{API}/value/clv", status=404),
    Row("GET", f"{API}/models", SEGMENTS),
    Row("GET", f"{API}/models/{{score}}", SEGMENTS, f"{API}/models/lapse", status=404),
    Row("GET", f"{API}/models/{{score}}/drift", SEGMENTS, f"{API}/models/lapse/drift", status=404),
    Row("POST", f"{API}/models/{{score}}/plans", CHANGES, f"{API}/models/none/plans", {}, 404),
    Row("POST", f"{API}/models/{{score}}/trainings", CHANGES, f"{API}/models/none/trainings", {"token": "none"}, 422),
    Row("GET", f"{API}/trainings", SEGMENTS),
    Row("GET", f"{API}/trainings/{{training_id}}", SEGMENTS, f"{API}/trainings/9", status=404),
    Row("GET", f"{API}/importance/{{goal}}", SEGMENTS, f"{API}/importance/revenue", status=404),
    Row("GET", f"{API}/duplicates", ("people:read",), status=409),
    Row("POST", f"{API}/duplicates", ("people:write",), body={"left": "none"}, status=422),
    Row("GET", f"{API}/dead-letters", EVENTS),
    Row("POST", f"{API}/sources/{{name}}/files", ("imports:write",), f"{API}/sources/none/files", {}, 404),
    Row("GET", f"{API}/keys", KEYS),
    Row("POST", f"{API}/keys", KEYS, body={"kind": "none"}, status=422),
    Row("DELETE", f"{API}/keys/{{key_id}}", KEYS, f"{API}/keys/none", status=404),
    *table("/models", SEGMENTS),
    *table("/models/{score}", SEGMENTS, "/models/lapse", status=404),
    *table("/models/{score}/training", SEGMENTS, "/models/none/training", status=404),
    *table("/models/{score}/trainings", SEGMENTS, "/models/none/trainings"),
    Row("POST", "/models/{score}/training", CHANGES, "/models/none/training", {"token": "none"}, 422),
    Row("GET", "/", SIGNED_IN),
    Row("GET", "/home.json", SIGNED_IN),
    Row("GET", "/home.csv", SIGNED_IN),
    *(Row("GET", f"/people{ending}", PEOPLE) for ending in ("", ".json", ".csv")),
    *(
        Row("GET", f"/people/{{person}}{ending}", PEOPLE, f"/people/ada{ending}", masked=404)
        for ending in ("", ".json", ".csv")
    ),
    *(Row("GET", f"/events{ending}", EVENTS) for ending in ("", ".json", ".csv")),
    Row("GET", "/events/stream", EVENTS),
    Row("POST", "/events/try", EVENTS, body={"event": "{"}),
    Row("POST", "/events/send", ("imports:write",), body={"event": "{"}),
    Row("GET", "/segments", SEGMENTS),
    Row("GET", "/segments.json", SEGMENTS),
    Row("GET", "/segments.csv", SEGMENTS),
    Row("GET", "/build", SEGMENTS),
    Row("GET", "/build.json", SEGMENTS),
    Row("POST", "/build/cards", SEGMENTS, body={"draft": ""}, status=422),
    Row("POST", "/build/outcome", SEGMENTS, body={"draft": ""}, status=422),
    Row("GET", "/build/choices", SEGMENTS, "/build/choices?of=events"),
    Row("GET", "/build/completions", SEGMENTS, "/build/completions?sentence=did"),
    Row("POST", "/build/segments", CHANGES, body={"name": ""}, status=422),
    Row("GET", "/changes", SEGMENTS),
    Row("GET", "/changes.json", SEGMENTS),
    Row("POST", "/changes", CHANGES, body={"token": "none"}, status=422),
    *table("/sources", SEGMENTS),
    *table("/importance", SEGMENTS),
    *table("/value", SEGMENTS),
    *table("/validation", SEGMENTS),
    *table("/duplicates", ("people:read",)),
    Row("POST", "/duplicates", ("people:write",), body={"decision": "none"}, status=422),
    *table("/quality", SEGMENTS),
    *table("/discover", SEGMENTS),
    *table("/discover/rfm", SEGMENTS),
    *(row for part in ("periods", "conversion") for row in table(f"/discover/{part}", SEGMENTS)),
    *(
        row
        for part in ("curves", "map", "methods", "preparation")
        for row in table(f"/discover/{part}", SEGMENTS, status=404)
    ),
    *table("/events", EVENTS),
    Row("GET", "/events/stream", EVENTS),
    Row("POST", "/events/try", EVENTS, body={"event": "none"}),
    Row("POST", "/events/send", ("imports:write",), body={"event": "none"}),
    Row("GET", "/home.csv", SIGNED_IN),
    *table("/people", PEOPLE),
    *table("/personas", SEGMENTS),
    Row("GET", "/personas/picture", SEGMENTS, "/personas/picture?persona=none", status=422),
    Row("POST", "/personas", CHANGES, body={"persona": "none", "text": "x"}, status=422),
    *table("/people/{person}", PEOPLE, "/people/ada", masked=404),
    Row("GET", "/segments/{name}", SEGMENTS, "/segments/buyers"),
    Row("GET", "/segments/{name}.json", SEGMENTS, "/segments/buyers.json"),
    Row("GET", "/segments/{name}/value", SEGMENTS, "/segments/buyers/value"),
    Row("GET", "/segments/{name}/value.json", SEGMENTS, "/segments/buyers/value.json"),
    *(
        row
        for part in ("apart", "checks", "drivers", "flows", "moves", "overlap", "sizes", "versions")
        for row in table(f"/segments/{{name}}/{part}", SEGMENTS, f"/segments/buyers/{part}")
    ),
    *table("/segments/{name}/members", (*MEMBERS, "people:read"), "/segments/buyers/members"),
    Row("POST", "/sign-out", SIGNED_IN, body={}, status=303),
    Row("GET", "/account", SIGNED_IN),
    Row("GET", "/account.json", SIGNED_IN),
    Row("POST", "/account/language", SIGNED_IN, body={"language": "xx"}, status=422),
    Row("POST", "/account/password", SIGNED_IN, body={"old": "x", "new": "y", "repeated": "z"}, status=422),
    Row("POST", "/account/sessions/{session_id}/end", SIGNED_IN, "/account/sessions/none/end", {}, 303),
    Row("GET", "/accounts", ACCOUNTS),
    Row("GET", "/accounts.json", ACCOUNTS),
    Row("GET", "/accounts.csv", ACCOUNTS),
    Row("POST", "/accounts", ACCOUNTS, body={"name": "no name", "role": "viewer"}, status=422),
    *(
        Row("POST", f"/accounts/{{name}}/{action}", ACCOUNTS, f"/accounts/none/{action}", {"role": "viewer"}, 404)
        for action in ("link", "role", "disable", "enable", "sign-out")
    ),
    Row("GET", "/audit", AUDIT),
    Row("GET", "/audit.json", AUDIT),
    Row("GET", "/audit.csv", AUDIT),
]


@dataclass(frozen=True)
class Shown:
    """What comes with a request: a key, or a session."""

    kind: str
    scopes: frozenset[str] = frozenset()
    key: str = ""
    role: Role | None = None

    def headers(self, project: Project) -> dict[str, str]:
        if self.role is not None:
            account = project.accounts.find(str(self.role).replace("_", "-"))
            plain = project.sessions.begin(account.account_id, OPERATOR)
            session = project.sessions.find(plain)
            assert session is not None
            return {"cookie": f"{COOKIE}={plain}", "x-csrf-token": session.csrf}
        return {"authorization": f"Bearer {self.key}"} if self.key else {}


def expected(row: Row, shown: Shown) -> int:
    """Return what a request must be answered; a page is for who is signed in, whatever the key."""
    if row.scopes == EVERYBODY:
        return row.status
    known = shown.role is not None or (not row.is_page and shown.kind.startswith("secret"))
    if not known:
        asks_for_a_page = row.is_page and not row.path.endswith((".json", ".csv"))
        return 303 if asks_for_a_page else 401
    if row.scopes != SIGNED_IN and shown.scopes.isdisjoint(row.scopes):
        return 403
    if row.masked is not None and "people:read" not in shown.scopes and "people:pseudonymised" in shown.scopes:
        return row.masked
    return row.status


def routes(found: Any) -> Iterator[tuple[str, str]]:
    """Yield the methods and paths that an application answers."""
    for route in found:
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner.routes)
        else:
            yield from ((method, route.path) for method in sorted(getattr(route, "methods", None) or ["ANY"]))


@pytest.fixture
def trading(shop: Project, write_lines: WriteLines) -> Project:
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "\napi: {rate: 10000}\n")  # it asks for much more than people do
    buyers = "segments: [{name: buyers, label: {en: Buyers}, where: did order_completed}]\n"
    (shop.folder.path / "segments" / "ours.yaml").write_text(buyers)
    bought: dict[str, Any] = order("ada", 1)
    bought["properties"]["coupon"] = "SAVE"
    plan = {"type": "identify", "userId": "ada", "timestamp": "2026-02-01", "traits": {"plan": "gold"}}
    shop.ingest(write_lines("lines.jsonl", [bought, plan]))
    list(shop.run())
    return shop


def test_every_route_has_a_row_and_every_row_a_route(shop: Project) -> None:
    feed = Feed(shop.membership_log(), lambda _: None)
    there = set(routes(application(shop, feed, studio=mount_guarded_studio).routes))
    rows = {(row.method, row.path) for row in ROWS}
    assert there - rows == set(), "say in ROWS who may"
    assert rows - there == set(), "no such route any more"


@pytest.mark.slow
def test_who_may_what(trading: Project) -> None:
    with guarded(trading) as url:
        everybody = list(kinds(trading))
        assert len(everybody) == 2 + len(SCOPES) + len(ROLES)
        wrong = []
        with httpx.Client(base_url=url, timeout=60) as client:
            for row in ROWS:
                for shown in everybody:
                    answer = asked(client, row, shown, trading)
                    if answer != expected(row, shown):
                        wrong.append((row.method, row.path, shown.kind, answer, expected(row, shown)))
        assert wrong == []


def kinds(project: Project) -> Iterator[Shown]:
    """Yield nobody, a write key, a secret key of each scope, somebody of each role."""
    yield Shown("nobody")
    yield Shown("write key", key=project.keys.create_write("web")[0])
    for scope in SCOPES:
        plain, key = project.keys.create_secret(scope.replace(":", "-"), [scope], project.clock.now() + DAY)
        yield Shown(f"secret key of {scope}", key.scopes, plain)
    for role, scopes in ROLES.items():
        project.accounts.create(role.value.replace("_", "-"), role, OPERATOR)
        yield Shown(role.value, scopes, role=role)


def asked(client: httpx.Client, row: Row, shown: Shown, project: Project) -> int:
    """Return the status of the answer, whose body may have no end."""
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin", **shown.headers(project)}
    if row.path == "/sign-in":
        headers.pop("cookie", None)  # who is in already is sent on
    method = "GET" if row.method == "ANY" else row.method
    form = {"name": shown.kind, "password": "x"} if row.path == "/sign-in" else row.body  # who guesses is slowed down
    body = {"data" if row.is_page else "json": form} if row.body is not None else {}
    with client.stream(method, row.asked or row.path, headers=headers, **body) as answer:  # type: ignore[arg-type]
        return answer.status_code
