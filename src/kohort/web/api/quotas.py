"""How much each key may ask: every answer says how much is left, and who asks for more is told when to come again."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kohort.clock import Clock
from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.api import ApiLimits
from kohort.web.access import SecretKeys
from kohort.web.api.problems import problem_answer
from kohort.web.rates import Rates

_PATHS: Final = "/api/"


class Quotas:
    """An ASGI application before another one, which gets no more requests of a key than `limits` say.

    Requests without a key that is known cost nothing: they are refused behind.
    """

    def __init__(self, app: ASGIApp, keys: SecretKeys, limits: ApiLimits, clock: Clock) -> None:
        self._app, self._keys, self._limits, self._clock = app, keys, limits, clock
        self._rates = Rates(of="requests")
        self._policy = f'"key";q={limits.burst};w={-(-limits.burst // limits.rate)}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        key_id = self._key_of(scope)
        if key_id is None:
            await self._app(scope, receive, send)
            return
        limits = self._limits
        try:
            left = self._rates.take(key_id, 1, rate=limits.rate, at=self._clock.now(), most=limits.burst)
        except RequestRefusedError as error:
            answer = problem_answer(error)
            self._tell(answer.headers, 0)
            await answer(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tell(MutableHeaders(scope=message), left)
            await send(message)

        await self._app(scope, receive, telling)

    def _key_of(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or not scope["path"].startswith(_PATHS):
            return None
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        scheme, _, plain = authorization.partition(" ")
        key = self._keys.find_secret(plain.strip()) if scheme.lower() == "bearer" else None
        return None if key is None else key.key_id

    def _tell(self, headers: MutableHeaders, left: float) -> None:
        """Say how many requests are left, and in how many seconds they are as many as can be."""
        full = int((self._limits.burst - left) / self._limits.rate) + 1
        headers["ratelimit-policy"] = self._policy
        headers["ratelimit"] = f'"key";r={max(0, int(left))};t={full}'
