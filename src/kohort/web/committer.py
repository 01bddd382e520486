"""Group commit: what many requests bring while the disk is busy is written, and forced to disk, in one go."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from kohort.clock import Clock
from kohort.errors import KohortError
from kohort.storage.journal import Journal


class Commits(Protocol):
    """Writes journal records of the kind "received"."""

    async def commit(self, body: bytes) -> int:
        """Return the record's sequence number once it is on disk; raises StorageError if it is not."""


class Committer:
    """Commits in groups, from one thread: while one group is being written, the next gathers."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._gathered: list[tuple[bytes, asyncio.Future[int]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def commit(self, body: bytes) -> int:
        """Return the record's sequence number once it is on disk; raises StorageError if it is not."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._gathered.append((body, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._gathered:
            group, self._gathered = self._gathered, []
            try:
                last = await loop.run_in_executor(self._thread, self._append, [body for body, _ in group])
            except KohortError as error:
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for number, (_, done) in enumerate(group, last - len(group) + 1):
                if not done.done():
                    done.set_result(number)
        self._writing = None

    def _append(self, bodies: list[bytes]) -> int:
        return self._journal.append("received", bodies, recorded_at=self._clock.now())
