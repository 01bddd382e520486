"""Requests that must not be done twice: who sends one again with its key is told what the first was told."""

from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Final, NamedTuple

import sqlalchemy as sa
from fastapi import Response
from pydantic import BaseModel

from kohort.clock import DAY, Clock
from kohort.collection.acceptance import RequestRefusedError
from kohort.storage.state import ANSWERED, State
from kohort.web.api.asking import answer_of

IDEMPOTENCY_KEY: Final = (
    "A name of your own for this request: sent again within a day, it is answered as the first time."
)
_KEPT: Final = DAY


class _Answered(NamedTuple):
    """What a request was, and what it was answered."""

    request: bytes
    body: bytes


class Repeats:
    """What was answered to requests that came with an idempotency key, for a day.

    Refusals are not kept: what is refused was not done, and may be tried again.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._one_at_a_time = Lock()

    def once(
        self, key_id: str, name: str | None, asked: BaseModel, work: Callable[[], BaseModel], *, of: str = ""
    ) -> Response:
        """Return the answer to a request of a key, worked out unless it came before under the same `name`.

        `of` is what the request says beside its body, such as of which segment it is.
        Raises RequestRefusedError if the name came before with another request.
        """
        if name is None:
            return answer_of(work().model_dump_json().encode())
        digest = sha256(f"{type(asked).__name__}{of}\n{asked.model_dump_json()}".encode()).digest()
        with self._one_at_a_time:
            before = self._answered(key_id, name)
            if before is not None and before.request != digest:
                problem = "this idempotency key came with another request before; use a new one"
                raise RequestRefusedError(422, "idempotency_key_reused", problem, where="header.idempotency-key")
            body = work().model_dump_json().encode() if before is None else before.body
            if before is None:
                self._keep(key_id, name, digest, body)
        return answer_of(body)

    def _answered(self, key_id: str, name: str) -> _Answered | None:
        since = self._clock.now() - _KEPT
        wanted = (ANSWERED.c.key_id == key_id, ANSWERED.c.idempotency_key == name, ANSWERED.c.answered_at > since)
        with self._state.reading() as connection:
            found = connection.execute(sa.select(ANSWERED.c.request, ANSWERED.c.body).where(*wanted)).one_or_none()
        return None if found is None else _Answered(*found)

    def _keep(self, key_id: str, name: str, digest: bytes, body: bytes) -> None:
        now = self._clock.now()
        with self._state.writing() as connection:
            connection.execute(sa.delete(ANSWERED).where(ANSWERED.c.answered_at <= now - _KEPT))
            row = {"key_id": key_id, "idempotency_key": name, "request": digest, "body": body, "answered_at": now}
            connection.execute(sa.insert(ANSWERED).values(**row))
