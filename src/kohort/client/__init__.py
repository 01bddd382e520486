"""A client of the API for Python: typed, and with no more to import than httpx and msgspec.

>>> from kohort.client import Client
>>> with Client("http://127.0.0.1:8001", "sk_") as client:
...     client.close()
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from kohort.client.errors import (
    ChangedError,
    ComeAgainError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    ServerFaultError,
)
from kohort.client.models import ModelCalls
from kohort.client.people import PeopleCalls
from kohort.client.records import RecordCalls
from kohort.client.rules import RuleCalls
from kohort.client.segments import SegmentCalls
from kohort.client.transport import Transport

__all__ = [
    "ChangedError",
    "Client",
    "ComeAgainError",
    "ConflictError",
    "NotAllowedError",
    "NotFoundError",
    "RefusedError",
    "ServerFaultError",
]


class Client(SegmentCalls, RuleCalls, PeopleCalls, RecordCalls, ModelCalls):
    """The API at `address`, such as "http://127.0.0.1:8001", asked with a secret key; a method for each operation.

    Whatever is refused raises RefusedError, or what inherits from it: the same call will fail again. Where the server
    is too busy or does not answer, it is asked again, and changes are made once however often they are sent; after
    `patience` seconds of pauses ComeAgainError is raised. `timeout` is how many seconds to wait for a part of an
    answer.
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        timeout: float = 60,
        patience: float = 60,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(address, key, timeout=timeout, patience=patience, sleep=sleep, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
