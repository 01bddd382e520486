"""How large a request may be that is read as a whole."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kohort.collection.acceptance import RequestRefusedError
from kohort.web.api.problems import problem_answer

MOST: Final = 12 * 2**20
"""The bytes of the largest body that is not a file: the token of a plan has at most ten millions."""
_FILES: Final = "/files"


class Bodies:
    """An ASGI application before another one, which gets no body of more than `MOST` bytes, but for files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http" or scope["path"].endswith(_FILES):
            await self._app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > MOST:
            await problem_answer(_too_large())(scope, receive, send)
            return
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MOST:
                raise _too_large()
            return message

        await self._app(scope, counting, send)


def _too_large() -> RequestRefusedError:
    return RequestRefusedError(413, "too_large", f"the body is larger than {MOST:,} bytes", where="body")
