"""Signing webhooks as Standard Webhooks 1.0 has it, so that receivers know who sent them: standardwebhooks.com."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kohort.clock import SECOND, Moment
from kohort.definitions.journey import JourneyDefinition
from kohort.definitions.references import Reference
from kohort.errors import ProjectError

_PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str, reference: Reference) -> bytes:
    """Return the key that a secret means: `whsec_` and 24 to 64 bytes in base64.

    Raises ProjectError for anything else, which names the `reference`, never the secret.

    >>> len(key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Reference(env="OFFER_SECRET")))
    24
    """
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not (secret.startswith(_PREFIX) and _SHORTEST <= len(key) <= _LONGEST):
        raise ProjectError(
            f'{reference} is no secret for webhooks: "{_PREFIX}" and {_SHORTEST} to {_LONGEST} random bytes in base64; '
            f'make one with: python -c "import base64, secrets; '
            f"print('{_PREFIX}' + base64.b64encode(secrets.token_bytes(32)).decode())\""
        )
    return key


def keys_of(journey: JourneyDefinition, secret_of: Callable[[Reference], str]) -> list[bytes]:
    """Return the keys that sign a journey's webhooks; raises ProjectError for a secret that is missing or none."""
    return [key_of(secret_of(one), one) for one in journey.webhook.secrets]


def check_secrets(journeys: Iterable[JourneyDefinition], secret_of: Callable[[Reference], str]) -> None:
    """Raise ProjectError for a journey's secret that is missing, or none for webhooks."""
    for one in journeys:
        keys_of(one, secret_of)


def signed_headers(webhook_id: str, at: Moment, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers that say of a body who sent it and when: one signature for each of `keys`.

    >>> key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> at = 1_614_265_330 * SECOND
    >>> headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [key])
    >>> headers["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    timestamp = str(at // SECOND)
    signed = b".".join([webhook_id.encode(), timestamp.encode(), body])
    signatures = [b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
