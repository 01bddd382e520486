"""The API on keys, and how much each of them may ask."""

from collections.abc import Iterator

import pytest
from api_desk import Counter, answering, problem

from kohort.clock import DAY, SECOND, format_utc
from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW


@pytest.fixture
def counter(shop: Project) -> Iterator[Counter]:
    with answering(shop, "keys:write", "segments:read") as found:
        yield found


def test_a_key_is_made_shown_once_and_revoked(counter: Counter, shop: Project, clock: SettableClock) -> None:
    answer = counter.post("/api/v1/keys", {"kind": "secret", "name": "crm", "scopes": ["segments:read"]})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    made = answer.json()
    plain = made.pop("key")
    assert (made["scopes"], made["state"]) == (["segments:read"], "active")
    assert made["expires_at"] == format_utc(NOW + 90 * DAY)
    assert counter.get("/api/v1/segments", key=plain).status_code == 200
    listed = counter.get("/api/v1/keys")
    assert plain not in listed.text
    assert made in listed.json()["keys"]
    clock.advance(2 * SECOND)
    gone = counter.send("DELETE", f"/api/v1/keys/{made['key_id']}").json()
    assert (gone["state"], gone["revoked_at"]) == ("revoked", format_utc(NOW + 2 * SECOND))
    assert problem(counter.get("/api/v1/segments", key=plain))[:2] == (401, "invalid_secret_key")
    assert counter.send("DELETE", f"/api/v1/keys/{made['key_id']}").json() == gone, "it stays as it is"
    assert problem(counter.send("DELETE", "/api/v1/keys/sk_nobody")) == (404, "unknown_key", "path.key_id")


def test_a_write_key_is_made_too(counter: Counter, shop: Project) -> None:
    body = {"kind": "write", "name": "web", "origins": ["https://shop.example"], "rate": 5}
    made = counter.post("/api/v1/keys", body).json()
    assert (made["origins"], made["rate"], made["expires_at"]) == (["https://shop.example"], 5, None)
    found = shop.keys.find_write(made["key"])
    assert found is not None
    assert found.source == "web"


def test_no_key_makes_one_that_may_do_more(counter: Counter, shop: Project) -> None:
    before = shop.keys.list()
    wrong: list[tuple[dict[str, object], tuple[int, str, str]]] = [
        ({"scopes": ["people:read"]}, (403, "scope_missing", "body.scopes")),
        ({"scopes": ["keys:write", "segments:write"]}, (403, "scope_missing", "body.scopes")),
        ({"scopes": ["people:reed"]}, (422, "invalid_request", "body")),
        ({"scopes": []}, (422, "invalid_request", "body")),
        ({"scopes": ["keys:write"], "name": "a b"}, (422, "invalid_request", "body")),
        ({"scopes": ["keys:write"], "rate": 3}, (422, "invalid_request", "body.rate")),
        ({"scopes": ["keys:write"], "expires_at": "2020-01-01"}, (422, "invalid_request", "body")),
        ({"scopes": ["keys:write"], "expires_at": "soon"}, (422, "invalid_moment", "body.expires_at")),
        ({"kind": "write", "scopes": ["keys:write"]}, (422, "invalid_request", "body.scopes")),
        ({"kind": "write", "origins": ["shop"]}, (422, "invalid_request", "body")),
        ({"kind": "root"}, (422, "invalid_request", "body.kind")),
    ]
    for body, told in wrong:
        assert problem(counter.post("/api/v1/keys", {"kind": "secret", "name": "x", **body})) == told
    assert shop.keys.list() == before
    with answering(shop, "segments:write") as other:
        assert problem(other.get("/api/v1/keys"))[:2] == (403, "scope_missing")


def test_who_sees_pseudonyms_lets_nobody_see_more(shop: Project) -> None:
    scopes = ["keys:write", "events:read", "memberships:read", "people:pseudonymised"]
    with answering(shop, *scopes) as counter:
        body = {"kind": "secret", "name": "x", "scopes": ["memberships:read"]}
        assert problem(counter.post("/api/v1/keys", body)) == (403, "scope_missing", "body.scopes")
        body = {"kind": "secret", "name": "x", "scopes": ["memberships:read", "people:pseudonymised"]}
        assert counter.post("/api/v1/keys", body).status_code == 200
        assert problem(counter.get("/api/v1/dead-letters")) == (403, "personal", None)
    with answering(shop, "keys:write", "memberships:read", "people:read") as counter:
        assert counter.post("/api/v1/keys", body).status_code == 200, "it is a limit, and not a right"


def test_keys_come_by_page_the_newest_first(counter: Counter, shop: Project) -> None:
    for number in range(4):
        shop.keys.create_write(f"web{number}")
    seen: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = counter.get(f"/api/v1/keys?limit=2{cursor and '&cursor=' + cursor}").json()
        seen, cursor = seen + [one["key_id"] for one in page["keys"]], page["next_cursor"]
    assert sorted(map(str, seen)) == sorted(one.key_id for one in shop.keys.list())
    assert len(seen) == 5


def test_a_key_asks_only_so_much(shop: Project, clock: SettableClock) -> None:
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "api: {rate: 2, burst: 3}\n")
    with answering(shop, "segments:read") as counter:
        left = [counter.get("/api/v1/segments").headers["ratelimit"] for _ in range(3)]
        assert left == ['"key";r=2;t=1', '"key";r=1;t=2', '"key";r=0;t=2']
        refused = counter.get("/api/v1/segments")
        assert problem(refused) == (429, "rate_limited", None)
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit-policy"] == '"key";q=3;w=2'
        other, _ = shop.keys.create_secret("other", ["segments:read"], clock.now() + DAY)
        assert counter.get("/api/v1/segments", key=other).status_code == 200, "each key has its own"
        assert counter.get("/openapi.json").status_code == 200
        assert "ratelimit" not in counter.get("/api/v1/segments", key="sk_nobody").headers
        clock.advance(SECOND)
        assert counter.get("/api/v1/segments").status_code == 200


@pytest.mark.parametrize("wrong", ["{rate: 0}", "{rate: 5, burst: 4}", "{file: many}", "{reqs: 1}"])
def test_wrong_limits_are_refused(shop: Project, wrong: str) -> None:
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + f"api: {wrong}\n")
    with pytest.raises(DefinitionError, match=r'kohort\.yaml.*"api'):
        _ = shop.settings
