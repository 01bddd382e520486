"""Names in paths may hold a slash: one that is encoded parts no path, and is the name's again where it is read."""

import re
from typing import Final
from urllib.parse import unquote

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_ENCODED: Final = re.compile(rb"%2f", re.IGNORECASE)
_SLASH: Final = "\ue02f"
"""Stands for an encoded slash while a path is looked up: a character that means nothing to anybody else."""


class Slashes:
    """An ASGI application before another one, which finds encoded slashes apart from those that part a path.

    Servers decode both to the same before applications see the path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "http" and _ENCODED.search(scope.get("raw_path") or b""):
            parts = _ENCODED.split(scope["raw_path"])
            scope = {**scope, "path": _SLASH.join(unquote(part.decode("ascii")) for part in parts)}
        await self._app(scope, receive, send)


async def read_names(request: Request) -> None:
    """Give the texts of a path their slashes back: the first dependency of every endpoint."""
    for name, value in request.path_params.items():
        if isinstance(value, str):
            request.path_params[name] = value.replace(_SLASH, "/")
