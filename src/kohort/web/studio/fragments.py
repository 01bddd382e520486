"""Parts of a page that cost more than the page may: each is a page of its own, which a script puts in its place."""

from typing import Any, Final

from fastapi import Response
from pydantic import BaseModel

from kohort.web.studio.pages import Listed, Visit

HEADER: Final = "x-fragment"
"""The header by which a script asks for the part alone."""


def shows_part(visit: Visit, template: str, page: BaseModel, listed: Listed | None = None, **more: Any) -> Response:
    """Return a part of a page: alone for the script that asks so, else as a page; its data, or its table."""
    return visit.shows(template, page, listed, bare=HEADER in visit.request.headers, **more)
