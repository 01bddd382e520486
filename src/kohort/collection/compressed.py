"""Unpacking what a sender compressed, without ever holding more than is allowed."""

import zlib
from typing import Final

from kohort.collection.acceptance import RequestRefusedError

MOST_TIMES: Final = 200
"""How many times larger a body may become: batches of alike events reach some fifty, a bomb a thousand."""

_GZIP: Final = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Return a body without its Content-Encoding, of at most `most` bytes.

    Raises RequestRefusedError for an encoding that is neither gzip nor none, bytes that are no gzip, and too many.

    >>> import gzip
    >>> unpacked(gzip.compress(b"events"), "gzip", 100)
    b'events'
    """
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        problem = f'the Content-Encoding "{encoding[:40]}" is not known; send gzip, or the body as it is'
        raise RequestRefusedError(415, "unknown_encoding", problem)
    allowed = min(most, MOST_TIMES * len(body))
    unpacking = zlib.decompressobj(_GZIP)
    try:
        text = unpacking.decompress(body, allowed + 1)
    except zlib.error as error:
        raise RequestRefusedError(400, "invalid_gzip", f"the body is no gzip, as its header says: {error}") from error
    if len(text) > allowed:
        problem = f"unpacked, the body has more than {most:,} bytes, or more than {MOST_TIMES} times what was sent"
        raise RequestRefusedError(413, "request_too_large", problem)
    if not unpacking.eof or unpacking.unused_data:
        raise RequestRefusedError(400, "invalid_gzip", "the body is cut short, or something follows its end")
    return text
