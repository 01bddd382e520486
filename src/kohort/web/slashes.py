"""Names in paths may hold a slash: one that is encoded parts no path, and is the name's again where it is read."""

import re
from typing import Final
from urllib.parse import unquote

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor
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


class _Name(StringConvertor):
    def convert(self, value: str) -> str:
        return value.replace(_SLASH, "/")


def take_names(app: FastAPI) -> None:
    """Have all routes of an application read the texts of a path as names, which may hold slashes."""
    app.add_middleware(Slashes)
    for route in app.routes:
        if isinstance(route, APIRoute):
            for name, convertor in route.param_convertors.items():
                if type(convertor) is StringConvertor:
                    route.param_convertors[name] = _Name()
