"""Reading a long journal on all processors: other processes read what is applied next.

Order is kept, and what is read ahead is bounded in number. What they read is what `read_records` reads here; where one
of them dies, it is read here.
"""

import subprocess
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Final, NamedTuple, Self

from kohort.pipeline.projecting.reader_processes import READ_HERE, ReaderProcesses
from kohort.pipeline.projecting.reading import Said, Terms, read_records
from kohort.pipeline.projecting.wire import ask
from kohort.storage.frames import Record

MESSAGE_KINDS: Final = frozenset({"messages", "received"})

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
    groups: Iterable[Group],
    terms_of: Callable[[Record], Terms],
    expected: int = 0,
    processes: ReaderProcesses | None = None,
) -> Generator[Read | Record]:
    """Yield what groups of messages say, in order, and every other record as it is.

    `expected` is how many bytes will come, as far as is known; `processes` may have been started for it, and have ended
    when all is read. `terms_of` tells by which terms a group is read. It is
    asked only when whoever takes what is yielded has taken every earlier record that holds no messages, since such a
    record may change them.
    """
    waiting: deque[tuple[Group, Terms, Callable[[], Said]]] = deque()
    read = 0
    with _Readers(processes or ReaderProcesses()) as readers:
        if expected > READ_HERE:
            readers.start()
        for group in groups:
            if group[0].kind not in MESSAGE_KINDS:
                yield from _taken(waiting, 0)
                yield group[0]
                continue
            if not readers.ahead and read >= READ_HERE:
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
    """Processes that read, and threads that wait for them; none until they are started."""

    def __init__(self, processes: ReaderProcesses) -> None:
        self._processes = processes
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def ahead(self) -> int:
        """How many groups are read beyond the one that is asked for."""
        return len(self._processes.running) + 1 if self._threads else 0

    def start(self) -> None:
        """Start them, unless there is one processor only."""
        self._processes.start()
        for process in self._processes.running:
            self._free.put(process)
        if self._processes.running:
            self._threads = ThreadPoolExecutor(len(self._processes.running))

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
            if self._processes.are_stopped:
                raise
            return read_records(records, terms)
        finally:
            self._free.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.stop()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        self._processes.reap()
