"""Signatures that others have published, or computed: what a scheme must reproduce to the letter."""

from typing import NamedTuple

from kohort.definitions.signatures import SCHEMES, SignatureScheme


class Vector(NamedTuple):
    """A signature: where it comes from, its scheme, its secret as the sender shows it, other headers, body."""

    source: str
    scheme: SignatureScheme
    secret: str
    headers: dict[str, str]
    body: bytes
    signature: str


HUB = SignatureScheme("x-hub-signature-256", prefix="sha256=", encoding="hex")
SEGMENT = SignatureScheme("x-signature", algorithm="sha1", encoding="hex")

VECTORS = (
    Vector(
        "Standard Webhooks: test_sign_function of its reference libraries",
        SCHEMES["standard-webhooks"],
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"},
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    Vector(
        "WooCommerce: test_generate_signature of its own tests (without a secret)",
        SCHEMES["woocommerce"],
        "",
        {},
        b"secret",
        "GBDo00G55h6IiV+6CxqivQPLbI//KzaOZm747971tPs=",
    ),
    Vector(
        "GitHub: the example of its page on validating deliveries",
        HUB,
        "It's a Secret to Everybody",
        {},
        b"Hello, World!",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ),
    Vector(
        "RFC 4231, test case 2, as Shopify writes it: base64 of HMAC-SHA256",
        SCHEMES["shopify"],
        "Jefe",
        {},
        b"what do ya want for nothing?",
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
    ),
    Vector(
        "RFC 4231, test case 2, as Typeform writes it",
        SCHEMES["typeform"],
        "Jefe",
        {},
        b"what do ya want for nothing?",
        "sha256=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
    ),
    Vector(
        "RFC 2202, test case 2 of HMAC-SHA1, as Segment writes it",
        SEGMENT,
        "Jefe",
        {},
        b"what do ya want for nothing?",
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    ),
)
