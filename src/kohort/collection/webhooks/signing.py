"""Checking that a delivery comes from who it says, and is not an old one again."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kohort.clock import SECOND, Moment
from kohort.definitions.signatures import SignatureScheme
from kohort.errors import ProjectError

_LATEST: Final = 2**53


class Doubt(NamedTuple):
    """Why a delivery is not believed: a word for programs, and a sentence."""

    code: str
    message: str


def doubt_of(
    scheme: SignatureScheme, secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: Moment
) -> Doubt | None:
    """Return why a delivery is not believed, None if it is; every comparison takes the same time.

    `secrets` are keys as `key_of` gives them, any of which may have signed; names of `headers` are in lower case.

    >>> scheme, key = SignatureScheme("x-signature", encoding="hex", prefix="sha256="), b"key"
    >>> given = {"x-signature": signature_of(scheme, key, {}, b"{}")}
    >>> doubt_of(scheme, [key], given, b"{}", now=0) is None, doubt_of(scheme, [key], given, b"[]", now=0).code
    (True, 'invalid_signature')
    """
    given = headers.get(scheme.header, "")
    if not given:
        return Doubt("missing_signature", f"the header {scheme.header} is missing")
    for header in (scheme.id_header, scheme.time_header):
        if header and not headers.get(header):
            return Doubt("missing_signature", f"the header {header} is missing")
    if scheme.time_header:
        sent = headers[scheme.time_header]
        if not (sent.isascii() and sent.isdigit() and int(sent) < _LATEST):
            return Doubt("invalid_timestamp", f"the header {scheme.time_header} is no number of seconds since 1970")
        if abs(now - int(sent) * SECOND) > scheme.window:
            return Doubt(
                "old_timestamp",
                "the delivery was signed too long ago, or in the future: sent again, or a clock is wrong",
            )
    candidates = [given] if scheme.algorithm == "none" else given.split(" ")
    expected = [signature_of(scheme, secret, headers, body) for secret in secrets]
    same = [_same(one, candidate) for one in expected for candidate in candidates]
    return None if any(same) else Doubt("invalid_signature", f"the header {scheme.header} is not this body's signature")


def signature_of(scheme: SignatureScheme, secret: bytes, headers: Mapping[str, str], body: bytes) -> str:
    """Return what the header of a scheme has to hold.

    >>> standard = SignatureScheme("s", prefix="v1,", id_header="webhook-id", time_header="webhook-timestamp")
    >>> headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}
    >>> key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature_of(standard, key, headers, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    if scheme.algorithm == "none":
        return scheme.prefix + secret.decode()
    before = [headers.get(name, "").encode() for name in (scheme.id_header, scheme.time_header) if name]
    digest = hmac.digest(secret, b".".join([*before, body]), scheme.algorithm)
    return scheme.prefix + (digest.hex() if scheme.encoding == "hex" else b64encode(digest).decode())


def key_of(scheme: SignatureScheme, secret: str) -> bytes:
    """Return the key that a secret means; raises ProjectError for one that the scheme cannot have.

    >>> key_of(SignatureScheme("s", key_prefix="whsec_"), "whsec_a2V5")
    b'key'
    """
    if not scheme.key_prefix:
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(scheme.key_prefix), validate=True)
    except ValueError as error:
        raise ProjectError(
            f'the secret of the header {scheme.header} is "{scheme.key_prefix}" and base64, and what is set is not; '
            "copy it again from the sender"
        ) from error


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))
