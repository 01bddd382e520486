"""Segment-format JSON lines: what is accepted, what it becomes, what is refused and where."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from collection_desk import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kohort.clock import parse_moment
from kohort.collection.scalars import Unholdable, number_of
from kohort.definitions.tracking import tracking_plan_of
from kohort.storage.messages import Message, Values
from kohort.testing.suite.base import scaled

WHEN = "2026-01-31T09:30:00Z"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def track(**fields: Any) -> dict[str, Any]:
    message = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1", "timestamp": WHEN}
    return {name: value for name, value in {**message, **fields}.items() if value is not ...}


def lines(*messages: object) -> str:
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in messages)


def one_of(desk: Desk, message: object) -> Message:
    outcome = desk.read(desk.write("m.jsonl", lines(message)))
    assert outcome.rejected == []
    assert outcome.source == "segment"
    return outcome.messages[0]


@pytest.mark.parametrize(
    ("message", "kind", "name", "values"),
    [
        (track(properties={"total": 12.5}), "track", "order_completed", Values(numbers={"total": 12_500_000})),
        (track(type="page", event=..., name="Home", category="Shop", properties={"url": "/"}), "page", "page_viewed",
         Values(texts={"url": "/", "name": "Home", "category": "Shop"})),
        (track(type="screen", event=..., name="Start"), "screen", "screen_viewed", Values(texts={"name": "Start"})),
        (track(type="identify", event=..., traits={"age": 30, "city": None}), "identify", "",
         Values(numbers={"age": 30_000_000}, removed=["city"])),
        (track(type="group", event=..., groupId="g1", traits={"plan": "pro"}), "group", "",
         Values(texts={"plan": "pro", "group_id": "g1"})),
        (track(type="alias", event=..., previousId="old"), "alias", "", Values()),
    ],
)  # fmt: skip
def test_every_type_of_message(desk: Desk, message: object, kind: str, name: str, values: Values) -> None:
    read = one_of(desk, message)
    assert (read.type, read.name, read.values) == (kind, name, values)
    assert (read.event_id, read.user_id, read.source, read.received_at) == ("m1", "u1", "segment", 1)
    assert read.previous_id == ("old" if kind == "alias" else "")


def test_nested_objects_are_flattened_and_lists_of_objects_kept_as_json(desk: Desk) -> None:
    properties = (
        '{"cart":{"total":0.1,"tags":["a","b"],"empty":{}},"products":[{"price":1.10}],"gift":true,"no":null,"l":[]}'
    )
    text = json.dumps(track(properties="P", context={"ip": "1.2.3.4"})).replace('"P"', properties)
    assert one_of(desk, text).values == Values(
        numbers={"cart.total": 100_000},
        booleans={"gift": True},
        lists={"cart.tags": ["a", "b"], "l": []},
        others={"products": '[{"price":1.10}]'},
    )


def test_gzip_batches_byte_order_mark_and_blank_lines(desk: Desk) -> None:
    batch = {"batch": [track(messageId="b1"), track(messageId="b2", userId=..., anonymousId=7)], "sentAt": WHEN}
    text = "\ufeff" + lines(track(), "", batch)
    outcome = desk.read(desk.write("m.ndjson.gz", gzip.compress(text.encode())))
    assert [message.event_id for message in outcome.messages] == ["m1", "b1", "b2"]
    assert (outcome.messages[2].anonymous_id, outcome.messages[2].user_id) == ("7", "")
    assert outcome.rows == 3


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"timestamp": "2026-01-31T09:30"}, "2026-01-31T09:30-05:00"),
        ({"timestamp": WHEN, "originalTimestamp": "2020-01-01", "sentAt": "2020-01-01"}, WHEN),
        ({"originalTimestamp": WHEN}, WHEN),
        # the client's clock runs an hour late: received - (sent - original)
        ({"originalTimestamp": "2026-01-31T08:30Z", "sentAt": "2026-01-31T08:31Z", "receivedAt": "2026-01-31T09:31Z"},
         WHEN),
        ({"originalTimestamp": WHEN, "sentAt": "2026-01-31T10:00Z"}, WHEN),
    ],
)  # fmt: skip
def test_the_time_of_a_message(desk: Desk, times: dict[str, str], expected: str) -> None:
    assert one_of(desk, track(**{"timestamp": ..., **times})).ts == parse_moment(expected, desk.zone)


def test_a_message_without_id_gets_one_from_what_it_says(desk: Desk) -> None:
    path = desk.write("m.jsonl", lines(*[track(messageId=...)] * 2, track(messageId=..., userId="u2")))
    ids = [message.event_id for message in desk.read(path).messages]
    assert len(set(ids)) == 3
    assert ids == [message.event_id for message in desk.read(path).messages]


def test_the_plan_gives_types_and_a_value_of_another_type_is_kept_and_named(desk: Desk) -> None:
    types = {"total": "number", "at": "moment", "note": "text", "until": "moment"}
    desk.plan = tracking_plan_of(
        {"events": {"order_completed": {"properties": types}}, "traits": {"born": "moment"}}, "tracking.yaml"
    )
    properties = {"total": "12", "at": "2026-01-31", "note": 5, "until": "soon"}
    identify = track(type="identify", event=..., messageId="m2", traits={"born": "2000-02-29"})
    outcome = desk.read(desk.write("m.jsonl", lines(track(properties=properties), identify)))
    day = parse_moment("2026-01-31", desk.zone)
    assert outcome.messages[0].values == Values(
        numbers={"note": 5_000_000}, texts={"total": "12", "until": "soon"}, moments={"at": day}
    )
    assert list(outcome.messages[1].values.moments) == ["born"]
    assert {finding.field for finding in outcome.warnings} == {"total", "note", "until"}
    assert {finding.check for finding in outcome.warnings} == {"declared_type"}


def test_a_number_that_cannot_be_held_is_left_out_and_the_message_kept(desk: Desk) -> None:
    text = json.dumps(track(properties="P")).replace('"P"', '{"a":1e999,"b":12345678901234567890,"c":1}')
    outcome = desk.read(desk.write("m.jsonl", lines(text, text.replace("m1", "m2"))))
    assert outcome.messages[0].values == Values(numbers={"c": 1_000_000})
    assert [(one.field, one.count, one.line) for one in outcome.warnings] == [("a", 2, 1), ("b", 2, 1)]


def nested(levels: int) -> object:
    return {"a": nested(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        ("{oops", "", "malformed JSON"),
        ("[]", "", "expected a JSON object"),
        (json.dumps(track()).replace("u1", "NaN").replace('"NaN"', "NaN"), "", "malformed JSON"),
        (json.dumps(track(properties={"a": 1})).replace("1}", "[" * 5000 + "]" * 5000 + "}"), "", "nested deeper"),
        (track(type="trak"), "/type", 'did you mean "track"?'),
        (track(type=...), "/type", "expected one of track"),
        (track(userId=...), "/userId", "one of userId and anonymousId is required"),
        (track(userId={"a": 1}), "/userId", "expected text or a whole number"),
        (track(event=...), "/event", "needs the name of its event"),
        (track(event="!!"), "/event", "holds no letter or digit"),
        (track(event="e" * 201), "/event", "longer than 200 characters"),
        (track(messageId="m" * 101), "/messageId", "at most 100 characters are accepted, this has 101"),
        (track(timestamp=...), "/timestamp", "the message has no time"),
        (track(timestamp="soon"), "/timestamp", "is no ISO 8601 time"),
        (track(timestamp=1700000000), "/timestamp", "is no ISO 8601 time"),
        (track(properties=[1]), "/properties", "expected an object"),
        (track(properties={"a": "x\0"}), "/properties/a", "NUL characters are refused"),
        (track(properties={"a": {"b/c~": ["x\0"]}}), "/properties/a/b~1c~0", "NUL characters are refused"),
        (track(properties={"a": [{"b\0": 1}]}), "/properties/a", "NUL characters are refused"),
        (track(properties={"": 1}), "/properties/", "a name has 1 to 200 characters"),
        (track(properties={"n" * 201: 1}), "/properties/" + "n" * 201, "a name has 1 to 200 characters, this one 201"),
        (track(properties=nested(32)), "/properties" + "/a" * 31, "nested deeper than 32 levels"),
        (track(properties={str(number): 1 for number in range(1001)}), "/properties", "more than 1,000 values"),
        (track(properties={"a": "x" * 33_000}), "", "at most 32,768 are accepted"),
        (track(type="alias"), "/previousId", "previousId is required here"),
        (track(type="group"), "/groupId", "groupId is required here"),
    ],
)
def test_a_wrong_message_is_a_dead_letter_and_the_next_is_kept(
    desk: Desk, message: object, field: str, reason: str
) -> None:
    path = desk.write("m.jsonl", lines(track(messageId="before"), message, track(messageId="after")))
    outcome = desk.read(path)
    assert [one.event_id for one in outcome.messages] == ["before", "after"]
    (rejected,) = outcome.rejected
    assert (rejected.line, rejected.field) == (2, field)
    assert reason in rejected.reason
    assert rejected.reason.startswith("line 2: ")
    assert rejected.raw + "\n" == lines(message)


def test_the_place_in_a_batch_is_named(desk: Desk) -> None:
    outcome = desk.read(desk.write("m.jsonl", lines({"batch": [track(), track(userId=...)]})))
    assert (len(outcome.messages), outcome.rejected[0].field) == (1, "/batch/1/userId")


def test_limits_are_reached_without_harm(desk: Desk) -> None:
    one_of(desk, track(messageId="m" * 100, properties=nested(31)))
    one_of(desk, track(properties={str(number): 1 for number in range(1000)}))


def test_bytes_that_are_no_text_are_a_dead_letter_of_their_line(desk: Desk) -> None:
    outcome = desk.read(desk.write("m.jsonl", b'{"type":"track\xff"}\n' + lines(track()).encode()))
    assert (len(outcome.messages), len(outcome.rejected)) == (1, 1)


def test_a_required_property_that_is_missing_refuses_the_message(desk: Desk) -> None:
    declared = {"order_completed": {"properties": {"total": {"type": "number", "required": True}}}}
    desk.plan = tracking_plan_of({"events": declared}, "tracking.yaml")
    outcome = desk.read(desk.write("m.jsonl", lines(track(properties={"totl": 1}))))
    assert outcome.rejected[0].field == "/properties/total"


def test_a_name_that_comes_twice_counts_once(desk: Desk) -> None:
    outcome = desk.read(desk.write("m.jsonl", lines(track(properties={"a.b": None, "a": {"b": "x"}}))))
    assert outcome.messages[0].values == Values(texts={"a.b": "x"})
    assert outcome.checks() == {"repeated_name": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=scaled(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(properties=st.dictionaries(st.text(min_size=1, max_size=5), json_values, max_size=4))
def test_whatever_properties_say_the_line_has_one_fate_and_numbers_are_exact(
    desk: Desk, properties: dict[str, Any]
) -> None:
    outcome = desk.read(desk.write("m.jsonl", lines(track(properties=properties))))
    assert len(outcome.messages) + len(outcome.rejected) == 1
    for message in outcome.messages:
        for name, value in properties.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and outcome.checks() == {}:
                micros = number_of(repr(value))
                assert micros is Unholdable.NUMBER or message.values.numbers[name] == micros
