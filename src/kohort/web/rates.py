"""How much each key may send, and how much may wait in all: what exceeds it is told when to come again."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

from kohort.clock import SECOND, Moment
from kohort.collection.acceptance import RequestRefusedError

_BUCKET: Final = struct.Struct("<dq")
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

    def __init__(self, of: str = "events", buckets: "Buckets | None" = None) -> None:
        self._of, self._buckets = of, buckets or OwnBuckets()

    def take(self, key_id: str, events: int, *, rate: int, at: Moment, most: int | None = None) -> float:
        """Take events out of a key's bucket, which holds `most`, and return how many are left.

        Raises RequestRefusedError (429) if it is empty.
        """
        full = float(rate if most is None else most)
        with self._buckets.held(key_id, Bucket(full, at)) as bucket:
            # A clock that was set back fills nothing.
            left = min(full, bucket.left + max(0, at - bucket.since) * rate / SECOND)
            bucket.left, bucket.since = left - events if left > 0 else left, at
        if left <= 0:
            wait = int(-left // rate) + 1
            problem = f"more than {rate:,} {self._of} a second; come again in {wait} s"
            raise RequestRefusedError(429, "rate_limited", problem, retry_after=wait)
        return left - events


@dataclass
class Bucket:
    """How much is left to a key, and when that was so."""

    left: float
    since: Moment


class Buckets(Protocol):
    """Where the buckets of keys stand."""

    def held(self, key_id: str, full: Bucket) -> AbstractContextManager[Bucket]:
        """Give the bucket of a key, `full` before the first time, and keep what the block makes of it."""


class OwnBuckets:
    """Buckets of this process alone."""

    def __init__(self) -> None:
        self._by_key: dict[str, Bucket] = {}

    @contextmanager
    def held(self, key_id: str, full: Bucket) -> Iterator[Bucket]:
        """Give the bucket of a key."""
        yield self._by_key.setdefault(key_id, full)


class SharedBuckets:
    """Buckets that several processes of one machine share, a small file each; nothing of them outlives the machine.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = (Rates(buckets=SharedBuckets(Path(folder))) for _ in range(2))
    ...     one.take("wk_1", 6, rate=10, at=0), other.take("wk_1", 1, rate=10, at=0)
    (4.0, 3.0)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, int] = {}

    @contextmanager
    def held(self, key_id: str, full: Bucket) -> Iterator[Bucket]:
        """Give the bucket of a key while no other process has it."""
        file = self._files.get(key_id)
        if file is None:
            name = blake2b(key_id.encode(), digest_size=16).hexdigest()
            file = self._files[key_id] = os.open(self._folder / f"{name}.bucket", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            content = os.pread(file, _BUCKET.size, 0)
            bucket = Bucket(*_BUCKET.unpack(content)) if len(content) == _BUCKET.size else full
            yield bucket
            os.pwrite(file, _BUCKET.pack(bucket.left, bucket.since), 0)
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


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
