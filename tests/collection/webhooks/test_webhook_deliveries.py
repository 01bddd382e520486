"""Deliveries of real shops and forms, from signed bytes to messages."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from vectors import VECTORS, Vector

from kohort.clock import HOUR, MINUTE, SECOND, parse_moment
from kohort.collection.segment_messages import Reader, read_message
from kohort.collection.webhooks.deliveries import WebhookOutcome, Webhooks
from kohort.collection.webhooks.shipped import NAMES, shipped_mappings
from kohort.collection.webhooks.signing import doubt_of, key_of, signature_of
from kohort.definitions.signatures import SCHEMES, SignatureScheme
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.webhook import WebhookDefinition, webhook_definition_of
from kohort.errors import KohortError, ProjectError

NOW = parse_moment("2026-03-01", ZoneInfo("UTC"))
SECRET = "hush"  # noqa: S105 - nobody's
PAYLOADS = Path(__file__).parent / "payloads"


def defined(**document: object) -> WebhookDefinition:
    given = {"source": "shop", "secret": {"env": "SHOP_SECRET"}, **document}
    return webhook_definition_of(given, "webhooks/shop.yaml", shipped_mappings())


def opened(secret: str = SECRET, **document: object) -> Webhooks:
    return Webhooks([defined(**document)], lambda _reference: secret)


def signed(scheme: SignatureScheme, body: bytes, secret: str = SECRET, **headers: str) -> dict[str, str]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return {**given, scheme.header: signature_of(scheme, key_of(scheme, secret), given, body)}


def delivered(mapping: str, payload: str | object, **headers: str) -> WebhookOutcome:
    body = (PAYLOADS / payload).read_bytes() if isinstance(payload, str) else json.dumps(payload).encode()
    return opened(mapping=mapping).receive("shop", signed(defined(mapping=mapping).scheme, body, **headers), body, NOW)


def messages(outcome: WebhookOutcome) -> list[dict[str, Any]]:
    assert outcome.status == 200, outcome
    return [json.loads(event) for event in outcome.events]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.source)
def test_a_published_signature_is_reproduced_and_believed(vector: Vector) -> None:
    key = key_of(vector.scheme, vector.secret)
    assert signature_of(vector.scheme, key, vector.headers, vector.body) == vector.signature
    headers = {**vector.headers, vector.scheme.header: vector.signature}
    sent = int(vector.headers.get("webhook-timestamp", 0)) * SECOND
    assert doubt_of(vector.scheme, [key], headers, vector.body, sent) is None
    for body in (vector.body + b" ", vector.body[:-1], b""):
        doubt = doubt_of(vector.scheme, [key], headers, body, sent)
        assert doubt is not None
        assert doubt.code == "invalid_signature"


def test_an_order_of_shopify_is_an_order_and_a_buyer() -> None:
    identify, track = messages(delivered("shopify", "shopify_order.json", x_shopify_topic="orders/create"))
    assert track["type"] == "track"
    assert {name: track[name] for name in ("event", "userId", "timestamp")} == {
        "event": "order_completed",
        "userId": "115310627314723954",
        "timestamp": "2026-02-27T17:03:11+00:00",
    }
    assert track["properties"] == {
        "order_id": "820982911946154508",
        "total": 409.94,
        "subtotal": 403.94,
        "discount": 5,
        "currency": "EUR",
        "items": 3,
        "products": ["IPod Nano - 8GB", "Coque"],
        "product_ids": ["632910392", "921728736"],
        "coupons": ["BIENVENUE"],
        "channel": "web",
    }
    assert identify["type"] == "identify"
    assert identify["traits"] == {
        "email": "jeanne@example.com",
        "phone": "+33600000000",
        "first_name": "Jeanne",
        "last_name": "Martin",
        "city": "Lyon",
        "country": "FR",
    }
    assert identify["messageId"] != track["messageId"]


def test_a_guest_of_woocommerce_is_who_the_address_says() -> None:
    outcome = delivered("woocommerce", "woocommerce_order.json", x_wc_webhook_topic="order.created")
    identify, track = messages(outcome)
    assert track["userId"] == identify["userId"] == "ali@example.com", "customer 0 is nobody"
    assert track["timestamp"] == "2026-02-27T17:54:40+00:00", "the field says GMT, and has no offset"
    assert track["properties"] == {
        "order_id": "4750",
        "status": "processing",
        "total": 61.4,
        "discount": 4,
        "currency": "EUR",
        "items": 4,
        "products": ["Thé vert", "Tasse"],
        "product_ids": ["23", "24"],
        "coupons": ["printemps"],
        "payment_method": "stripe",
    }
    assert (identify["traits"]["city"], identify["traits"]["country"]) == ("Nantes", "FR")


def test_a_submission_of_typeform_keeps_each_answer_by_its_reference() -> None:
    identify, track = messages(delivered("typeform", "typeform_response.json"))
    assert (track["event"], track["userId"]) == ("form_submitted", "lea@example.com")
    assert track["anonymousId"] == "x71for1wr6irs2rx71fotn12b3izh25v"
    assert track["properties"] == {
        "looking_for": "une lampe",
        "room": "Salon",
        "materials": ["Bois", "Laiton"],
        "budget": 12.5,
        "newsletter": False,
        "form": "g8hcyeXS",
        "form_title": "Votre avis",
        "score": 9,
    }
    assert identify["traits"] == {"email": "lea@example.com", "phone": "+33600000002"}


def test_zapier_says_what_it_likes_with_a_secret_in_a_header() -> None:
    body = {
        "id": "evt-1", "event": "Store Visited", "email": "zoe@example.com", "timestamp": "2026-02-28T10:00:00+01:00",
        "properties": {"city": "Lille", "spent": 12.30}, "traits": {"member": True},
    }  # fmt: skip
    identify, track = messages(delivered("zapier", body))
    assert (track["event"], track["userId"]) == ("Store Visited", "zoe@example.com")
    assert track["properties"] == {"city": "Lille", "spent": 12.3}
    assert identify["traits"] == {"member": True, "email": "zoe@example.com"}
    (alone,) = messages(delivered("zapier", {"user_id": 7, "traits": {"member": True}}))
    assert (alone["type"], alone["userId"]) == ("identify", "7")
    assert delivered("zapier", {"user_id": 7}).unread is not None, "neither an event nor traits"


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_message_is_one_that_the_collector_reads(name: str) -> None:
    headers = {"shopify": {"x_shopify_topic": "orders/create"}, "woocommerce": {"x_wc_webhook_topic": "order.created"}}
    payloads: Mapping[str, object] = {
        "shopify": "shopify_order.json",
        "woocommerce": "woocommerce_order.json",
        "typeform": "typeform_response.json",
        "zapier": {"event": "visit", "user_id": "u"},
    }
    outcome = delivered(name, payloads[name], **headers.get(name, {}))
    assert outcome.events
    for event in outcome.events:
        read = read_message(event, Reader("shop", TrackingPlan(), ZoneInfo("UTC"), NOW))
        assert read.message is not None, read.breach
        assert not read.remarks


def test_numbers_keep_every_digit() -> None:
    properties = b'{"total": 0.1000000000000000055, "count": 12345678901234567890}'
    body = b'{"user_id": "u", "event": "paid", "properties": %b}' % properties
    webhooks = opened(mapping="zapier")
    (event,) = webhooks.receive("shop", signed(SCHEMES["shared-secret"], body), body, NOW).events
    assert b'"total":0.1000000000000000055' in event
    assert b'"count":12345678901234567890' in event


def test_a_delivery_again_is_the_same_event_for_ever_and_known_at_once() -> None:
    body = (PAYLOADS / "shopify_order.json").read_bytes()
    headers = signed(SCHEMES["shopify"], body, x_shopify_topic="orders/create", x_shopify_webhook_id="one")
    webhooks = opened(mapping="shopify")
    first = webhooks.receive("shop", headers, body, NOW)
    again = {**headers, "x-shopify-webhook-id": "another, which nobody signed"}
    assert webhooks.receive("shop", again, body, NOW) == first, "until it is kept, it is worth keeping"
    webhooks.remember(first)
    known = webhooks.receive("shop", again, body, NOW)
    assert (known.status, known.code, known.events) == (200, "duplicate", ())
    restarted = opened(mapping="shopify").receive("shop", again, body, NOW + 1000 * HOUR)
    assert restarted.events == first.events, "the same ids, which the tables have already"


def test_two_sources_and_two_orders_are_never_the_same_delivery() -> None:
    ids = set()
    for source in ("one", "two"):
        for order in (1, 2):
            body = json.dumps({"id": order, "user_id": "u", "event": "paid"}).encode()
            webhooks = opened(mapping="zapier", source=source)
            ids.add(webhooks.receive(source, signed(SCHEMES["shared-secret"], body), body, NOW).delivery_id)
    assert len(ids) == 4


@pytest.mark.parametrize(("late", "believed"), [(-5 * MINUTE, True), (5 * MINUTE, True), (5 * MINUTE + 1, False),
                                                 (-5 * MINUTE - 1, False), (48 * HOUR, False)])  # fmt: skip
def test_what_was_signed_too_long_ago_is_refused(late: int, believed: bool) -> None:
    secret = "whsec_" + b64encode(b"k" * 32).decode()
    scheme = SCHEMES["standard-webhooks"]
    body = b'{"user": "u"}'
    headers = signed(scheme, body, secret, webhook_id="msg_1", webhook_timestamp=str(NOW // SECOND))
    webhooks = opened(secret, signature="standard-webhooks", events={"*": {"event": "seen", "user_id": "user"}})
    outcome = webhooks.receive("shop", headers, body, NOW + late)
    assert (outcome.status, outcome.code) == ((200, "accepted") if believed else (401, "old_timestamp"))


def test_while_a_secret_changes_both_are_believed_and_several_signatures_may_stand() -> None:
    secrets = {name: "whsec_" + b64encode(name.encode() * 8).decode() for name in ("OLD1", "NEW1", "EVIL")}
    definition = defined(
        signature="standard-webhooks",
        secret=[{"env": "NEW1"}, {"env": "OLD1"}],
        events={"*": {"event": "seen", "user_id": "user"}},
    )
    webhooks = Webhooks([definition], lambda reference: secrets[reference.env])
    body, told = b'{"user": "u"}', {"webhook_id": "msg_1", "webhook_timestamp": str(NOW // SECOND)}
    by = {name: signed(definition.scheme, body, secret, **told) for name, secret in secrets.items()}
    assert [webhooks.receive("shop", by[name], body, NOW).status for name in secrets] == [200, 200, 401]
    several = by["EVIL"]["webhook-signature"] + " " + by["OLD1"]["webhook-signature"]
    assert webhooks.receive("shop", {**by["OLD1"], "webhook-signature": several}, body, NOW).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_signature"),
        ({"webhook-signature": ""}, "missing_signature"),
        ({"webhook-signature": "v1,"}, "invalid_signature"),
        ({"webhook-signature": "v2,aaaa"}, "invalid_signature"),
        ({"webhook-signature": "é\ud800"}, "invalid_signature"),
        ({"webhook-signature": "v1,a", "webhook-id": ""}, "missing_signature"),
        ({"webhook-signature": "v1,a", "webhook-timestamp": "now"}, "invalid_timestamp"),
        ({"webhook-signature": "v1,a", "webhook-timestamp": "-5"}, "invalid_timestamp"),
        ({"webhook-signature": "v1,a", "webhook-timestamp": "9" * 400}, "invalid_timestamp"),
        ({"webhook-signature": "v1,a", "webhook-timestamp": "1e9"}, "invalid_timestamp"),
    ],
)
def test_what_is_not_signed_is_refused_and_nothing_of_it_is_read(headers: dict[str, str], code: str) -> None:
    secret = "whsec_" + b64encode(b"k" * 32).decode()
    webhooks = opened(secret, signature="standard-webhooks", events={"*": {"event": "seen", "user_id": "user"}})
    given = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW // SECOND), **headers}
    outcome = webhooks.receive("shop", given, b"[" * 100_000, NOW)
    assert (outcome.status, outcome.code, outcome.events, outcome.unread) == (401, code, (), None)


def test_the_header_of_a_shared_secret_is_compared_whole() -> None:
    body = b'{"event": "visit", "user_id": "u"}'
    webhooks = opened(mapping="zapier", signature={"header": "Authorization", "prefix": "Bearer ", "algorithm": "none"})
    for value, status in (("Bearer hush", 200), ("Bearer", 401), ("hush", 401), ("Bearer hushh", 401), ("", 401)):
        assert webhooks.receive("shop", {"authorization": value}, body, NOW).status == status


def test_woocommerce_asks_first_whether_anybody_answers() -> None:
    webhooks = opened(mapping="woocommerce")
    outcome = webhooks.receive("shop", {}, b"webhook_id=12", NOW)
    assert (outcome.status, outcome.code, outcome.events) == (200, "ping", ())
    for body in (b"webhook_id=", b"webhook_id=12&a=b", b'{"webhook_id=12": 1}'):
        assert webhooks.receive("shop", {}, body, NOW).status == 401
    assert opened(mapping="shopify").receive("shop", {}, b"webhook_id=12", NOW).status == 401


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ("{", "", "no JSON"),
        ("[]", "", "no JSON object"),
        ('"text"', "", "no JSON object"),
        ("\xff", "", "no JSON"),
        ('{"a": ' * 40 + "1" + "}" * 40, "", "nested"),
        ("[" * 100_000, "", "nested too deep"),
        ('{"event": "visit\\u0000", "user_id": "u"}', "", "NUL"),
        ('{"event": "visit"}', "/userId", "no person"),
        ('{"event": "visit", "user_id": {"a": 1}}', "/userId", "expected text"),
        ('{"event": "visit", "user_id": "u", "timestamp": "yesterday"}', "/time", "ISO 8601"),
        ('{"event": "visit", "user_id": "u", "properties": [1]}', "/properties", "expected an object"),
        ('{"event": "visit", "user_id": "u", "properties": {"total": "much"}}', "/properties/total", "is not a number"),
    ],
)
def test_what_is_genuine_and_cannot_be_read_is_a_dead_letter_not_a_refusal(body: str, place: str, said: str) -> None:
    total = {"total": {"field": "properties.total", "type": "number"}}
    webhooks = opened(mapping="zapier", events={"*": {"properties": total}})
    content = body.encode("latin-1")
    outcome = webhooks.receive("shop", signed(SCHEMES["shared-secret"], content), content, NOW)
    assert (outcome.status, outcome.code, outcome.events) == (200, "unread", ())
    assert outcome.unread is not None
    assert outcome.unread.place == place
    assert said in outcome.unread.reason


def test_a_kind_nobody_declared_is_a_dead_letter_unless_it_is_ignored() -> None:
    body = b'{"id": 1}'
    headers = signed(SCHEMES["shopify"], body, x_shopify_topic="orders/craete")
    unread = opened(mapping="shopify").receive("shop", headers, body, NOW).unread
    assert unread is not None
    assert 'did you mean "orders/create"' in unread.reason
    ignoring = opened(mapping="shopify", ignore=["orders/craete"])
    assert ignoring.receive("shop", headers, body, NOW).code == "ignored"


def test_a_source_nobody_declared_is_not_found() -> None:
    outcome = opened(mapping="shopify").receive("shpo", {}, b"{}", NOW)
    assert (outcome.status, outcome.code) == (404, "unknown_source")


def test_nothing_starts_without_its_secret() -> None:
    def missing(_reference: object) -> str:
        raise ProjectError("the environment variable SHOP_SECRET is not set; set it, then try again")

    with pytest.raises(KohortError, match="SHOP_SECRET"):
        Webhooks([defined(mapping="shopify")], missing)
    with pytest.raises(ProjectError, match='"whsec_" and base64') as refused:
        opened("not base64 !", signature="standard-webhooks", events={"*": {"event": "a", "user_id": "b"}})
    assert "not base64 !" not in str(refused.value), "a secret is never shown"
