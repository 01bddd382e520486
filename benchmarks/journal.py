"""What durability and exact deduplication cost.

    python benchmarks/journal.py [--folder DIR] [--batches 400] [--messages 10000000]

Appends: 32 threads append batches of 100 events (65 kB of JSON) and wait until each is acknowledged, to the journal by
group commit; to the same without forcing anything to disk; and as rows to SQLite (WAL, synchronous=FULL), one
transaction for those that wait, by one writer, as the journal has. Deduplication: batches of 50,000 ids, of which half
are known, are looked up among more and more messages seen, and the new ones added.
"""

import argparse
import resource
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

import msgspec
import numpy as np

from kohort.clock import SystemClock
from kohort.storage import journal as journal_module
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.storage.seen import Keys, SeenMessages

CLIENTS, EVENTS, BATCH = 32, 100, 50_000
Send = Callable[[bytes], "Future[int]"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--batches", type=int, default=400, help="to append, for each kind of store")
    parser.add_argument("--messages", type=int, default=10_000_000, help="to deduplicate")
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="journal", dir=given.folder))
    try:
        appends(place, given.batches)
        deduplication(place / "seen", given.messages)
    finally:
        shutil.rmtree(place)


def appends(place: Path, batches: int) -> None:
    body = msgspec.json.encode([event(number) for number in range(EVENTS)])
    print(f"\n{batches} batches of {EVENTS} events, {len(body):,} bytes each, by {CLIENTS} clients\n")
    print("| store | events/s, wall | events/CPU s | acknowledged after ms, p50 | p99 |\n|---|---|---|---|---|")
    with GroupCommit(Journal(place / "forced"), SystemClock()) as commits:
        report("journal", measured(lambda some: commits.submit("messages", some), body, batches))
    real = journal_module._force  # noqa: SLF001 - what is measured is its absence
    journal_module._force = lambda _handle: None  # noqa: SLF001
    with GroupCommit(Journal(place / "unforced"), SystemClock()) as commits:
        report("journal, not forced to disk", measured(lambda some: commits.submit("messages", some), body, batches))
    journal_module._force = real  # noqa: SLF001
    rows = SqliteRows(place / "rows.sqlite")
    report("SQLite, a row an event", measured(rows.submit, body, batches))
    rows.close()


def event(number: int) -> dict[str, object]:
    properties = {"total": number * 1.25, "currency": "EUR", "coupon": "x" * 200, "category": f"c{number % 30}"}
    context = {"ip": "192.0.2.1", "page": {"url": "https://shop.example/p/" + "y" * 120}, "userAgent": "z" * 110}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"message-{number:012d}",
        "userId": f"user-{number}",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "properties": properties,
        "context": context,
    }


class SqliteRows:
    """One writer that takes all that wait into one transaction, as the journal's does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[tuple[bytes, Future[int]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, body: bytes) -> "Future[int]":
        """Hand over a batch; the future is done once its transaction is."""
        future: Future[int] = Future()
        self._queue.put((body, future))
        return future

    def close(self) -> None:
        """Write what waits, and stop."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE events (id TEXT, person TEXT, name TEXT, ts TEXT, properties TEXT, context TEXT)"
        )
        while (first := self._queue.get()) is not None:
            time.sleep(0.002)
            group = [first]
            while not self._queue.empty() and (following := self._queue.get()) is not None:
                group.append(following)
            connection.execute("BEGIN")
            for body, _ in group:
                rows = [
                    (
                        one["messageId"],
                        one["userId"],
                        one["event"],
                        one["timestamp"],
                        msgspec.json.encode(one["properties"]),
                        msgspec.json.encode(one["context"]),
                    )
                    for one in msgspec.json.decode(body)
                ]
                connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            for _, future in group:
                future.set_result(0)
        connection.close()


def measured(send: Send, body: bytes, batches: int) -> tuple[float, float, list[float], int]:
    waits: list[float] = []

    def client() -> None:
        for _ in range(batches // CLIENTS):
            start = time.perf_counter()
            send(body).result()
            waits.append(time.perf_counter() - start)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - wall, time.process_time() - cpu, waits, len(waits) * EVENTS


def report(name: str, figures: tuple[float, float, list[float], int]) -> None:
    wall, cpu, waits, events = figures
    middle, late = (statistics.quantiles(waits, n=100)[place] * 1_000 for place in (49, 98))
    print(f"| {name} | {events / wall:,.0f} | {events / cpu:,.0f} | {middle:.0f} | {late:.0f} |", flush=True)


def deduplication(folder: Path, messages: int) -> None:
    print(f"\nDeduplication, {BATCH:,} at a time, half of them known\n")
    print("| messages seen | found/CPU s | added/CPU s | found, one batch of 100, wall ms | files | most memory, MiB |")
    print("|---|---|---|---|---|---|")
    seen, chosen = SeenMessages(folder), np.random.default_rng(1)
    finding = adding = 0.0
    batches = since = 0
    earlier = chosen.integers(0, 2**64, (BATCH // 2, 2), np.uint64)
    while len(seen) < messages:
        fresh = chosen.integers(0, 2**64, (BATCH, 2), np.uint64)
        asked = np.concatenate([earlier, fresh[: BATCH // 2]])
        start = time.process_time()
        known, said = seen.find(asked)
        between = time.process_time()
        if batches and not (
            known[: BATCH // 2].all() and (said[: BATCH // 2] == 7).all() and not known[BATCH // 2 :].any()
        ):
            raise SystemExit("wrong answers")
        seen.stage(fresh, np.full(BATCH, 7))
        if batches % 20 == 19:
            seen.keep(batches)
        finding, adding = finding + between - start, adding + time.process_time() - between
        earlier = fresh[chosen.permutation(BATCH)[: BATCH // 2]]
        batches, since = batches + 1, since + 1
        if batches % (messages // BATCH // 4) == 0:
            few = min(timed(seen, earlier[:100]) for _ in range(5))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"| {batches * BATCH:,} | {since * BATCH / finding:,.0f} | {since * BATCH / adding:,.0f} | "
                f"{few * 1_000:.1f} | {len(list(folder.glob('*.run')))} | {memory:,.0f} |",
                flush=True,
            )
            finding = adding = 0.0
            since = 0


def timed(seen: SeenMessages, keys: Keys) -> float:
    start = time.perf_counter()
    seen.find(keys)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
