"""Cursors: where a page ended, as a text that callers hand back and need not understand."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from kohort.collection.acceptance import RequestRefusedError

_LARGEST = 2**63


def written_cursor(*parts: int | str) -> str:
    """Return the cursor of a place.

    >>> read_cursor(written_cursor("user:ada"))
    'user:ada'
    >>> place_of(written_cursor(-5, "m 1"))
    (-5, 'm 1')
    """
    return urlsafe_b64encode(" ".join(map(str, parts)).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """Return what a cursor was written from; raises RequestRefusedError for one that we did not give."""
    try:
        return urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
    except (UnicodeError, binascii.Error) as error:
        raise _wrong() from error


def number_of(cursor: str) -> int:
    """Return the number, from 0 on, that a cursor was written from; raises RequestRefusedError as `read_cursor` does.

    >>> number_of(written_cursor(7))
    7
    """
    found = _number(read_cursor(cursor))
    if found < 0:
        raise _wrong()
    return found


def place_of(cursor: str) -> tuple[int, str]:
    """Return the moment and the id that a cursor was written from; raises RequestRefusedError as `read_cursor` does."""
    moment, space, name = read_cursor(cursor).partition(" ")
    if not space:
        raise _wrong()
    return _number(moment), name


def _number(text: str) -> int:
    try:
        found = int(text)
    except ValueError as error:
        raise _wrong() from error
    if not -_LARGEST <= found < _LARGEST:
        raise _wrong()
    return found


def _wrong() -> RequestRefusedError:
    problem = "this cursor is none that a page gave; begin again without one"
    return RequestRefusedError(422, "invalid_cursor", problem, where="query.cursor")
