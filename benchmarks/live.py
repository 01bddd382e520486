"""What it costs to keep segments right while events come in, in CPU seconds of one core.

    python benchmarks/live.py [--people 1000000] [--events 10000000] [--segments 100 1000] [--warm 0.8] [--batch 1000]
        [--told 2000000] [--late 0] [--peer 20000] [--folder FOLDER]

The population is made with a fixed seed (see `workload/population.py`) and kept in `--folder`, by default a temporary
one. The live engine begins with the first events and is told the others in micro-batches, in the order of time; at
the end its members must be those of the kernel engine at that moment, person by person. With `--late`, that share of
the events comes with the next micro-batch only. The peer is the loop that
small engines use: for every event, the segments that speak of it are decided anew from a person's own lists in Python.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from workload.dictionaries import DictionaryLoop
from workload.measures import Size, rules_of, share
from workload.population import CATALOG, population
from workload.stream import Stream, delayed, stream_of

from kohort.engines.kernel.choice import compiled_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.engine import LiveEngine

Result = TypeVar("Result")


@dataclass(frozen=True)
class Run:
    """One replay: its events, CPU seconds, seconds of clock of each micro-batch, changes and memory."""

    events: int
    cpu: float
    batches: tuple[float, ...]
    changes: int
    warming: float
    memory: int
    different: int

    @property
    def rate(self) -> float:
        """Events per CPU second."""
        return self.events / self.cpu


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        size = Size(asked.people, asked.events, asked.folder or Path(temporary))
        alone(population, size.people, size.events, size.folder)
        print(f"## {size.people:,} people, warm from {int(size.events * asked.warm):,} events\n")
        print("| segments | events told | events per CPU s | peer, events per CPU s | times the peer ", end="")
        print("| micro-batch p50, ms | p99, ms | longest, ms | changes per event | warming, CPU s | bytes a person |")
        print("|---" * 11 + "|")
        for segments in asked.segments:
            run = alone(replay, size, segments, asked)
            peer = alone(replay_peer, size, segments, asked)
            milliseconds = [1_000 * seconds for seconds in run.batches]
            print(f"| {segments:,} | {run.events:,} | {run.rate:,.0f} | {peer:,.0f} | {run.rate / peer:,.0f} ", end="")
            print(f"| {share(milliseconds, 50):.2f} | {share(milliseconds, 99):.2f} | {max(milliseconds):.1f} ", end="")
            print(
                f"| {run.changes / run.events:.2f} | {run.warming:.1f} | {run.memory / size.people:,.0f} |", flush=True
            )
            if run.different:
                sys.exit(f"{run.different} rules have other members than the kernel engine's")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--segments", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--warm", type=float, default=0.8, help="the share of the events that are there at first")
    parser.add_argument("--batch", type=int, default=1_000, help="events in a micro-batch")
    parser.add_argument("--told", type=int, default=2_000_000, help="events to tell at most")
    parser.add_argument("--late", type=float, default=0.0, help="the share of events that come a micro-batch late")
    parser.add_argument("--peer", type=int, default=20_000, help="events that the peer is told")
    parser.add_argument("--folder", type=Path, help="where populations are kept")
    return parser.parse_args()


def replay(size: Size, segments: int, asked: argparse.Namespace) -> Run:
    stream = stream_of(population(size.people, size.events, size.folder), asked.warm, asked.told)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    rules = rules_of(segments)
    live = LiveEngine(stream.warm, CATALOG, rules, stream.begin)
    warming = time.process_time() - cpu
    spent, batches, changes = 0.0, [], 0
    for events, now in delayed(stream.batches(asked.batch), asked.late):
        arrivals = Arrivals(events)
        cpu, wall = time.process_time(), time.perf_counter()
        changes += len(live.tell(arrivals, now))
        batches.append(time.perf_counter() - wall)
        spent += time.process_time() - cpu
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    different = compare(live, stream, segments)
    return Run(stream.told, spent, tuple(batches), changes, warming, memory, different)


def compare(live: LiveEngine, stream: Stream, segments: int) -> int:
    """Return how many rules have other members than a batch at the same moment under the same statistics."""
    kernels = KernelEngine(stream.all, CATALOG, compiled_kernels())
    expected = kernels.evaluate(rules_of(segments), live.now, live.statistics).members.bits
    found = live.members().bits
    return sum(not np.array_equal(found[name], expected[name]) for name in expected)


def replay_peer(size: Size, segments: int, asked: argparse.Namespace) -> float:
    """Return how many events the loop takes in a CPU second, told to people who begin with their own histories."""
    stream = stream_of(population(size.people, size.events, size.folder), asked.warm, asked.peer)
    loop = DictionaryLoop(rules_of(segments), stream)
    spent = 0.0
    for events, _ in stream.batches(asked.batch):
        rows = loop.rows(events)
        cpu = time.process_time()
        loop.tell(rows)
        spent += time.process_time() - cpu
    return stream.told / spent


def alone(work: Callable[..., Result], *given: object) -> Result:
    """Return the result of `work`, done in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


if __name__ == "__main__":
    main()
