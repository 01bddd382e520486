"""A plan as one word, which whoever has looked at it gives back to have exactly that applied."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeVar

import msgspec

from kohort.collection.acceptance import RequestRefusedError

Plan = TypeVar("Plan")
_LARGEST: Final = 50_000_000


def token_of(plan: object) -> str:
    """Return the token of a plan, of whatever kind."""
    return urlsafe_b64encode(zlib.compress(msgspec.json.encode(plan))).decode()


def plan_of(token: str, kind: type[Plan]) -> Plan:
    """Return the plan of a kind that a token stands for; raises RequestRefusedError for one that we did not give."""
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(urlsafe_b64decode(token.encode("ascii")), _LARGEST)
        return msgspec.json.decode(text, type=kind)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        problem = "this token is none that a plan gave; ask for a plan first"
        raise RequestRefusedError(422, "invalid_token", problem, where="body.token") from error
