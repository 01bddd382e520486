"""What evaluating segments costs, against one SQL query per segment, in CPU seconds of the same run.

    python benchmarks/segments.py [--people 1000000] [--events 10000000 50000000] [--segments 10 100 300 1000]
        [--asked 20] [--folder FOLDER] [--chart FILE.svg]

The population is made with a fixed seed (see `workload/population.py`) and kept in `--folder`, by default a temporary
one. The kernel engine evaluates all segments at once on one core; the peer, DuckDB on one thread, is sent one query per
segment (see `workload/peer.py`), for the first `--asked` of them, and its cost for all is extrapolated from their
mean. Their members must be the same.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import altair as alt
from workload.measures import KERNELS, KernelRun, PeerRun, Size, run_kernels, run_peer, run_previews, share
from workload.peer import EVENTS, open_peer
from workload.population import population

Result = TypeVar("Result")
PREVIEWS = 200
WORDS = {"by_time": "one query a segment, events by time", "by_name": "one query a segment, events by name"}


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        rows = [row for events in asked.events for row in measure(Size(asked.people, events, folder), asked)]
    if asked.chart is not None:
        draw(rows, asked.chart)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000_000, 50_000_000])
    parser.add_argument("--segments", type=int, nargs="+", default=[10, 100, 300, 1_000])
    parser.add_argument("--asked", type=int, default=20, help="how many segments the peer is asked for")
    parser.add_argument("--folder", type=Path, help="where populations are kept")
    parser.add_argument("--chart", type=Path, help="where to write the chart of growth")
    return parser.parse_args()


def measure(size: Size, asked: argparse.Namespace) -> list[dict[str, object]]:
    """Measure one population, print its tables, and return the rows of the chart."""
    alone(make, size)
    title = f"{size.people:,} people × {size.events:,} events"
    kernels = {name: [alone(run_kernels, size, count, name) for count in asked.segments] for name in KERNELS}
    peers = {events: alone(run_peer, size, asked.asked, events) for events in EVENTS}
    print(f"\n## {title}\n")
    print_costs(kernels, peers, asked.asked)
    if wrong := {events: run.different for events, run in peers.items() if run.different}:
        sys.exit(f"the peer's members differ from the kernel engine's: {wrong}")
    print_kernels(kernels["numba"])
    previews = [1_000 * seconds for seconds in alone(run_previews, size, PREVIEWS)]
    print(f"\nPreview of one segment, {PREVIEWS} of them, wall ms: p50 {share(previews, 50):.0f}, ", end="")
    print(f"p95 {share(previews, 95):.0f}, longest {max(previews):.0f}.", flush=True)
    found = [(f"kernels, {name}", run.segments, run.cost.cpu) for name, runs in kernels.items() for run in runs]
    found += [(WORDS[name], count, mean(run.cpu) * count) for name, run in peers.items() for count in asked.segments]
    return [{"engine": engine, "segments": count, "CPU seconds": cpu, "events": title} for engine, count, cpu in found]


def print_costs(kernels: dict[str, list[KernelRun]], peers: dict[str, PeerRun], asked: int) -> None:
    print("| segments | engine | CPU s | wall s | times the kernels |\n|---|---|---|---|---|")
    for number, run in enumerate(kernels["numba"]):
        for name, runs in kernels.items():
            its = runs[number].cost
            times = f"{its.cpu / run.cost.cpu:.1f}"
            print(f"| {run.segments:,} | kernels, {name} | {its.cpu:.3f} | {its.wall:.3f} | {times} |")
        for name, peer in peers.items():
            cpu = mean(peer.cpu) * run.segments
            note = "" if run.segments <= asked else f" (extrapolated from {asked})"
            print(f"| {run.segments:,} | {WORDS[name]}{note} | {cpu:.1f} | | {cpu / run.cost.cpu:,.0f} |")


def print_kernels(runs: Iterable[KernelRun]) -> None:
    print(
        "\n| segments | features | conditions | sentences to plan, CPU s | first run, CPU s | every run, CPU s ", end=""
    )
    print("| reading the columns once, CPU s | most memory, MiB |\n|---|---|---|---|---|---|---|---|")
    for run in runs:
        print(f"| {run.segments:,} | {run.features} | {run.conditions} | {run.planning.cpu:.2f} ", end="")
        print(f"| {run.first.cpu:.2f} | {run.cost.cpu:.3f} | {run.reading.cpu:.3f} | {run.most_memory / 2**20:,.0f} |")


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Draw growth with the number of segments: a panel a population, both axes logarithmic."""
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("segments:Q", scale=alt.Scale(type="log")),
            y=alt.Y("CPU seconds:Q", scale=alt.Scale(type="log")),
            color=alt.Color("engine:N", title=None, legend=alt.Legend(orient="bottom", columns=2, labelLimit=400)),
        )
        .properties(width=330, height=300)
        .facet(alt.Column("events:N", title=None, sort=None))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(path)


def make(size: Size) -> None:
    open_peer(population(size.people, size.events, size.folder)).close()


def alone(work: Callable[..., Result], *given: object) -> Result:
    """Return the result of `work`, done in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
