"""Events that are read at once into columns say what each says by itself; what they cannot say so is read by itself."""

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stretches import DEFINITIONS, rows_of

from kohort.collection.usual_events import NO_USUAL, usual_events
from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.columns import Names
from kohort.pipeline.projecting import reading
from kohort.pipeline.projecting.reading import Said, Terms, messages_of, read_records
from kohort.pipeline.projecting.tracking_plans import plan_of
from kohort.storage.frames import Record
from kohort.storage.messages import Message, encode_messages
from kohort.storage.received import Kept, PlanAdopted, Received, Refused, encode_received
from small_shop import NOW

PLAN = {
    "events": {
        "seen": {"aliases": ["Vu"], "properties": {"a": "number", "b": {"type": "text", "required": True}}},
        "page_viewed": {"properties": {"at": "moment"}},
    }
}
TERMS = [
    Terms(PlanAdopted(plan, zone), definition)
    for plan in ("{}", json.dumps(PLAN), json.dumps(PLAN | {"context": {"a": "userAgent", "where": "page.path"}}))
    for zone in ("UTC", "Europe/Paris")
    for definition in DEFINITIONS
]
NUMBERS = [
    "1", "-0", "0.1", "12.50", "1e3", "0.0000005", "0.0000015", "12.3456785", "123456789.123456", "1e400", "1e-400",
    "9e12", "9007199254740993", "-9999999999999", "10000000000000", "9223372036854775808", "-2.5",
    "123456789012345678901234567890", "1700000000000", "35184372.0888325", "99999999999999999999.5",
    "0.49999999999999999999",
]  # fmt: skip
TEXTS = ["", "x", "été", "a@x.org", "nul\0", " ", "12", 'say "it"', "a\\b"]
TIMES = [
    "2026-01-31T10:00:00.123Z", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.1234567Z", "2026-01-31",
    "2026-02-30T10:00:00Z", "2026-01-31T10:00:00", "2026-01-31 10:00:00Z", "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "2026-01-31T24:00:00Z", "2026-01-31T10:00:00+01:00", "2016-12-31T23:59:60Z",
    "yesterday", "", "2026-01-31T10:00:00.1234Z", "2026-01-31T10:00:00.Z", "2026-01-31T10:00:00,123Z",
    "2026-01-31T10:00:00.12345678901Z", "2026-01-31T1000:00.123Z", "2026-01-31T10:00+01:00Z", "+026-01-31T10:00:00Z",
]  # fmt: skip
NAMES = st.sampled_from(["a", "b", "b", "at", "name", "category", "é", "x.y", "", "n" * 201, "nul\0"])


class Literal(str):
    """JSON that stands in a text as it is."""

    __slots__ = ()


NUMBER = st.sampled_from(NUMBERS).map(Literal)
SCALAR = st.none() | st.booleans() | NUMBER | st.sampled_from(TEXTS) | st.sampled_from(TIMES)
VALUE = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(NAMES, SCALAR, max_size=2)
PROPERTIES = st.dictionaries(st.sampled_from(["a", "b", "at"]), st.just("x") | NUMBER | st.booleans(), max_size=3)
CONTEXT = st.fixed_dictionaries(
    {},
    optional={
        "library": st.just({"name": "analytics.js"}),
        "page": st.just({"url": "https://shop.example/?a=1", "path": "/"}),
        "userAgent": st.sampled_from([None, "Mozilla", "", {}]) | NUMBER,
        "consent": st.sampled_from([None, {}, {"categoryPreferences": {"Ads": True}}, {"ad_storage": "denied"}]),
        "consentMode": st.just({"ad_user_data": "granted"}),
        "consentManagement": st.just({"deniedConsentIds": ["ads"]}),
        "externalIds": st.sampled_from([None, [{"type": "crm", "id": "7"}]]),
        "device": st.just({"id": "d"}),
        "traits": st.just({"a": 1}),
        "note": st.sampled_from(TEXTS),
    },
)
IDS = st.sampled_from(
    ["u1", "u1", "u2", " u1 ", "null", "", " ", None, Literal("42"), "u" * 200, "é" * 201, True, "nul\0"]
)
MOMENTS = st.sampled_from([*TIMES[:2], *TIMES[:2], *TIMES, None, Literal("5")])
USUAL = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "page", "screen"]),
        "event": st.sampled_from(["Seen", "Order Completed"]),
        "userId": st.sampled_from(["u1", "u2"]),
        "messageId": st.integers(0, 9).map(str),
    },
    optional={
        "anonymousId": st.sampled_from(["v1", "v2", "null"]),
        "properties": PROPERTIES,
        "timestamp": st.sampled_from(TIMES[:2]),
        "context": st.just({"library": {"name": "analytics.js"}, "userAgent": "Mozilla", "page": {"path": "/"}}),
    },
)
ANY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "track", "page", "screen", "identify", "alias", "group", "consent", "no"]),
        "event": st.sampled_from(["Seen", "seen", "Vu", "Order Completed", "", "!", "n" * 201, None, Literal("5")]),
        "userId": IDS, "anonymousId": IDS, "previousId": IDS, "groupId": IDS,
        "messageId": st.sampled_from(["1", "2", "3", " 1 ", "", None, "m" * 101, Literal("7")]),
        "timestamp": MOMENTS, "originalTimestamp": MOMENTS, "sentAt": MOMENTS,
        "properties": st.none() | st.just("no object") | st.dictionaries(NAMES, VALUE, max_size=4),
        "traits": st.none() | st.dictionaries(NAMES, VALUE, max_size=3),
        "name": st.sampled_from([None, "Home", "x", Literal("5")]),
        "category": st.sampled_from([None, "Shop", ""]),
        "context": CONTEXT | st.none() | st.just("no object"),
        "purposes": st.just({"ads": "granted"}),
    },
)  # fmt: skip


def text_of(value: Any) -> str:
    """Return JSON in which numbers stand as they are given."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{text_of(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value, ensure_ascii=not str(value).isprintable())


RAW = (USUAL | USUAL | ANY | st.builds(lambda one, other: one | other, USUAL, ANY)).map(text_of)
BATCH_CONTEXT = st.sampled_from([{}, {}, {"ip": "10.0.0.1"}, {"consent": {"ad_storage": "granted"}}])


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    found = []
    for seq in range(1, draw(st.integers(1, 4)) + 1):
        if draw(st.integers(0, 4)) == 0:
            message = Message(f"m{seq}", "page", NOW, NOW, "web", "visit", "u1")
            found.append(Record(seq, NOW, "messages", encode_messages([message])))
            continue
        raw = [one.encode() for one in draw(st.lists(RAW, max_size=6))]
        received = Received(
            draw(st.sampled_from(["web", "app"])),
            NOW + seq,
            draw(st.sampled_from([None, NOW, NOW - 5])),
            context=msgspec.Raw(json.dumps(draw(BATCH_CONTEXT)).encode()),
            events=[msgspec.Raw(one) for one in raw],
            places=[2 * number for number in range(len(raw))],
            refused=[Refused(99, "/type", "no", "{}")],
        )
        found.append(Record(seq, NOW, "received", encode_received(received)))
    return found


def one_by_one(some: list[Record], terms: Terms) -> Said:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "usual_events", lambda *_: NO_USUAL)
        return read_records(some, terms)


@given(records(), st.sampled_from(TERMS))
def test_events_read_at_once_say_what_each_says_by_itself(some: list[Record], terms: Terms) -> None:
    said, expected = read_records(some, terms), one_by_one(some, terms)
    assert (said.letters, said.remarks, list(said.sizes)) == (expected.letters, expected.remarks, list(expected.sizes))
    here, there = said.stretch, expected.stretch
    for name in ("keys", "digests", "moments", "who"):
        assert getattr(here, name).tolist() == getattr(there, name).tolist(), name
    assert here.event_ids == there.event_ids
    assert here.sources == there.sources
    assert list(here.shown) == list(there.shown)
    names, their_names = Names(), Names()
    here.show(names)
    there.show(their_names)
    assert (names.columns, names.traits) == (their_names.columns, their_names.traits)
    assert rows_of(here.event_rows(names)) == rows_of(there.event_rows(their_names))
    for name in ("seen", "linked", "traits", "choices"):
        assert rows_of(getattr(here, name)) == rows_of(getattr(there, name)), name
    messages = messages_of(some, terms)
    assert here.event_ids.to_pylist() == [one.event_id for one in messages]
    assert here.digests.tolist() == [one.digest() for one in messages]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"type":"track","event":"Seen","userId":"u","messageId":"1","context":{"a":"\xff"}}', 0),
        (b'{"type":"track","event":"Seen","userId":"u","messageId":"1","context":{"a":"\\ud800"}}', 0),
        (b'{"type":"track","event":"Seen","userId":"u","messageId":"1","context":{"a":"\\u0000"}}', 0),
        (b'{"type":"track","event":"Seen","userId":"u","messageId":"1","context":{"a":"\\u00e9"}}', 1),
        (b'{"type":"page","userId":"u","messageId":"1","context":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 0),
    ],
)  # fmt: skip
def test_what_stands_beside_what_is_read_is_looked_at_too(body: bytes, count: int) -> None:
    request = Kept(encode_received(Received("web", 0, events=[msgspec.Raw(body)])))
    plan = plan_of(TERMS[0].plan)
    assert len(usual_events([request], plan.plan, plan.zone, IdentityDefinition()).numbers) == count


def are_surely_exact(event: dict[str, Any]) -> bool:
    """Tell that each number of an event's properties is plain."""
    numbers = [one for one in event.get("properties", {}).values() if isinstance(one, Literal)]
    return all(one in {"1", "0.1", "12.50", "-2.5", "1700000000000", "-0"} for one in numbers)


@pytest.mark.parametrize("document", ["{}", '{"context":{"agent":"userAgent"}}'], ids=["no context", "context kept"])
@given(st.lists(USUAL, min_size=1, max_size=8), st.lists(ANY, max_size=3))
def test_what_sdks_usually_send_is_read_at_once(
    document: str, usual: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    plain = [msgspec.Raw(text_of(one).encode()) for one in usual if are_surely_exact(one)]
    # Where one holds NUL, or a number that is infinite, each event of the request is read by itself.
    beside = [one for one in map(text_of, others) if "\\u0000" not in one and "1e400" not in one]
    every = [*plain, *(msgspec.Raw(one.encode()) for one in beside)]
    plan = plan_of(PlanAdopted(document, "UTC"))
    request = Kept(encode_received(Received("web", NOW, events=every)))
    read = usual_events([None, request], plan.plan, plan.zone, IdentityDefinition())
    assert set(range(len(plain))) <= set(read.numbers.tolist())
    assert all(one < other for one, other in pairwise(read.numbers.tolist()))
