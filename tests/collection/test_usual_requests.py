"""Usual requests are judged in one go: held to careful judging, with bodies that mean to slip through."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kohort.clock import SECOND
from kohort.collection import acceptance
from kohort.collection.acceptance import (
    EventError,
    RequestBody,
    RequestRefusedError,
    accept,
    read_batch,
    read_batch_carefully,
    read_one,
    read_one_carefully,
)
from kohort.collection.segment_messages import envelope_breach
from kohort.collection.usual_requests import is_usual_event, odd_among
from kohort.definitions.collecting import CollectLimits
from kohort.storage.messages import MessageType
from kohort.storage.received import encode_received
from small_shop import NOW, iso

LIMITS: Final = CollectLimits(event=750, batch=10_000, events=3)
TIME: Final = iso(NOW)

Said = tuple[bytes, str, Sequence[EventError]] | tuple[int, str, str]


def said(read: Callable[[], RequestBody]) -> Said:
    """Everything that becomes of a request: what goes to the journal, or the refusal."""
    try:
        body = read()
        judged = accept(body, "web", NOW, LIMITS)
    except RequestRefusedError as error:
        return error.status, error.code, str(error)
    return encode_received(judged.received), body.write_key, tuple(judged.errors)


def check_alike(text: bytes) -> None:
    """Judged in one go or with care, a body has one meaning, as a batch and as an event."""
    assert said(lambda: read_batch(text, LIMITS)) == said(lambda: read_batch_carefully(text, LIMITS))
    for kind in KINDS:
        assert said(partial(read_one, text, kind, LIMITS)) == said(partial(read_one_carefully, text, kind))


KINDS: Final[Sequence[MessageType]] = ("track", "identify", "group")
SOUND: Final[dict[str, str]] = {
    "type": '"track"',
    "event": '"Order Completed"',
    "userId": '"u1"',
    "anonymousId": "null",
    "messageId": '"m1"',
    "timestamp": f'"{TIME}"',
    "properties": '{"total": 42.5, "products": [{"sku": "a:1"}, {"sku": "b"}], "note": "d\\u00e9j\\u00e0 {["}',
    "context": '{"page": {"url": "https://shop.example/?a=1", "path": "/"}, "library": {"name": "js"}}',
    "integrations": "{}",
}
DEEP: Final = ["[" * levels + "]" * levels for levels in (3, 4, 5, 6, 29, 30, 31, 32, 33, 2_000)]
HOSTILE: Final = [
    *(
        "null",
        "true",
        "5",
        "1.5",
        '""',
        '" "',
        '"\\u2003"',
        "[]",
        "{}",
        '"track"',
        '"page"',
        '"identify"',
        '"alias"',
        '"group"',
    ),
    *('"a\\u0000"', '{"a\\u0000": 1}', '"\\\\u0000"', '"\\u003a"', '{"a": "\\u003a", "a": ""}', '{"a":":","a":1}'),
    *('{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}', '[{"b": {}, "b": {}}]', '{"a": {"x": 1}, "b": {"x": 1}}'),
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\t"', '"é"', '{"é:": "é"}'),
    *(
        "1e999",
        "-1e999",
        "1e-999",
        "9" * 30,
        "9" * 400,
        "9" * 5_000,
        "-0",
        "01",
        "1.",
        "NaN",
        "[1e999]",
        '{"a": 1e999}',
    ),
    *(json.dumps("x" * size) for size in (100, 101, 200, 201, 650)),
    *(json.dumps("é" * size) for size in (100, 101, 200, 201)),
    *('"soon"', '"2026-02-30"', '"2026-02-28"', '"9999-12-31T23:59:59-05:00"', '"0001-01-01"', '"20260228T10"'),
    *('"!"', '"Order  Completed"', '"  "', "[,]", "{", '"', '{"a"}', "tru", ""),
    *DEEP,
]
NAMES: Final = [
    *SOUND,
    *("traits", "name", "category", "channel", "version", "_metadata", "originalTimestamp", "sentAt", "writeKey"),
    *("batch", "previousId", "groupId", "unknown", "", "a:b", "\\u0074ype", "user\\u0049d", 'a\\"'),
]
values = st.sampled_from(HOSTILE + list(SOUND.values()))
spaces = st.sampled_from(["", "", " ", "\n\t"])


def text_of(pairs: Sequence[tuple[str, str]], space: str = "") -> str:
    """An object written by hand, so that it may repeat names and hold what is no JSON."""
    return "{" + ",".join(f'{space}"{name}"{space}:{space}{value}' for name, value in pairs) + "}"


@st.composite
def events(draw: st.DrawFn) -> str:
    """An event as SDKs send it, with up to two places changed for the worse, or added, or repeated."""
    pairs = [*SOUND.items()]
    for _ in range(draw(st.integers(0, 2))):
        name, value = draw(st.sampled_from(NAMES)), draw(values)
        place = draw(st.integers(0, len(pairs)))
        if draw(st.booleans()):
            pairs = [one for one in pairs if one[0] != name]
        if draw(st.integers(0, 3)):
            pairs.insert(place, (name, value))
    return text_of(pairs, draw(spaces))


OF_ALL: Final = ["sentAt", "writeKey", "context", "integrations", "batch", "channel", "\\u0062atch"]
ALL_VALUES: Final = [*HOSTILE, f'"{TIME}"', '{"ip": "10.0.0.1"}', "[[{}]]"]


@st.composite
def batches(draw: st.DrawFn) -> str:
    """A batch of such events, with what it may say of all of them."""
    pairs = [("batch", "[" + ",".join(draw(st.lists(events(), min_size=1, max_size=4))) + "]")]
    for _ in range(draw(st.integers(0, 2))):
        pairs.insert(draw(st.integers(0, 1)), (draw(st.sampled_from(OF_ALL)), draw(st.sampled_from(ALL_VALUES))))
    return text_of(pairs, draw(spaces))


@given(batches() | events())
@example("")
@example('{"batch":[]}')
@example('{"batch":{}}')
def test_a_request_judged_in_one_go_is_judged_as_with_care(text: str) -> None:
    check_alike(text.encode())


@given(batches() | events(), st.data())
def test_broken_bytes_are_judged_as_with_care(text: str, data: st.DataObject) -> None:
    broken = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2)
            | st.sampled_from([b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\0", b'"', b":", b"\\", b"{", b"}", b","])
        )
    check_alike(bytes(broken))


@pytest.mark.parametrize("name", [*NAMES])
def test_each_hostile_value_at_each_name_is_judged_as_with_care(name: str) -> None:
    others = [one for one in SOUND.items() if one[0] != name]
    for value in HOSTILE:
        event = text_of([*others, (name, value)])
        for text in (event, text_of([*SOUND.items(), (name, value)]), event.replace("é", "\udcff")):
            raw = text.encode(errors="surrogateescape")
            check_alike(raw)
            check_alike(b'{"batch":[' + raw + b"," + text_of([*SOUND.items()]).encode() + b"]}")
        for within in ("properties", "context"):
            inside = text_of([*SOUND.items()]).replace(SOUND[within], text_of([("a", value), (name, "1")]))
            check_alike(inside.encode())
            check_alike(b'{"batch":[' + inside.encode() + b"]}")
    check_alike(text_of([("batch", f"[{text_of([*SOUND.items()])}]"), (name, "{}")]).encode())


@pytest.mark.parametrize(
    "kind", ["identify", *(pytest.param(one, marks=pytest.mark.slow) for one in ("page", "screen", "group", "alias"))]
)
def test_each_hostile_value_in_each_kind_of_event_is_judged_as_with_care(kind: str) -> None:
    sound = SOUND | {"type": f'"{kind}"', "groupId": '"g"', "previousId": '"p"', "traits": '{"a": 1}'}
    check_alike(b'{"batch":[' + text_of([*sound.items()]).encode() + b"]}")
    for name in ("traits", "groupId", "previousId", "properties", "context", "context.traits"):
        within, _, part = name.partition(".")
        for value in [None, *HOSTILE]:
            changed = sound | ({within: text_of([(part, value)])} if part and value else {within: value or "null"})
            for left_out in ("none", "traits", "context"):
                event = text_of([one for one in changed.items() if one[0] != left_out]).encode()
                check_alike(event)
                check_alike(b'{"batch":[' + event + b"]}")


def test_of_a_batch_the_odd_ones_alone_are_judged_with_care(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[object] = []

    def noted(document: object, *rest: object) -> object:
        looked_at.append(document)
        return envelope_breach(document, *rest)  # type: ignore[arg-type]  # as it is given

    monkeypatch.setattr(acceptance, "envelope_breach", noted)
    sound = [{"type": "page", "userId": f"u{number}"} for number in range(20)]
    for odd in ({"userId": ""}, {"dream": 1}, {"timestamp": "soon"}, {"properties": {"a": [[[[[[5]]]]]]}}):
        events = [one | (odd if place in {3, 11} else {}) for place, one in enumerate(sound)]
        text = json.dumps({"batch": events}).encode()
        looked_at.clear()
        body = read_batch(text, CollectLimits())
        judged = accept(body, "web", NOW, CollectLimits())
        assert looked_at == [events[3], events[11]]
        careful = accept(read_batch_carefully(text, CollectLimits()), "web", NOW, CollectLimits())
        assert (encode_received(judged.received), judged.errors) == (encode_received(careful.received), careful.errors)


def test_what_sdks_send_is_usual() -> None:
    context = {"library": {"name": "analytics.js"}, "page": {"path": "/", "url": "https://shop.example/"}}
    whom: dict[str, Any] = {"userId": None, "anonymousId": "a", "context": context, "integrations": {}, "sentAt": TIME}
    sent = [
        {"type": "page", "name": "Home", "category": None, "properties": {"path": "/"}, "_metadata": {}} | whom,
        {"type": "track", "event": "Seen", "properties": {"of": ["a", {"b": 1}]}, "channel": "client"} | whom,
        {"type": "identify", "traits": {"email": "é@example.org"}, "originalTimestamp": TIME, "version": 2} | whom,
        {"type": "identify"} | whom | {"context": {"traits": {"age": 40}}},
        {"type": "group", "groupId": "acme", "traits": {"plan": "gold"}} | whom,
        {"type": "alias", "previousId": "u0"} | whom,
    ]
    body = {"batch": sent, "sentAt": iso(NOW + SECOND), "writeKey": "wk", "context": {"ip": "10.0.0.1"}}
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (True, False):
            text = json.dumps(body, separators=separators, ensure_ascii=ascii_only).encode()
            assert odd_among(text) == frozenset()
            for one in sent:
                text = json.dumps(one, separators=separators, ensure_ascii=ascii_only).encode()
                assert is_usual_event(text, str(one["type"]), 750)
