"""Requests, right and wrong: what each is answered, and that a wrong one harms nothing else."""

import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_desk import Desk, serving

from kohort.clock import SECOND
from kohort.definitions.collecting import CollectLimits
from kohort.errors import StorageError
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

PAGE = {"type": "page", "userId": "u1", "name": "Home"}
ORDER = {"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": iso(NOW), "properties": {"total": 5}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path_factory.mktemp("web") / "shop", clock=clock), clock) as one:
        yield one


def deep(levels: int) -> bytes:
    return b'{"type":"page","userId":"u","properties":' + b'{"a":' * levels + b"1" + b"}" * (levels + 1)


def nested(levels: int) -> bytes:
    return b'{"batch":[' + deep(levels) + b"]}"


def padded(event: Mapping[str, object], size: int) -> bytes:
    """An event as JSON of exactly so many bytes."""
    bare = json.dumps({**event, "pad": ""}).encode()
    return json.dumps({**event, "pad": "x" * (size - len(bare))}).encode()


def batch_of(*events: bytes) -> bytes:
    return b'{"batch":[' + b",".join(events) + b"]}"


def bomb() -> bytes:
    """Return 48 MiB of spaces in few bytes: a block that is packed once stands there 47 times, so that none waits."""
    packer, spaces = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS), b" " * 2**20
    blocks = [packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    return blocks[0] + blocks[1] * 47 + packer.flush()


page = json.dumps(PAGE).encode()
GOOD: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "a track, and its type is the path's": ("/v1/track", b'{"event":"Order Completed","userId":"u"}', {}),
    "the short path of the browser's SDK": ("/v1/t", json.dumps(ORDER).encode(), {"content-type": "text/plain"}),
    "an identify": ("/v1/identify", b'{"userId":"u","traits":{"plan":"gold"}}', {}),
    "a screen": ("/v1/screen", b'{"anonymousId":"a","name":"Home"}', {}),
    "a group": ("/v1/g", b'{"userId":"u","groupId":"g"}', {}),
    "an alias": ("/v1/alias", b'{"userId":"u","previousId":"a"}', {}),
    "a batch": ("/v1/batch", batch_of(page, page), {}),
    "a batch said to be a form": ("/v1/b", batch_of(page), {"content-type": "application/x-www-form-urlencoded"}),
    "a beacon": ("/beacon/v1/batch", batch_of(page), {"content-type": "text/plain"}),
    "a compressed batch": ("/v1/batch", gzip.compress(batch_of(*[page] * 500)), {"content-encoding": "gzip"}),
    "exactly 32 kB": ("/v1/page", padded(PAGE, 32 * 1024), {}),
    "exactly 32 levels": ("/v1/page", deep(31), {}),
    "as many events as allowed": ("/v1/batch", batch_of(*[page] * 2_500), {}),
    "anonymousId null": ("/v1/page", b'{"userId":"u","anonymousId":null}', {}),
    "a number as userId": ("/v1/page", b'{"userId":42}', {}),
    "escaped quotes and colons in texts": ("/v1/page", rb'{"userId":"u","name":"\u0022a\u0022\u003a \":"}', {}),
    "a letter beyond ASCII": ("/v1/page", '{"userId":"é","name":"\\u00e9"}'.encode(), {}),
}
WRONG: dict[str, tuple[str, bytes, dict[str, str], int, str]] = {
    "no JSON": ("/v1/track", b"{", {}, 400, "invalid_json"),
    "nothing": ("/v1/batch", b"", {}, 400, "invalid_json"),
    "no UTF-8": ("/v1/page", b'{"userId":"\xff"}', {}, 400, "invalid_json"),
    "half of a surrogate pair": ("/v1/page", rb'{"userId":"u","name":"\ud800"}', {}, 400, "invalid_json"),
    "an unknown escape": ("/v1/page", rb'{"userId":"u","name":"\q"}', {}, 400, "invalid_json"),
    "NaN": ("/v1/track", b'{"event":"e","userId":"u","properties":{"total":NaN}}', {}, 400, "invalid_json"),
    "Infinity": ("/v1/batch", b'{"batch":[{"type":"page","userId":"u","n":-Infinity}]}', {}, 400, "invalid_json"),
    "something after the end": ("/v1/page", page + b"{}", {}, 400, "invalid_json"),
    "a list": ("/v1/track", b"[]", {}, 400, "invalid_json"),
    "a number": ("/v1/batch", b"7", {}, 400, "invalid_batch"),
    "a batch without events": ("/v1/batch", b'{"batch":[]}', {}, 400, "empty_batch"),
    "a batch without batch": ("/v1/batch", page, {}, 400, "empty_batch"),
    "a batch that is an object": ("/v1/batch", b'{"batch":{"a":1}}', {}, 400, "invalid_batch"),
    "a context that is a list": ("/v1/batch", b'{"batch":[' + page + b'],"context":[]}', {}, 400, "invalid_batch"),
    "a sentAt that is no time": ("/v1/batch", b'{"batch":[' + page + b'],"sentAt":"soon"}', {}, 400, "invalid_batch"),
    "a thousand brackets": ("/v1/page", b"[" * 1_000 + b"]" * 1_000, {}, 400, "invalid_json"),
    "400,000 brackets": ("/v1/batch", b"[" * 200_000 + b"]" * 200_000, {}, 400, "invalid_json"),
    "33 levels": ("/v1/page", deep(32), {}, 400, "invalid_event"),
    "900 levels in a batch": ("/v1/batch", nested(900), {}, 400, "invalid_event"),
    "levels of lists": ("/v1/page", b'{"userId":"u","l":' + b"[" * 40 + b"]" * 40 + b"}", {}, 400, "invalid_event"),
    "a deep context of a batch": (
        "/v1/batch", b'{"context":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b',"batch":[1]}', {}, 400, "invalid_batch",
    ),
    "a name twice": ("/v1/page", b'{"userId":"u","userId":"v"}', {}, 400, "invalid_event"),
    "a property twice": (
        "/v1/track", b'{"event":"e","userId":"u","properties":{"n":1, "n" : 2}}', {}, 400, "invalid_event",
    ),
    "a name twice, once disguised": (
        "/v1/page", rb'{"userId":"u","properties":{"a":1,"\u0061":2,"b":"\u0022:"}}', {}, 400, "invalid_event",
    ),
    "batch twice": ("/v1/batch", b'{"batch":[' + page + b'],"batch":[' + page + b"]}", {}, 400, "invalid_batch"),
    "NUL in a text": ("/v1/page", rb'{"userId":"u","name":"a\u0000b"}', {}, 400, "invalid_event"),
    "NUL in a name": ("/v1/page", rb'{"userId":"u","properties":{"a\u0000":1}}', {}, 400, "invalid_event"),
    "nobody": ("/v1/page", b"{}", {}, 400, "no_user_anon_id"),
    "blank ids": ("/v1/page", b'{"userId":" ","anonymousId":""}', {}, 400, "no_user_anon_id"),
    "an object as id": ("/v1/page", b'{"userId":{"a":1}}', {}, 400, "invalid_event"),
    "a broken number as id": ("/v1/page", b'{"userId":1.5}', {}, 400, "invalid_event"),
    "a long id": ("/v1/page", json.dumps({"userId": "u" * 201}).encode(), {}, 400, "invalid_event"),
    "a long messageId": (
        "/v1/page", json.dumps({"userId": "u", "messageId": "m" * 101}).encode(), {}, 400, "invalid_event",
    ),
    "a track without event": ("/v1/track", b'{"userId":"u"}', {}, 400, "invalid_event"),
    "an event's name without a letter": ("/v1/track", b'{"userId":"u","event":"!"}', {}, 400, "invalid_event"),
    "an alias of nobody": ("/v1/alias", b'{"userId":"u"}', {}, 400, "invalid_event"),
    "a group without groupId": ("/v1/group", b'{"userId":"u"}', {}, 400, "invalid_event"),
    "another type than the path's": ("/v1/track", page, {}, 400, "invalid_event"),
    "a type that is none": ("/v1/batch", b'{"batch":[{"type":"merge","userId":"u"}]}', {}, 400, "invalid_event"),
    "a type that is a list": ("/v1/batch", b'{"batch":[{"type":["page"],"userId":"u"}]}', {}, 400, "invalid_event"),
    "an event that is a text": ("/v1/batch", b'{"batch":["page"]}', {}, 400, "invalid_event"),
    "properties that are a list": ("/v1/page", b'{"userId":"u","properties":[]}', {}, 400, "invalid_event"),
    "a time that is none": ("/v1/page", b'{"userId":"u","timestamp":"yesterday"}', {}, 400, "invalid_event"),
    "33 kB": ("/v1/page", padded(PAGE, 33_000), {}, 400, "event_too_large"),
    "600 kB": ("/v1/batch", batch_of(*[padded(PAGE, 30_000)] * 20), {}, 413, "request_too_large"),
    "too many events": ("/v1/batch", batch_of(*[page] * 2_501), {}, 413, "batch_too_large"),
    "gzip that is none": ("/v1/batch", batch_of(page), {"content-encoding": "gzip"}, 400, "invalid_gzip"),
    "half a gzip": (
        "/v1/batch", gzip.compress(batch_of(page))[:-9], {"content-encoding": "gzip"}, 400, "invalid_gzip",
    ),
    "more after a gzip": (
        "/v1/batch", gzip.compress(batch_of(page)) + b"x", {"content-encoding": "gzip"}, 400, "invalid_gzip",
    ),
    "a bomb": (
        "/v1/batch", bomb(), {"content-encoding": "gzip"}, 413, "request_too_large",
    ),
    "a small bomb": ("/v1/b", gzip.compress(b" " * 400_000), {"content-encoding": "gzip"}, 413, "request_too_large"),
    "an encoding that nobody knows": ("/v1/batch", b"x", {"content-encoding": "br"}, 415, "unknown_encoding"),
    "another path": ("/v1/tracks", page, {}, 404, "not_found"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_what_sdks_send_is_acknowledged(desk: Desk, case: str) -> None:
    path, body, headers = GOOD[case]
    answer = desk.send(path, body, **headers)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_with_the_reason(desk: Desk, case: str) -> None:
    path, body, headers, status, code = WRONG[case]
    answer = desk.send(path, body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    told = [
        code for one in desk.told[-1:] for code in ([one.code] if one.code else [error.code for error in one.errors])
    ]
    assert code in told or status == 404
    assert desk.send("/v1/page", PAGE).status_code == 200, "the next is none the worse"
    assert desk.collector.waiting.bytes == 0


def test_nothing_of_what_was_refused_is_an_event(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as desk:
        for path, body, headers, _, _ in WRONG.values():
            desk.send(path, body, **headers)
        assert desk.stored() == 0
        letters = desk.project.dead_letters().to_pylist()
        events = [
            code for _, _, _, _, code in WRONG.values() if code.startswith(("invalid_event", "no_user", "event_"))
        ]
        assert len({letter["raw"] for letter in letters}) == len(events), "what could be read is kept, with the reason"
        taken, left = desk.project.replay()
        assert (taken, left) == (0, len(letters))


def test_wrong_events_of_a_batch_are_named_and_the_others_stored(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as desk:
        body = {"batch": [PAGE, {"type": "page"}, ORDER, {"type": "track", "userId": "u", "event": 5}]}
        answer = desk.send("/v1/batch", body)
        assert answer.status_code == 400
        assert answer.json() == {
            "code": "no_user_anon_id",
            "message": "2 of 4 events refused, 2 stored: one of userId and anonymousId is required",
            "stored": 2,
            "errors": [
                {
                    "event": 1,
                    "code": "no_user_anon_id",
                    "pointer": "/userId",
                    "message": "one of userId and anonymousId is required",
                },
                {
                    "event": 3,
                    "code": "invalid_event",
                    "pointer": "/event",
                    "message": "a track message needs the name of its event, as text",
                },
            ],
        }
        assert desk.stored() == 2
        assert [letter["line"] for letter in desk.project.dead_letters().to_pylist()] == [2, 4]


KEYS: dict[str, tuple[Callable[[str], dict[str, Any]], int]] = {
    "Basic": (lambda key: {"auth": (key, "")}, 200),
    "Bearer": (lambda key: {"headers": {"authorization": f"Bearer {key}"}}, 200),
    "in the body": (lambda key: {"json": {**PAGE, "writeKey": key}}, 200),
    "in the query": (lambda key: {"params": {"writeKey": key}}, 200),
    "none": (lambda _: {}, 401),
    "another": (lambda _: {"auth": ("wk_another", "")}, 401),
    "empty": (lambda _: {"auth": ("", "")}, 401),
    "half of it": (lambda key: {"auth": (key[:-1], "")}, 401),
    "no Basic": (lambda _: {"headers": {"authorization": "Basic %%%"}}, 401),
    "another scheme": (lambda key: {"headers": {"authorization": f"Digest {key}"}}, 401),
    "not a text": (lambda _: {"json": {**PAGE, "writeKey": 5}}, 401),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_write_key_lets_in(desk: Desk, case: str) -> None:
    options, status = KEYS[case]
    answer = httpx.post(f"{desk.url}/v1/page", **{"json": PAGE, **options(desk.key)})
    assert answer.status_code == status
    assert answer.json() == {"success": True} or answer.json()["code"] == "invalid_write_key"


def test_a_write_key_is_not_stored(desk: Desk) -> None:
    desk.send("/v1/page", {**PAGE, "writeKey": desk.key})
    desk.send("/v1/batch", {"batch": [{**PAGE, "writeKey": desk.key}], "writeKey": desk.key})
    journal = b"".join(path.read_bytes() for path in desk.project.folder.journal.glob("*.journal"))
    assert b"Home" in journal
    assert desk.key.encode() not in journal


def test_a_key_bound_to_origins_is_refused_from_elsewhere(desk: Desk) -> None:
    key, _ = desk.project.keys.create_write("shop", origins=["https://shop.example"])
    answers = [
        httpx.post(f"{desk.url}/v1/page", json=PAGE, auth=(key, ""), headers={"origin": origin}).status_code
        for origin in ("https://shop.example", "https://evil.example")
    ]
    assert answers == [200, 403]


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ({"referer": "https://shop.example/basket?step=2"}, 1),
        ({"referer": "https://shop.example"}, 1),
        ({"referer": "https://shop.example:443/"}, 1),
        ({"referer": "https://evil.example/https://shop.example/"}, 0),
        ({"referer": "https://shop.example.evil.example/"}, 0),
        ({"referer": "https://shop.example@evil.example/"}, 0),
        ({"referer": "https://shop.example:x/"}, 0),
        ({"referer": "http://shop.example/"}, 0),
        ({"referer": "no address"}, 0),
        ({}, 0),
        ({"origin": "https://evil.example", "referer": "https://shop.example/"}, 0),
        ({"origin": "https://shop.example", "referer": "https://evil.example/"}, 1),
    ],
)
def test_an_image_belongs_to_the_page_that_shows_it(desk: Desk, headers: dict[str, str], stored: int) -> None:
    key, _ = desk.project.keys.create_write("shop", origins=["https://shop.example"])
    desk.told.clear()
    answer = httpx.get(f"{desk.url}/pixel/v1/page", params={"writeKey": key, "userId": "u"}, headers=headers)
    assert answer.headers["content-type"] == "image/gif"
    (told,) = desk.told
    assert (told.received is not None, told.code) == (bool(stored), "" if stored else "origin_not_allowed")


def test_only_an_image_may_be_vouched_for_by_the_page_that_shows_it(desk: Desk) -> None:
    key, _ = desk.project.keys.create_write("shop", origins=["https://shop.example"])
    headers = {"referer": "https://shop.example/"}
    assert httpx.post(f"{desk.url}/v1/page", json=PAGE, auth=(key, ""), headers=headers).status_code == 403


def test_a_browser_may_ask_first(desk: Desk) -> None:
    headers = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    answer = httpx.options(f"{desk.url}/v1/b", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_the_settings_of_the_browsers_sdk_point_here(desk: Desk) -> None:
    answer = httpx.get(f"{desk.url}/v1/projects/{desk.key}/settings")
    here = answer.json()["integrations"]["Segment.io"]
    assert f"{here['protocol']}://{here['apiHost']}" == f"{desk.url}/v1"
    assert answer.json()["metrics"] == {"sampleRate": 0}, "nothing is sent to anybody else"
    assert httpx.get(f"{desk.url}/v1/projects/wk_none/settings").status_code == 401


PIXELS = {
    "a track": ("track?writeKey={key}&event=Email+Opened&userId=u7&properties.campaign=spring", 1),
    "a page": ("page?writeKey={key}&anonymousId=a7&name=Home", 1),
    "an object": ("track?writeKey={key}&event=e&userId=u7&properties=%7B%22total%22:1.5%7D", 1),
    "no key": ("track?event=e&userId=u7", 0),
    "nobody": ("track?writeKey={key}&event=e", 0),
    "no event": ("track?writeKey={key}&userId=u7", 0),
    "a broken object": ("track?writeKey={key}&event=e&userId=u7&properties=%7B", 0),
}


@pytest.mark.parametrize("case", PIXELS)
def test_a_pixel_always_shows(desk: Desk, case: str) -> None:
    query, events = PIXELS[case]
    before = desk.stored()
    answer = httpx.get(f"{desk.url}/pixel/v1/" + query.format(key=desk.key))
    assert (answer.status_code, answer.headers["content-type"], len(answer.content)) == (200, "image/gif", 43)
    assert answer.headers["cache-control"] == "no-store"
    assert desk.stored() == before + events
    assert (desk.told[-1].code == "" and not desk.told[-1].errors) == bool(events)


def test_too_many_events_of_a_key_are_told_when_to_come_again(desk: Desk) -> None:
    key, _ = desk.project.keys.create_write("slow", rate=10)
    answers = [httpx.post(f"{desk.url}/v1/batch", json={"batch": [PAGE] * 25}, auth=(key, "")) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    assert answers[1].json()["code"] == "rate_limited"
    assert answers[1].headers["retry-after"] == answers[1].headers["x-ratelimit-reset"] == "2"
    desk.clock.advance(2 * SECOND)
    assert httpx.post(f"{desk.url}/v1/page", json=PAGE, auth=(key, "")).status_code == 200


def test_what_does_not_fit_is_told_to_come_again(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    limits = CollectLimits(event=1_000, batch=2_000, waiting=2_000)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock, limits) as desk:
        with desk.collector.waiting.room(1_990):
            answer = desk.send("/v1/page", PAGE)
            assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
            assert int(answer.headers["retry-after"]) > 0
        assert desk.send("/v1/page", PAGE).status_code == 200


def test_a_disk_that_refuses_is_told_and_nothing_is_acknowledged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise StorageError("no space left")

    before = desk.stored()
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append_all", refuse)
        answer = desk.send("/v1/page", PAGE)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_stored")
    assert int(answer.headers["retry-after"]) > 0
    assert desk.stored() == before
    assert desk.send("/v1/page", PAGE).status_code == 200


def test_methods_health_and_readiness(desk: Desk) -> None:
    wrong = httpx.get(f"{desk.url}/v1/track")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert httpx.get(f"{desk.url}/health").json() == {"status": "ok"}
    assert httpx.get(f"{desk.url}/ready").json() == {"status": "ready"}


def test_headers_without_end_are_cut_off(desk: Desk) -> None:
    port = httpx.URL(desk.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /v1/page HTTP/1.1\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1_000) for number in range(50_000)))
    assert desk.send("/v1/page", PAGE).status_code == 200
