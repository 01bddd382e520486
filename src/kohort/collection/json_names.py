"""Names that a JSON object repeats: most decoders keep one of the values and say nothing, each its own."""

import json
import re
from typing import Any, Final

import msgspec
import numpy as np

# A colon written as an escape, which decoding and encoding would write otherwise.
_DISGUISED: Final = re.compile(rb"\\u003[aA]")
_ENCODER: Final = msgspec.json.Encoder()
_COLON: Final = ord(":")
_MANY: Final = 4_096
"""The bytes from which on numpy, which takes longer to begin, counts them quicker."""


def surely_distinct(text: bytes, document: Any) -> bool:
    """Tell whether no object of a JSON text repeats a name; False means: not known this way, see `repeated_name`.

    `document` is what any decoder made of the text. It costs a fraction of decoding: each name is followed by a colon,
    and a repeated one is missing in the document, so that writing it again gives fewer colons than the text has.

    >>> text = b'{"a": {"b": 1, "c": ":"}}'
    >>> surely_distinct(text, msgspec.json.decode(text))
    True
    >>> surely_distinct(b'{"a": 1, "a": 2}', {"a": 2})
    False
    """
    if b"\\" in text and _DISGUISED.search(text):
        return False
    return _colons(text) == _colons(_ENCODER.encode(document))


def _colons(text: bytes) -> int:
    if len(text) < _MANY:
        return text.count(b":")
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _COLON))


def repeated_name(text: bytes) -> str | None:
    """Return the first name that an object of a JSON text repeats, None if there is none.

    Raises RecursionError for what is nested too deep for it.

    >>> repeated_name(b'{"properties": {"total": 1, "total": 2}}')
    'total'
    """
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        if not found and len(dict(pairs)) < len(pairs):
            names = [name for name, _ in pairs]
            found.append(next(name for place, name in enumerate(names) if name in names[:place]))

    json.loads(text, object_pairs_hook=note)
    return found[0] if found else None
