"""Group commit: many callers of one process share one write and one forcing to disk."""

import asyncio
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from kohort.clock import Clock
from kohort.errors import KohortError, OverloadError, StorageError
from kohort.storage.frames import RecordKind
from kohort.storage.journals import Appender

_MOST_WAITING: Final = 32 * 2**20
_MOST_AT_ONCE: Final = 4 * 2**20


class Caller(Protocol):
    """Who wants a record written, and is told what became of it: a future, or what has these methods of one."""

    def done(self) -> bool:
        """Return whether it need not be told any more."""

    def set_result(self, result: int, /) -> None:
        """Tell it the record's sequence number. It must not raise."""

    def set_exception(self, exception: Exception, /) -> None:
        """Tell it why there is none. It must not raise."""


class _Waiting(NamedTuple):
    """A record that a caller wants written, and whom to tell, on which event loop (None: on the writer's thread)."""

    kind: RecordKind
    body: bytes
    told: Caller
    loop: asyncio.AbstractEventLoop | None


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
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
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
        self._put(_Waiting(kind, body, future, None))
        return future

    def submit_async(self, kind: RecordKind, body: bytes) -> "asyncio.Future[int]":
        """As `submit`, for a caller on a running event loop, which is woken once a group."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._put(_Waiting(kind, body, future, loop))
        return future

    def submit_for(self, caller: Caller, loop: asyncio.AbstractEventLoop, kind: RecordKind, body: bytes) -> None:
        """As `submit_async`, for a caller that is told itself, on the event loop, what a future would be told."""
        self._put(_Waiting(kind, body, caller, loop))

    def close(self) -> None:
        """Write what waits, and stop; records that come later are refused."""
        with self._guard:
            if not self._closed:
                self._closed = True
                for its in self._gathered.values():
                    self._queue.put(its)
                self._gathered.clear()
                self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, waiting: _Waiting) -> None:
        size, loop = len(waiting.body), waiting.loop
        with self._guard:
            if self._closed:
                raise OverloadError("the journal's writer has been stopped; send it again to the next one")
            if self._bytes + size > self._most:
                raise OverloadError(f"{self._bytes:,} bytes wait to be written to the journal; try again in a second")
            self._bytes += size
            if loop is None:
                self._queue.put([waiting])
            elif loop in self._gathered:
                self._gathered[loop].append(waiting)
            else:
                # What a loop's turn brings goes to the writer at its end, and is one group rather than one and a rest.
                loop.call_soon(self._hand_over, loop)
                self._gathered[loop] = [waiting]

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._guard:
            its = self._gathered.pop(loop, None)
            if its is not None:
                self._queue.put(its)

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
            self._bytes -= _size_of(group)
        _answer(group, numbers, error)

    def _groups(self) -> Iterator[list[_Waiting]]:
        while (group := self._queue.get()) is not None:
            time.sleep(self._window)
            size = _size_of(group)
            while size < _MOST_AT_ONCE and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    yield group
                    return
                group += following
                size += _size_of(following)
            yield group

    def _all_waiting(self) -> list[_Waiting]:
        waiting: list[_Waiting] = []
        while not self._queue.empty():
            waiting += self._queue.get() or []
        return waiting


def _size_of(group: Iterable[_Waiting]) -> int:
    return sum(len(one.body) for one in group)


def _answer(group: list[_Waiting], numbers: Sequence[int] | None, error: KohortError | None) -> None:
    answers: dict[asyncio.AbstractEventLoop | None, list[tuple[Caller, int]]] = {}
    for seq, one in zip(numbers or [0] * len(group), group, strict=True):
        answers.setdefault(one.loop, []).append((one.told, seq))
    for loop, its in answers.items():
        if loop is None:
            _give(its, error)
        else:
            # A loop that has been closed has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_give, its, error)


def _give(answers: Iterable[tuple[Caller, int]], error: KohortError | None) -> None:
    """Tell each caller its record's sequence number, or why there is none."""
    for one, seq in answers:
        if one.done():
            continue  # cancelled: the caller has gone, and its record stays
        if error is None:
            one.set_result(seq)
        else:
            one.set_exception(error)
