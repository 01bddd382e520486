"""The membership log as server-sent events: one reader for all who follow, and each of them at a place of their own."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from kohort.errors import StorageError
from kohort.pipeline.segments.log_events import event_of
from kohort.pipeline.segments.membership_log import LogPage, MembershipLog

_PAUSE: Final = 0.02
"""The seconds between two looks at the log."""
_RECENT: Final = 10_000
"""The events that are kept as they are sent, for all who have come as far."""
_AT_ONCE: Final = 500
"""The most events that are sent in one piece."""
_READERS: Final = 2
"""How many read the table at once; others wait."""


def encoded(row: Mapping[str, Any]) -> bytes:
    r"""Return a row of the log as a server-sent event.

    >>> row = {"seq": 7, "segment": "vip", "version": 1, "person_id": "p", "change": "left", "effective_at": 0,
    ...        "recorded_at": 0, "cause": "history", "corrects": 5}
    >>> encoded(row).startswith(b'id: 7\nevent: retracted\ndata: {"id":7,"segment":"vip",')
    True
    """
    told = event_of(row)
    # JSON has no line break that is not escaped, so one line holds it.
    return f"id: {told.id}\nevent: {told.kind}\ndata: ".encode() + msgspec.json.encode(told) + b"\n\n"


@dataclass(frozen=True)
class Piece:
    """Events to send, in one piece; nothing that was asked for is missing up to the place `up_to`."""

    text: bytes
    up_to: int


@dataclass
class Feed:
    """What all who follow share. It lives from `run` on, as long as `running` says; `failed` is told of troubles."""

    log: MembershipLog
    failed: Callable[[StorageError], None]
    running: Callable[[], bool] = lambda: True
    head: int = 0
    """The last place that was seen, which a rebuild of the tables does not set back."""
    _recent: list[tuple[int, str, bytes]] = field(default_factory=list)
    _recent_from: int = 0
    _trouble: str = ""

    def __post_init__(self) -> None:
        self._open = True
        self._moved = asyncio.Event()
        self._reading = asyncio.Semaphore(_READERS)

    def is_open(self) -> bool:
        """Tell whether events still come."""
        return self._open and self.running()

    def begin(self) -> None:
        """Look for the first time: what was there before is nobody's news."""
        self._look()
        self.head = self._recent_from = self.log.state.end

    async def run(self) -> None:
        """Look again and again, and wake those who wait, until the feed is no longer running."""
        try:
            while self.running():
                if self._look() or self.head < self.log.state.end:
                    await self._advance()
                await asyncio.sleep(_PAUSE)
        finally:
            self._open = False
            self._wake()

    async def pieces(self, after: int, segments: Collection[str]) -> Sequence[Piece] | Iterator[Piece]:
        """Return what follows a place, of these segments or of all; nothing if nothing does yet."""
        if after >= self._recent_from:
            return self._of_recent(after, segments)
        state = self.log.state
        try:
            async with self._reading:
                page = await asyncio.to_thread(state.page, after, segments)
        except FileNotFoundError:
            # The files have changed since the look; the next one shows how.
            await asyncio.sleep(_PAUSE)
            return ()
        return _of_page(page, after)

    async def wait(self, after: int, seconds: float) -> None:
        """Wait, at most so long, until something may follow a place, or the feed ends."""
        if not self.is_open() or after < (self.head if after >= self._recent_from else self.log.state.end):
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), seconds)

    def _look(self) -> bool:
        try:
            moved = self.log.look()
        except StorageError as error:
            if str(error) != self._trouble:
                self.failed(error)
            self._trouble = str(error)
            return False
        self._trouble = ""
        return moved

    async def _advance(self) -> None:
        state = self.log.state
        if state.end > self.head:
            try:
                page = await asyncio.to_thread(state.page, self.head, (), _RECENT)
            except FileNotFoundError:
                return  # as for pieces
            self._keep(page, state.end)
        self._wake()

    def _keep(self, page: LogPage, end: int) -> None:
        if page.up_to < end:
            # More has come than is kept: each reads it for themselves, as fast as they can take it.
            self._recent, self._recent_from = [], end
        else:
            self._recent += [(row["seq"], row["segment"], encoded(row)) for row in page.rows.to_pylist()]
            surplus = len(self._recent) - _RECENT
            if surplus > 0:
                self._recent_from = self._recent[surplus - 1][0]
                del self._recent[:surplus]
        self.head = end

    def _of_recent(self, after: int, segments: Collection[str]) -> Sequence[Piece]:
        first = bisect_right(self._recent, after, key=lambda one: one[0])
        shown = self._recent[first : first + _AT_ONCE]
        if not shown:
            return [Piece(b"", self.head)] if self.head > after else ()
        texts = [text for _, segment, text in shown if not segments or segment in segments]
        return [Piece(b"".join(texts), shown[-1][0])]

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


def _of_page(page: LogPage, after: int) -> Iterator[Piece]:
    for start in range(0, page.rows.num_rows, _AT_ONCE):
        rows = page.rows.slice(start, _AT_ONCE).to_pylist()
        yield Piece(b"".join(encoded(row) for row in rows), rows[-1]["seq"])
    if page.up_to > after:
        yield Piece(b"", page.up_to)
