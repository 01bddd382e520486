"""How much each key may send, and how much may wait in all: what exceeds it is told when to come again."""

from typing import Final

from kohort.clock import SECOND, Moment
from kohort.collection.acceptance import RequestRefusedError

PAUSE: Final = 2
"""The seconds after which to come again when the server is busy."""


class Rates:
    """Events (or what else `of` says) a second by key: a bucket that fills at the key's rate, up to a second's worth.

    A batch may overdraw it: it is taken whole, and the debt is waited for.

    >>> rates = Rates()
    >>> rates.take("wk_1", 100, rate=10, at=0)
    -90.0
    >>> rates.take("wk_1", 1, rate=10, at=SECOND)
    Traceback (most recent call last):
    kohort.collection.acceptance.RequestRefusedError: more than 10 events a second; come again in 9 s
    >>> rates.take("wk_1", 1, rate=10, at=10 * SECOND)
    9.0
    """

    def __init__(self, of: str = "events") -> None:
        self._of = of
        self._left: dict[str, tuple[float, Moment]] = {}

    def take(self, key_id: str, events: int, *, rate: int, at: Moment, most: int | None = None) -> float:
        """Take events out of a key's bucket, which holds `most`, and return how many are left.

        Raises RequestRefusedError (429) if it is empty.
        """
        full = float(rate if most is None else most)
        left, since = self._left.get(key_id, (full, at))
        # A clock that was set back fills nothing.
        left = min(full, left + max(0, at - since) * rate / SECOND)
        if left <= 0:
            self._left[key_id] = left, at
            wait = int(-left // rate) + 1
            problem = f"more than {rate:,} {self._of} a second; come again in {wait} s"
            raise RequestRefusedError(429, "rate_limited", problem, retry_after=wait)
        self._left[key_id] = left - events, at
        return left - events


class Waiting:
    """The bytes of requests that are being read or written, at most `most`.

    >>> waiting = Waiting(10)
    >>> with waiting.room(8):
    ...     waiting.bytes
    8
    >>> waiting.bytes
    0
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.bytes = 0

    def room(self, size: int) -> "Room":
        """Hold so many bytes while the block runs; raises RequestRefusedError (503) if that would be too many."""
        if self.bytes + size > self._most:
            raise RequestRefusedError(503, "overloaded", "more is waiting than fits; come again", retry_after=PAUSE)
        return Room(self, size)


class Room:
    """Bytes that are held; a generator would be shorter, and every request would pay for it."""

    __slots__ = ("_size", "_waiting")

    def __init__(self, waiting: Waiting, size: int) -> None:
        self._waiting, self._size = waiting, size

    def __enter__(self) -> None:
        self._waiting.bytes += self._size

    def __exit__(self, *_: object) -> None:
        self._waiting.bytes -= self._size
