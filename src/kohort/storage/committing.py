"""Group commit: many callers of one process share one write and one forcing to disk."""

import asyncio
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NamedTuple, Self

from kohort.clock import Clock
from kohort.errors import KohortError, OverloadError, StorageError
from kohort.storage.frames import RecordKind
from kohort.storage.journals import Appender

_MOST_WAITING: Final = 32 * 2**20
_MOST_AT_ONCE: Final = 4 * 2**20


class _Waiting(NamedTuple):
    """A record that a caller wants written, and whom to tell."""

    kind: RecordKind
    body: bytes
    told: "Future[int] | asyncio.Future[int]"


@dataclass
class _Answers:
    """What became of the records of one group, for the callers on one event loop (None: on threads)."""

    told: "list[tuple[Future[int] | asyncio.Future[int], int]]" = field(default_factory=list)

    def give(self, error: KohortError | None) -> None:
        """Tell each caller its record's sequence number, or why there is none."""
        for one, seq in self.told:
            if one.done():
                continue  # cancelled: the caller has gone, and its record stays
            if error is None:
                one.set_result(seq)
            else:
                one.set_exception(error)


class GroupCommit:
    """Appends records to a journal in groups: those that wait while one group is written make up the next.

    `window` is for how many seconds a group waits for more after its first record, which is seldom of use: writing the
    group before takes longer. `most_waiting` is how many bytes may wait altogether before callers are refused.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from kohort.clock import SystemClock
    >>> from kohort.storage.journal import Journal
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with GroupCommit(Journal(Path(folder)), SystemClock()) as commits:
    ...         futures = [commits.submit("messages", body) for body in (b"one", b"two")]
    ...         [future.result() for future in futures]
    [1, 2]
    """

    def __init__(
        self, journal: Appender, clock: Clock, *, window: float = 0.0, most_waiting: int = _MOST_WAITING
    ) -> None:
        self._journal, self._clock, self._window, self._most = journal, clock, window, most_waiting
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._bytes, self._closed = 0, False
        self._thread = threading.Thread(target=self._work, name="group commit", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many bytes wait to be written."""
        return self._bytes

    def submit(self, kind: RecordKind, body: bytes) -> "Future[int]":
        """Hand over a record; the future gives its sequence number once the journal has it, or raises StorageError.

        Raises OverloadError at once if too many bytes wait already.
        """
        future: Future[int] = Future()
        self._put(_Waiting(kind, body, future))
        return future

    def submit_async(self, kind: RecordKind, body: bytes) -> "asyncio.Future[int]":
        """As `submit`, for a caller on a running event loop, which is woken once a group."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(kind, body, future))
        return future

    def close(self) -> None:
        """Write what waits, and stop; records that come later are refused."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, waiting: _Waiting) -> None:
        with self._guard:
            if self._closed:
                raise OverloadError("the journal's writer has been stopped; send it again to the next one")
            if self._bytes + len(waiting.body) > self._most:
                raise OverloadError(f"{self._bytes:,} bytes wait to be written to the journal; try again in a second")
            self._bytes += len(waiting.body)
            self._queue.put(waiting)

    def _work(self) -> None:
        try:
            for group in self._groups():
                self._commit(group)
        finally:
            with self._guard:
                self._closed = True
            _answer(
                self._all_waiting(), None, StorageError("the journal's writer has stopped; start the process again")
            )

    def _commit(self, group: list[_Waiting]) -> None:
        numbers: Sequence[int] | None = None
        error = None
        try:
            numbers = self._journal.append_all([(one.kind, one.body) for one in group], recorded_at=self._clock.now())
        except KohortError as refused:
            error = refused
        with self._guard:
            self._bytes -= sum(len(one.body) for one in group)
        _answer(group, numbers, error)

    def _groups(self) -> Iterator[list[_Waiting]]:
        while (first := self._queue.get()) is not None:
            time.sleep(self._window)
            group, size = [first], len(first.body)
            while size < _MOST_AT_ONCE and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    yield group
                    return
                group.append(following)
                size += len(following.body)
            yield group

    def _all_waiting(self) -> list[_Waiting]:
        waiting = []
        while not self._queue.empty():
            one = self._queue.get()
            if one is not None:
                waiting.append(one)
        return waiting


def _answer(group: list[_Waiting], numbers: Sequence[int] | None, error: KohortError | None) -> None:
    answers: dict[asyncio.AbstractEventLoop | None, _Answers] = {}
    for seq, one in zip(numbers or [0] * len(group), group, strict=True):
        loop = one.told.get_loop() if isinstance(one.told, asyncio.Future) else None
        answers.setdefault(loop, _Answers()).told.append((one.told, seq))
    for loop, its in answers.items():
        if loop is None:
            its.give(error)
        else:
            # A loop that has been closed has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(its.give, error)
