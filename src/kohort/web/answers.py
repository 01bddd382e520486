"""What the collector answers: to events that were taken in whole or in part, and the headers of every answer."""

from collections.abc import Mapping
from typing import Final

import msgspec

from kohort.collection.acceptance import Acceptance, EventError
from kohort.web.http import Header, Response

ALWAYS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
SUCCESS: Final = Response(200, b'{"success":true}')
_WITHOUT_BODY: Final = 204


def answer_of(acceptance: Acceptance) -> Response:
    """Return the answer to a request once what may be kept of it is on disk.

    >>> from kohort.storage.received import Received
    >>> answer_of(Acceptance(Received("web", 0))).body
    b'{"success":true}'
    """
    if acceptance.errors:
        return _refused_events(acceptance)
    return _withheld_events(acceptance) if acceptance.withheld else SUCCESS


def headers_of(answer: Response) -> list[Header]:
    """Return all headers of an answer: what it says itself takes the place of what is usual."""
    length = [(b"content-length", str(len(answer.body)).encode())] if answer.status != _WITHOUT_BODY else []
    return list((dict(ALWAYS) | dict(answer.headers) | dict(length)).items())


def _refused_events(acceptance: Acceptance) -> Response:
    accepted, withheld, refused = acceptance.stored, acceptance.withheld, len(acceptance.errors)
    first = acceptance.errors[0]
    message = f"{refused:,} of {accepted + withheld + refused:,} events refused, {accepted:,} stored: {first.message}"
    answer: dict[str, object] = {
        "code": first.code,
        "message": message,
        "stored": accepted,
        "errors": [_shown(one) for one in acceptance.errors],
    }
    if withheld:
        answer["withheld"] = withheld
    return Response(400, msgspec.json.encode(answer))


def _withheld_events(acceptance: Acceptance) -> Response:
    answer = {"success": True, "code": "consent_required", "stored": acceptance.stored, "withheld": acceptance.withheld}
    return Response(200, msgspec.json.encode(answer))


def _shown(error: EventError) -> Mapping[str, object]:
    return {"event": error.place, "code": error.code, "pointer": error.pointer, "message": error.message}
