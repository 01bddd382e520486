"""Reading a long journal on all processors: other processes read what is applied next.

Order is kept, and what is read ahead is bounded in number. What they read is what `read_records` reads here; where one
of them dies, it is read here.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Final, NamedTuple, Self

from kohort.pipeline.reading import Said, Terms, read_records
from kohort.pipeline.wire import ask
from kohort.storage.frames import Record

MESSAGE_KINDS: Final = frozenset({"messages", "received"})

_READ_HERE: Final = 32 * 2**20
"""So many bytes are read here before it pays to start other processes."""
_MOST_READERS: Final = 4
_PIPE: Final = 2**20
"""How many bytes a process can be handed at once."""

Group = list[Record]
"""Consecutive records that hold nothing but messages, or one of another kind."""


class Read(NamedTuple):
    """Records of messages, by which terms they were read, and what they say."""

    records: Group
    terms: Terms
    said: Said


def groups_of(records: Iterable[Record], size: int, ends: frozenset[int]) -> Iterator[Group]:
    """Yield records in groups: messages of about `size` bytes, one with the number of an end being the last of its own.

    >>> records = [Record(seq, 0, "messages", b"[]") for seq in (1, 2, 3)] + [Record(4, 0, "epoch", b"{}")]
    >>> [[one.seq for one in group] for group in groups_of(records, 100, frozenset({2}))]
    [[1, 2], [3], [4]]
    """
    group, held = Group(), 0
    for record in records:
        if record.kind not in MESSAGE_KINDS:
            if group:
                yield group
            yield [record]
            group, held = [], 0
            continue
        group.append(record)
        held += len(record.body)
        if held >= size or record.seq in ends:
            yield group
            group, held = [], 0
    if group:
        yield group


def read_ahead(
    groups: Iterable[Group], terms_of: Callable[[Record], Terms], expected: int = 0
) -> Generator[Read | Record]:
    """Yield what groups of messages say, in order, and every other record as it is.

    `expected` is how many bytes will come, as far as is known. `terms_of` tells by which terms a group is read. It is
    asked only when whoever takes what is yielded has taken every earlier record that holds no messages, since such a
    record may change them.
    """
    waiting: deque[tuple[Group, Terms, Callable[[], Said]]] = deque()
    read = 0
    with _Readers() as readers:
        if expected > _READ_HERE:
            readers.start()
        for group in groups:
            if group[0].kind not in MESSAGE_KINDS:
                yield from _taken(waiting, 0)
                yield group[0]
                continue
            if not readers.ahead and read >= _READ_HERE:
                readers.start()
            read += sum(len(one.body) for one in group)
            terms = terms_of(group[0])
            waiting.append((group, terms, readers.begin(group, terms)))
            yield from _taken(waiting, readers.ahead)
        yield from _taken(waiting, 0)


def _taken(waiting: deque[tuple[Group, Terms, Callable[[], Said]]], left: int) -> Iterator[Read]:
    while len(waiting) > left:
        group, terms, said = waiting.popleft()
        yield Read(group, terms, said())


class _Readers:
    """Processes that read; as many as there are processors, none until they are started."""

    def __init__(self) -> None:
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: ThreadPoolExecutor | None = None
        self._ended = False

    @property
    def ahead(self) -> int:
        """How many groups are read beyond the one that is asked for."""
        return len(self._processes) + 1 if self._processes else 0

    def start(self) -> None:
        """Start them, unless there is one processor only."""
        count = min(os.cpu_count() or 1, _MOST_READERS)
        if count == 1:
            return
        self._threads = ThreadPoolExecutor(count)
        for _ in range(count):
            command = [sys.executable, "-m", "kohort.pipeline.reader"]
            process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, pipesize=_PIPE
            )
            self._processes.append(process)
            self._free.put(process)

    def begin(self, records: Group, terms: Terms) -> Callable[[], Said]:
        """Begin to read, and return what waits for what was read."""
        if self._threads is None:
            return lambda: read_records(records, terms)
        return self._threads.submit(self._read, records, terms).result

    def _read(self, records: Group, terms: Terms) -> Said:
        process = self._free.get()
        try:
            return ask(process, records, terms)
        except (OSError, EOFError):
            if self._ended:
                raise
            return read_records(records, terms)
        finally:
            self._free.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        for process in self._processes:
            process.kill()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.communicate()
