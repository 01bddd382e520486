"""Forms as browsers send them."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from kohort.collection.acceptance import RequestRefusedError

_MOST_FIELDS: Final = 100
_LARGEST: Final = 1_000_000


def posted(body: bytes) -> Mapping[str, str]:
    """Return the fields of a form, `application/x-www-form-urlencoded`, the last of each name.

    Raises RequestRefusedError for what is none.

    >>> posted(b"name=vip&label_en=Our+best")
    {'name': 'vip', 'label_en': 'Our best'}
    """
    return dict(pairs_posted(body))


def pairs_posted(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form, as `posted`, with each of those that have one name.

    >>> pairs_posted(b"despite=alike&despite=change")
    [('despite', 'alike'), ('despite', 'change')]
    """
    if len(body) > _LARGEST:
        raise RequestRefusedError(413, "too_large", "a form is at most a megabyte", where="body")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise RequestRefusedError(422, "invalid_request", f"this is no form: {error}", where="body") from error


async def body_of(request: Request) -> bytes:
    """Return the whole body of a request."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
"""The parameter by which an action is told what was sent."""
