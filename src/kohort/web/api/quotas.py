"""How much each key, and whoever is signed in, may ask: who asks for more is told when to come again."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.api import ApiLimits
from kohort.project import Project
from kohort.web.api.problems import Refusing
from kohort.web.callers import session_of
from kohort.web.rates import Rates

_API: Final = "/api/"
_FREE: Final = "/static/"
"""What everybody gets, and browsers keep."""


class _Asker(NamedTuple):
    """Whose requests are counted together: those of a "key", or of all "session"s of an account."""

    kind: str
    identity: str


class Quotas:
    """An ASGI application before another one, which gets no more requests of anybody than `limits` say.

    Requests of nobody who is known cost nothing: they are refused behind. Every answer to others says how much is left;
    what is too much is answered as the application's `state.refusing` does, which is a page for a browser.
    """

    def __init__(self, app: ASGIApp, project: Project, limits: ApiLimits) -> None:
        self._app, self._project, self._limits = app, project, limits
        self._rates = Rates(of="requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        asker = await self._asker(scope)
        if asker is None:
            await self._app(scope, receive, send)
            return
        limits = self._limits
        try:
            left = self._rates.take(
                ":".join(asker), 1, rate=limits.rate, at=self._project.clock.now(), most=limits.burst
            )
        except RequestRefusedError as error:
            refusing: Refusing = scope["app"].state.refusing
            answer = await run_in_threadpool(refusing, Request(scope), error)
            answer.headers["retry-after"] = str(error.retry_after)
            self._tell(answer.headers, asker, 0)
            await answer(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tell(MutableHeaders(scope=message), asker, left)
            await send(message)

        await self._app(scope, receive, telling)

    async def _asker(self, scope: Scope) -> _Asker | None:
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            return None
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        if authorization:
            return self._key_of(authorization) if scope["path"].startswith(_API) else None
        if b"cookie" not in headers:
            return None
        session = await run_in_threadpool(session_of, self._project, Request(scope), active=False)
        return None if session is None else _Asker("session", session.account_id)

    def _key_of(self, authorization: str) -> _Asker | None:
        scheme, _, plain = authorization.partition(" ")
        key = self._project.keys.find_secret(plain.strip()) if scheme.lower() == "bearer" else None
        return None if key is None else _Asker("key", key.key_id)

    def _tell(self, headers: MutableHeaders, asker: _Asker, left: float) -> None:
        """Say how many requests are left, and in how many seconds they are as many as can be."""
        burst, rate = self._limits.burst, self._limits.rate
        full = int((burst - left) / rate) + 1
        headers["ratelimit-policy"] = f'"{asker.kind}";q={burst};w={-(-burst // rate)}'
        headers["ratelimit"] = f'"{asker.kind}";r={max(0, int(left))};t={full}'
