"""What the first size of a rule costs after events have come: mapped files that grow, and files that are made anew.

python benchmarks/mapping.py [--people 1000000] [--events 10000000] [--new 5000] [--times 8] [--strangers 0.01]

The tables are written straight, as in benchmarks/studio.py. Each time so many events of known people come, a tenth of
them late, and then a rule is sized: once with what the time before has mapped, which grows, and again, with nothing to
do but count. With `--strangers`, that share of the events is of people whom nobody knew. At the end the same is sized
with files made anew, which must give the same members.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from workload.tables import EVENT, NOW, write_project

from kohort.clock import DAY
from kohort.pipeline.segments.preview import Preview
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


class Cost(NamedTuple):
    """Milliseconds by the wall, and of this process's CPU time."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--new", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--strangers", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = write_project(Path(folder) / "shop", given.people, given.events)
        first, _ = costed(lambda: size(project))
        told("mapped for the first time", [first])
        coming = Coming(project, given.people, given.new, given.strangers)
        grown, again = [], []
        for _ in range(given.times):
            coming.come()
            grown.append(costed(lambda: size(project))[0])
            cost, found = costed(lambda: size(project))
            again.append(cost)
        told(f"the next size after {given.new:,} events", grown)
        told("the same again", again)
        print(f"the longest {max(one.wall for one in grown):,.0f} ms; mapped files {megabytes(project):,.0f} MB")
        shutil.rmtree(project.folder.mapped)
        anew, true = costed(lambda: size(project))
        told("with files made anew", [anew])
        if (found.size, found.sample) != (true.size, true.sample):
            raise SystemExit(f"the grown files give {found.size} members, those made anew {true.size}")
        median = statistics.median(one.cpu for one in grown)
        print(f"\nAnew takes {anew.cpu / median:.0f} times the CPU time.")


def size(project: Project) -> Preview:
    """Return the size of a rule on events and a trait, with a sample of a thousand."""
    return project.preview(f"count of {EVENT} where total > 40 in last 30 days >= 2 and tier > 50", sample=1_000)


def costed(ask: Callable[[], Preview]) -> tuple[Cost, Preview]:
    """Return what it cost to ask, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = ask()
    return Cost(1_000 * (time.perf_counter() - wall), 1_000 * (time.process_time() - cpu)), found


def told(name: str, costs: list[Cost]) -> None:
    """Print the medians."""
    wall, cpu = (statistics.median(its) for its in zip(*costs, strict=True))
    print(f"{name:<40}{wall:>9,.0f} ms{cpu:>9,.0f} CPU ms", flush=True)


class Coming:
    """Events that come to a project, some of strangers."""

    def __init__(self, project: Project, people: int, count: int, strangers: float) -> None:
        self._tables = Tables(project.folder.tables)
        self._count, self._strangers, self._known = count, round(count * strangers), people
        self._chance = np.random.default_rng(2)

    def come(self) -> None:
        """Write the next events."""
        chance, count, new = self._chance, self._count, self._known + self._strangers
        numbers = chance.integers(0, self._known, count)
        numbers[: self._strangers] = np.arange(self._known, new)
        ids = pa.array([f"{one:020x}" for one in numbers])
        late = chance.random(count) < 0.1
        moments = NOW - np.where(late, chance.integers(0, 90 * DAY, count), chance.integers(0, DAY // 24, count))
        watermark = self._tables.watermark("events") + 1
        rows = {
            "event_id": pa.array([f"n{watermark}-{number}" for number in range(count)]),
            "actor_id": ids,
            "name": pa.repeat(EVENT, count),
            "ts": moments,
            "received_at": np.full(count, NOW),
            "source": pa.repeat("web", count),
            "total": chance.integers(1, 100, count) * 1_000_000,
        }
        self._tables.append("events", pa.table(rows), watermark=watermark)
        if self._strangers:
            theirs = ids.slice(0, self._strangers)
            seen = np.full(self._strangers, NOW - 1)
            added = pa.table([theirs, theirs, seen], schema=SCHEMAS["actors"])
            self._tables.append("actors", added, watermark=self._tables.watermark("actors") + 1)
        self._known = new


def megabytes(project: Project) -> float:
    """Return how much the mapped files take."""
    return sum(path.stat().st_size for path in project.folder.mapped.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
