"""Webhooks out: signed as published, to addresses that were checked, and whatever a receiver does is an answer."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kohort.activation.deliveries import Answer, Delivery
from kohort.activation.destinations.addresses import allowed, is_public
from kohort.activation.destinations.webhooks import WebhookDestination
from kohort.activation.signatures import key_of, signed_headers
from kohort.clock import DAY, MINUTE, SECOND
from kohort.collection.webhooks.signing import doubt_of
from kohort.definitions.journey import Endpoint
from kohort.definitions.references import Reference
from kohort.definitions.signatures import SCHEMES
from kohort.errors import ProjectError
from kohort.testing.clock import SettableClock
from small_shop import NOW
from webhook_receiver import KEY, Receiver, a_delivery, free_port, receiving

REFERENCE = Reference(env="OFFER_SECRET")
STANDARD = SCHEMES["standard-webhooks"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def post(endpoint: Endpoint, delivery: Delivery, keys: Sequence[bytes] = (KEY,), **options: object) -> Answer:
    async def attempt() -> Answer:
        clock = SettableClock(NOW)
        async with WebhookDestination(endpoint, keys, clock, **options) as destination:  # type: ignore[arg-type]
            return await destination.post(delivery)

    return asyncio.run(attempt())


def test_a_receiver_gets_what_happened_signed_so_that_kohorts_own_check_believes_it(receiver: Receiver) -> None:
    assert post(receiver.endpoint, a_delivery(effective_at=NOW - MINUTE)) == Answer(204)
    (one,) = receiver.received
    assert one.path == "/hook?list=7"
    assert one.headers["host"] == f"localhost:{receiver.port}"
    assert one.headers["content-type"] == "application/json"
    assert one.document == {
        "type": "membership.entered",
        "timestamp": "2026-02-28T23:59:00+00:00",
        "data": {
            "id": "msg_1",
            "journey": "offer",
            "segment": "keen",
            "version": 1,
            "person_id": "p-ada",
            "user_id": "ada",
            "change": "entered",
            "effective_at": "2026-02-28T23:59:00+00:00",
            "cause": "rule",
        },
    }
    assert doubt_of(STANDARD, [KEY], one.headers, one.body, NOW) is None
    assert doubt_of(STANDARD, [KEY], one.headers, one.body + b" ", NOW) is not None
    assert doubt_of(STANDARD, [bytes(32)], one.headers, one.body, NOW) is not None


def test_what_undoes_a_change_names_the_original(receiver: Receiver) -> None:
    post(receiver.endpoint, a_delivery("msg_2", change="left", retracts="msg_1"))
    (one,) = receiver.received
    assert (one.kind, one.data["id"], one.data["retracts"]) == ("membership.retracted", "msg_2", "msg_1")


def test_the_same_delivery_is_the_same_bytes_under_the_same_id_whenever_it_is_tried(receiver: Receiver) -> None:
    for _ in range(2):
        post(receiver.endpoint, a_delivery(attempts=3))
    first, second = receiver.received
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body) == ("msg_1", first.body)


def test_while_a_secret_is_being_changed_receivers_with_either_believe(receiver: Receiver) -> None:
    new = bytes(range(1, 25))
    post(receiver.endpoint, a_delivery(), keys=[new, KEY])
    (one,) = receiver.received
    assert one.headers["webhook-signature"].count("v1,") == 2
    for key in (new, KEY):
        assert doubt_of(STANDARD, [key], one.headers, one.body, NOW) is None


def test_the_signature_is_the_one_that_the_reference_libraries_publish() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", REFERENCE)
    webhook_id, at = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330 * SECOND
    assert signed_headers(webhook_id, at, b'{"test": 2432232314}', [key]) == {
        "webhook-id": webhook_id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_holds_24_to_64_bytes(size: int) -> None:
    assert len(key_of("whsec_" + b64encode(bytes(size)).decode(), REFERENCE)) == size


@pytest.mark.parametrize(
    "secret",
    ["hush", "whsec_", "whsec_hush!", b64encode(bytes(32)).decode(), "whsec_" + b64encode(bytes(23)).decode(),
     "whsec_" + b64encode(bytes(65)).decode()],
)  # fmt: skip
def test_anything_else_is_no_secret_and_is_not_shown(secret: str) -> None:
    with pytest.raises(ProjectError, match="OFFER_SECRET is no secret for webhooks") as refused:
        key_of(secret, REFERENCE)
    assert secret.removeprefix("whsec_") not in str(refused.value) or len(secret) == len("whsec_")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_says_that_it_was_received(receiver: Receiver, status: int) -> None:
    receiver.answer(status)
    assert post(receiver.endpoint, a_delivery()) == Answer(status)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 409, 410, 422, 500, 502])
def test_all_else_is_a_failure_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.answer(status, location=receiver.url, retry_after="60")
    assert post(receiver.endpoint, a_delivery()) == Answer(status, f"answered {status}")
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", 120 * SECOND),
        ("Sun, 01 Mar 2026 00:10:00 GMT", 10 * MINUTE),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0),
        ("99999999999999999999", DAY),
        ("soon", None),
        ("-5", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_to_be_left_in_peace(receiver: Receiver, status: int, asked: str, wait: int | None) -> None:
    receiver.answer(status, retry_after=asked)
    assert post(receiver.endpoint, a_delivery()) == Answer(status, f"answered {status}", wait)


def test_nobody_listening_is_a_failure() -> None:
    answer = post(Receiver(free_port()).endpoint, a_delivery())
    assert answer.status is None
    assert answer.reason.startswith("no connection: ")


def test_a_receiver_that_never_answers_is_given_up(receiver: Receiver) -> None:
    receiver.hold.clear()
    assert post(receiver.endpoint, a_delivery(), timeout=0.2) == Answer(None, "no answer within 0.2 seconds")


def test_what_is_no_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = Receiver(listening.getsockname()[1]).endpoint

        async def attempt() -> Answer:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(b"220 mail.example ESMTP\r\n")
                writer.close()

            server = await asyncio.start_server(talk, sock=listening)
            async with server, WebhookDestination(endpoint, [KEY], SettableClock(NOW)) as destination:
                return await destination.post(a_delivery())

        assert asyncio.run(attempt()).reason.startswith("no connection: ")


PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:53aa:64c:0:0:0:1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_none_for_webhooks(address: str) -> None:
    assert not is_public(ip_address(address))
    assert allowed([address], allow_private=False) == []
    assert allowed([address], allow_private=True) == [address]


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_a_public_one_is(address: str) -> None:
    assert allowed([*PRIVATE, address, address], allow_private=False) == [address]


def test_a_name_that_leads_into_the_private_network_is_not_followed(receiver: Receiver) -> None:
    public = Endpoint(f"https://mail.example:{receiver.port}/hook", (REFERENCE,))

    async def rebound(host: str, _port: int) -> Sequence[str]:
        assert host == "mail.example"
        return ["127.0.0.1", "10.0.0.7", "::ffff:127.0.0.1"]

    assert post(public, a_delivery(), resolve=rebound).reason.startswith("no public address")
    assert receiver.received == []


def test_the_address_that_was_checked_is_the_one_that_is_spoken_to(receiver: Receiver) -> None:
    asked: list[str] = []

    async def only_once(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    named = Endpoint(f"http://nowhere.invalid:{receiver.port}/hook", (REFERENCE,), allow_private=True)
    assert post(named, a_delivery(), resolve=only_once) == Answer(204)
    assert asked == ["nowhere.invalid"], "the name leads nowhere, so nobody else has looked it up"
    assert receiver.received[0].headers["host"] == f"nowhere.invalid:{receiver.port}"


def test_a_host_that_does_not_listen_at_its_first_address_is_asked_at_the_next(receiver: Receiver) -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    assert post(receiver.endpoint, a_delivery(), resolve=both) == Answer(204)
    assert len(receiver.received) == 1


def certificate(folder: Path, host: str) -> Path:
    """Make a certificate for a host, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.mark.parametrize("host", ["localhost", "other.example"])
def test_tls_is_with_the_name_though_the_connection_is_to_its_address(tmp_path: Path, host: str) -> None:
    pem = certificate(tmp_path, host)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    believing = ssl.create_default_context(cafile=str(pem))
    with receiving(serving) as receiver:
        answer = post(receiver.endpoint, a_delivery(), tls=believing)
        assert (answer.status == 204) == (host == "localhost"), answer
        assert post(receiver.endpoint, a_delivery()).status is None, "nobody vouches for it"
