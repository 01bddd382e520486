"""An event in the query of an image's address: for e-mails and pages without a script."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from kohort.collection.acceptance import RequestRefusedError
from kohort.storage.messages import MessageType

GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""One transparent point."""

_OBJECTS: Final = frozenset({"properties", "traits", "context", "integrations"})


def pixel_event(query: Mapping[str, str], kind: MessageType) -> bytes:
    """Return the event that a query tells, as JSON.

    `properties` (or `context`) is a JSON object; `properties.total=5` gives one property, as text. All other parameters
    are the fields of the message. Raises RequestRefusedError.

    >>> pixel_event({"event": "Email Opened", "userId": "u1", "properties.campaign": "spring"}, "track")
    b'{"type":"track","event":"Email Opened","userId":"u1","properties":{"campaign":"spring"}}'
    """
    event: dict[str, Any] = {"type": kind}
    for name, value in query.items():
        whole, dot, part = name.partition(".")
        if name in _OBJECTS:
            event[name] = {**_object(name, value), **event.get(name, {})}
        elif dot and whole in _OBJECTS:
            event.setdefault(whole, {})[part] = value
        elif name != "writeKey":
            event[name] = value
    return msgspec.json.encode(event)


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        return {**msgspec.json.decode(text, type=dict[str, msgspec.Raw])}
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefusedError(400, "invalid_query", f"{name} is no JSON object: {error}") from error
