"""Whatever is delivered, a webhook answers; and whatever it passes on, the collector can read."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.collection.segment_messages import Reader, read_message
from kohort.collection.webhooks.deliveries import Webhooks
from kohort.collection.webhooks.shipped import NAMES, shipped_mappings
from kohort.collection.webhooks.signing import signature_of
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.webhook import Pick, WebhookDefinition, webhook_definition_of

SECRET = "hush"  # noqa: S105 - nobody's
TOPICS = {"shopify": "x-shopify-topic", "woocommerce": "x-wc-webhook-topic"}
DEFINITIONS = {
    name: webhook_definition_of(
        {"source": "shop", "mapping": name, "secret": {"env": "A"}}, "webhooks/shop.yaml", shipped_mappings()
    )
    for name in NAMES
}


def names_of(definition: WebhookDefinition) -> list[str]:
    """Every name that a mapping looks for, so that random bodies have something at its places."""
    picks: list[Pick] = [one for several in (definition.select, *definition.message_id) for one in several]
    for mapping in definition.mappings.values():
        picks += [*mapping.user_id, *mapping.anonymous_id, *(mapping.time.picks if mapping.time else ())]
        picks += [
            one for values in (mapping.properties, mapping.traits) for several in values.values() for one in several
        ]
    return sorted({part for pick in picks for part in (*pick.path, *(pick.each or ()))})


def bodies(names: list[str]) -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5), st.sampled_from(["2026-02-27T18:03:11+01:00", "form_response", "7", "12.50", "1e999"]),
    )  # fmt: skip
    key = st.sampled_from(names) | st.text(max_size=3)
    return st.dictionaries(
        key,
        st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=4)),
        max_size=8,
    )


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_signed_body_becomes_messages_or_a_reason(name: str, data: st.DataObject) -> None:
    definition = DEFINITIONS[name]
    webhooks = Webhooks([definition], lambda _reference: SECRET)
    body = json.dumps(data.draw(bodies(names_of(definition)))).encode()
    kinds = st.sampled_from([*definition.mappings, ""])
    headers = {TOPICS[name]: data.draw(kinds)} if name in TOPICS else {}
    signature = signature_of(definition.scheme, SECRET.encode(), headers, body)
    outcome = webhooks.receive("shop", {**headers, definition.scheme.header: signature}, body, 0)
    assert outcome.status == 200
    assert bool(outcome.events) != (outcome.unread is not None)
    for event in outcome.events:
        read = read_message(event, Reader("shop", TrackingPlan(), ZoneInfo("UTC"), 0))
        assert read.message is not None or read.breach is not None


@given(content=st.binary(max_size=200), headers=st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp",
       "webhook-signature", "x-shopify-hmac-sha256", "x-wc-webhook-signature", "typeform-signature",
       "x-webhook-secret"]), st.text(max_size=30)))  # fmt: skip
def test_nothing_unsigned_is_ever_read(content: bytes, headers: dict[str, str]) -> None:
    for name, definition in DEFINITIONS.items():
        outcome = Webhooks([definition], lambda _reference: SECRET).receive("shop", headers, content, 0)
        assert outcome.status == 401, name
        assert not outcome.events
