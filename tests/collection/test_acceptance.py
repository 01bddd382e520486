"""Laws of what the collector accepts: quick checks promise no more than careful ones, and nothing is forgotten."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import SECOND, zone_of
from kohort.collection.acceptance import RequestRefusedError, accept, read_batch
from kohort.collection.json_names import repeated_name, surely_distinct
from kohort.collection.received_messages import read_received
from kohort.collection.segment_messages import Reader, read_message
from kohort.definitions.collecting import CollectLimits
from kohort.definitions.tracking import TrackingPlan, tracking_plan_of
from kohort.storage.received import Received, decode_received, encode_received
from small_shop import NOW, UTC, iso

LIMITS = CollectLimits()
PLAN = tracking_plan_of(
    {"events": {"order_completed": {"properties": {"total": {"type": "number", "required": True}}}}}, "tracking.yaml"
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.sampled_from(["", " ", "a", '":', "é", "\0", "\\", "u1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", '"', ":", "é"]), inner, max_size=3)
    ),
    max_leaves=6,
)
TIMES = st.sampled_from(
    ["2026-02-28T10:00:00Z", "2026-02-28", "9999-12-31T23:59:59-05:00", "0001-01-01", "soon", "", 5, None]
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "merge", None])},
    optional={
        "userId": st.sampled_from(["u1", " ", "", None, 5, 1.5, "u" * 201, "a\0", "é", True]),
        "anonymousId": st.sampled_from(["a1", None, " a ", []]),
        "messageId": st.sampled_from(["m1", "m" * 101, None, 7]),
        "event": st.sampled_from(["Order Completed", "Seen", "!", " ", "x" * 201, None, 5, []]),
        "properties": ANYTHING,
        "traits": ANYTHING,
        "context": ANYTHING,
        "previousId": st.sampled_from(["p1", "", None]),
        "groupId": st.sampled_from(["g1", 5, None]),
        "timestamp": TIMES,
        "originalTimestamp": TIMES,
        "sentAt": TIMES,
    },
)


def text_with_repeats(pairs: list[tuple[str, Any]], spaces: str) -> bytes:
    """An object written by hand, so that names may come twice, disguised as escapes or not."""
    return ("{" + ",".join(f"{name}{spaces}:{json.dumps(value)}" for name, value in pairs) + "}").encode()


NAMES = st.sampled_from(['"a"', '"b"', r'"\u0061"', r'"\u0022"', r'"\""', r'":"', '"é"', r'"\u003a"', '""'])


@given(st.lists(st.tuples(NAMES, ANYTHING), max_size=5), st.sampled_from(["", " ", "\n\t"]))
def test_names_that_are_surely_distinct_are(pairs: list[tuple[str, Any]], spaces: str) -> None:
    text = text_with_repeats(pairs, spaces)
    inside = b'{"batch":[{"properties":' + text + b"}]}"
    repeats = len({json.loads(name) for name, _ in pairs}) < len(pairs)
    assert (repeated_name(inside) is not None) == repeats
    sure = surely_distinct(inside, msgspec.json.decode(inside))
    assert not (sure and repeats)
    if b"\\" not in text:
        assert sure == (not repeats), "no careful check where there is no escape"


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.none() | st.just(iso(NOW + 5 * SECOND)))
def test_what_is_refused_at_once_would_be_refused_later_and_what_is_accepted_is_read(
    messages: list[dict[str, Any]], sent_at: str | None
) -> None:
    text = json.dumps({"batch": messages, "sentAt": sent_at}).encode()
    acceptance = accept(read_batch(text, LIMITS), "web", NOW, LIMITS)
    received = decode_received(encode_received(acceptance.received))
    assert [json.loads(bytes(one)) for one in received.events] == [
        one for place, one in enumerate(messages) if place not in {error.place for error in acceptance.errors}
    ]
    careful = Reader("web", TrackingPlan(), UTC, NOW, longest=None)
    for error in acceptance.errors:
        judged = read_message(json.dumps(messages[error.place] | {"timestamp": iso(NOW)}).encode(), careful)
        assert judged.breach or error.pointer in {"/timestamp", ""}
    for batch in (read_received(received, 1, PLAN, UTC), read_received(received, 1, TrackingPlan(), UTC)):
        assert len(batch.messages) + len(batch.rejected) == len(messages)


@given(MESSAGES, TIMES)
def test_a_dead_letter_read_again_is_what_it_would_have_been(message: dict[str, Any], sent_at: Any) -> None:
    """The plan refuses an order without a total; once it does not, the letter gives the message of that time."""
    message = {**message, "messageId": "m1", "type": "track", "event": "Order Completed", "properties": {"other": 1.5}}
    text = json.dumps({"batch": [message], "sentAt": sent_at, "context": {"a": 1.50}}).encode()
    try:
        received = accept(read_batch(text, LIMITS), "web", NOW, LIMITS).received
    except RequestRefusedError:
        return
    if not received.events:
        return
    zone = zone_of("Europe/Paris")
    (letter,) = read_received(received, 1, PLAN, zone).rejected
    (mended,) = read_received(received, 1, TrackingPlan(), zone).messages
    again = read_message(letter.raw.encode(), Reader("web", TrackingPlan(), zone, NOW, longest=None)).message
    assert again == mended
    assert again.digest() == mended.digest()


def test_the_same_message_sent_again_later_says_the_same() -> None:
    event = msgspec.Raw(b'{"type":"page","userId":"u","messageId":"m","timestamp":"2026-02-28T10:00:00Z"}')
    timeless = msgspec.Raw(b'{"type":"page","userId":"u","messageId":"n"}')
    first, later = (
        read_received(Received("web", NOW + delay, NOW + delay // 2, events=[event, timeless]), 1, PLAN, UTC).messages
        for delay in (0, 7 * SECOND)
    )
    assert [one.ts for one in first] != [one.ts for one in later], "the skew is measured anew"
    assert [one.digest() for one in first] == [one.digest() for one in later]
