"""How the sender of a webhook proves that a delivery is its own: a scheme is data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import MINUTE, parse_duration
from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError, did_you_mean, shorten

ALGORITHMS: Final = ("sha256", "sha512", "sha1", "none")
ENCODINGS: Final = ("base64", "hex")


@dataclass(frozen=True)
class SignatureScheme:
    """Where a signature stands, and of what it is one.

    The header `header` holds `prefix` and the HMAC (by `algorithm`, written in `encoding`); several stand with spaces
    between them, while a sender changes its secret. What is signed is the body, after the values of `id_header` and
    `time_header`, where the scheme has them, with dots between. The time is in seconds since 1970, and is refused if it
    is further than `window` (microseconds) from the present. The algorithm "none" means that the header holds the
    secret itself. `key_prefix` begins secrets whose rest is the key in base64. `ping` begins the body of what a sender
    asks, unsigned, only to see whether anybody answers.
    """

    header: str
    algorithm: str = "sha256"
    encoding: str = "base64"
    prefix: str = ""
    id_header: str = ""
    time_header: str = ""
    window: int = 5 * MINUTE
    key_prefix: str = ""
    ping: str = ""


SCHEMES: Final[Mapping[str, SignatureScheme]] = {
    "shopify": SignatureScheme("x-shopify-hmac-sha256"),
    "woocommerce": SignatureScheme("x-wc-webhook-signature", ping="webhook_id="),
    "typeform": SignatureScheme("typeform-signature", prefix="sha256="),
    "standard-webhooks": SignatureScheme(
        "webhook-signature",
        prefix="v1,",
        id_header="webhook-id",
        time_header="webhook-timestamp",
        key_prefix="whsec_",
    ),
    "shared-secret": SignatureScheme("x-webhook-secret", algorithm="none"),
}
"""The schemes with a name; see https://www.standardwebhooks.com for the one that new senders should take."""


def signature_scheme_of(fields: Fields, name: str) -> SignatureScheme:
    """Read a field that names a scheme, or spells one out.

    Raises DefinitionError with the nearest known name.

    >>> hub = {"header": "X-Hub-Signature-256", "prefix": "sha256=", "encoding": "hex"}
    >>> signature_scheme_of(Fields({"signature": hub}, "webhooks/hub.yaml"), "signature").header
    'x-hub-signature-256'
    """
    if not isinstance(fields.value(name), Mapping):
        text = fields.text(name)
        if text not in SCHEMES:
            raise DefinitionError(
                f'{fields.place(name)}: unknown scheme "{shorten(text)}"; {did_you_mean(text, SCHEMES)}; or spell one '
                "out, with its header"
            )
        return SCHEMES[text]
    inner = Fields(fields.value(name), fields.file, fields.place(name).field or name)
    scheme = SignatureScheme(
        header=inner.text("header").lower(),
        algorithm=_one_of(inner, "algorithm", ALGORITHMS),
        encoding=_one_of(inner, "encoding", ENCODINGS),
        prefix=inner.text("prefix", default=""),
        id_header=inner.text("id_header", default="").lower(),
        time_header=inner.text("time_header", default="").lower(),
        window=inner.build("window", parse_duration, default="5 minutes"),
    )
    inner.refuse_unknown()
    return scheme


def _one_of(fields: Fields, name: str, known: tuple[str, ...]) -> str:
    text = fields.text(name, default=known[0])
    if text not in known:
        raise fields.wrong(name, f"one of {', '.join(known)}", text)
    return text
