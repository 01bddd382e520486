"""From the receipt of an event to the change of membership that it makes: live, beside all segments run on time.

    python benchmarks/freshness.py [--rate 5000] [--seconds 20] [--people 20000] [--segments 100] [--every 0]
        [--folder FOLDER]

A collector and an engine serve a project in processes of their own, as `kohort serve` has them. A sender in a third
process posts batches of 100 events, so many a second, each when its time has come, and waits for every answer. Many
of the events are somebody's first visit for a week, who enters a segment by it. A reader follows the membership log:
what is measured is the time from an event's own moment, just before it is sent, until the row is seen. The peer is the
same server without its live engine, where our own batch engine decides all segments anew, as tools do that recompute:
`--every` so many seconds, by default one run right after another, which is the best that can be done so.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import numpy as np
import pyarrow.compute as pc

from kohort.clock import SECOND, Moment, SystemClock, format_moment, zone_of
from kohort.project import Project
from kohort.storage.received import Received, encode_received

_DAY: Final = 24 * 3600 * SECOND
_BATCH: Final = 100
_FRESH: Final = 2
"""How many events of a batch are somebody's first."""
UTC: Final = zone_of("UTC")


def made(folder: Path, people: int, segments: int, leaving: int = 0, until: Moment = 0) -> Project:
    """Return a project whose people have visited, and whose segments have been run.

    So many people besides are `leaving` the first segment at the moment `until`.
    """
    project = Project.create(folder)
    path = project.folder.path
    for kind in ("segments", "scores"):
        for file in (path / kind).iterdir():
            file.unlink()
    lines = ["segments:", "  - {name: fresh, where: did visit in last 7 days}"]
    for n in range(segments - 1):
        where = f"count of visit in last {n % 20 + 1} days >= {n % 7 + 2} or sum of visit.worth > {n}"
        lines.append(f"  - {{name: s{n}, where: {where}}}")
    (path / "segments" / "all.yaml").write_text("\n".join(lines))
    (path / "tracking.yaml").write_text("events: {visit: {properties: {worth: number}}}")
    old, week = project.clock.now() - 30 * _DAY, until - 7 * _DAY
    append(project, (visit(f"u{n}", f"o{n}", old + n, n % 90) for n in range(people)))
    append(project, (visit(f"q{n}", f"q{n}", week, 1) for n in range(leaving)))
    list(project.run())
    return project


def append(project: Project, visits: Iterable[dict[str, Any]]) -> None:
    """Write visits to the journal as the collector does."""
    journal, now = project.open_journal(), project.clock.now()
    events = (msgspec.Raw(json.dumps(one).encode()) for one in visits)
    while request := [*islice(events, 1_000)]:
        journal.append("received", [encode_received(Received("web", now, events=request))], recorded_at=now)


def visit(who: str, message: str, moment: Moment, worth: int) -> dict[str, Any]:
    """Return one visit as SDKs send it."""
    said = {"type": "track", "event": "Visit", "userId": who, "messageId": message}
    return said | {"timestamp": format_moment(moment, UTC), "properties": {"worth": worth}}


def send(url: str, key: str, rate: int, seconds: float, people: int, first: int) -> None:
    """Post batches when their time has come; tell on standard output how many were acknowledged, and how late."""
    clock, head = SystemClock(), {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
    client, sent, fresh = httpx.Client(), 0, first
    started = time.perf_counter()
    while (due := sent / rate) < seconds:
        time.sleep(max(0.0, started + due - time.perf_counter()))
        now = clock.now()
        events: list[dict[str, Any]] = []
        for n in range(_BATCH):
            who = f"u{fresh + n % people if n < _FRESH else first - 1 - (sent + n) % (first // 2)}"
            events.append(visit(who, f"{first}-{sent + n}", now, 1))
        fresh += _FRESH
        answer = client.post(url + "/v1/batch", json={"batch": events, "sentAt": format_moment(now, UTC)}, headers=head)
        answer.raise_for_status()
        sent += _BATCH
    print(f"{sent / (time.perf_counter() - started):,.0f} events/s acknowledged")


@contextmanager
def serving(project: Project, *, live: bool) -> Iterator[str]:
    """Serve a project; yield the collector's address."""
    settings = project.folder.settings
    settings.write_text(settings.read_text() + f"\nlive: {{enabled: {str(live).lower()}}}\n")
    command = [sys.executable, "-m", "kohort", "serve", "--project", str(project.folder.path)]
    with subprocess.Popen([*command, "--port", "8731"], stderr=subprocess.DEVNULL) as running:  # noqa: S603 - our own
        try:
            url = "http://127.0.0.1:8731"
            for _ in range(600):
                try:
                    if httpx.get(url + "/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield url
        finally:
            running.terminate()


def rerun(folder: Path, every: float, stop: Any, found: Any) -> None:
    """Run all segments every so many seconds, as whoever has no live engine would; put how often."""
    project, runs = Project(folder, patience=60), 0
    begin = time.perf_counter()
    is_last = False
    while not is_last:
        is_last = stop.wait(max(0.0, begin + runs * every - time.perf_counter()))
        list(project.run())
        runs += 1
    found.put(runs)


def followed(folder: Path, stop: Any, found: Any) -> None:
    """Follow the log; put for each person who entered the first segment how long that took, in seconds."""
    clock, log = SystemClock(), Project(folder).membership_log()
    log.look()
    place, delays = log.state.end, []
    while not stop.is_set():
        if not log.look():
            time.sleep(0.005)
            continue
        seen = clock.now()
        while place < log.state.end:
            page = log.state.page(place)
            place = page.up_to
            # Rows of other segments are not looked at one by one: what comes meanwhile would be seen later by it.
            its = page.rows.filter((pc.field("segment") == "fresh") & (pc.field("change") == "entered"))
            delays += [(seen - moment) / SECOND for moment in its.column("effective_at").to_pylist()]
    found.put(delays)


def measure(folder: Path, args: argparse.Namespace, *, live: bool) -> None:
    """Measure one of the two, and print what was seen."""
    project = made(folder, args.people, args.segments)
    key, _ = project.keys.create_write("web")
    context = multiprocessing.get_context("spawn")
    ended, seen, found, runs = context.Event(), context.Event(), context.Queue(), context.Queue()
    with serving(project, live=live) as url:
        warm(project, url, key)
        reader = context.Process(target=followed, args=(folder, seen, found))
        peer = context.Process(target=rerun, args=(folder, args.every, ended, runs))
        for one in [reader] if live else [reader, peer]:
            one.start()
        time.sleep(3)
        sender = context.Process(target=send, args=(url, key, args.rate, args.seconds, args.people, args.people))
        sender.start()
        sender.join()
        ended.set()
        name = "live" if live else f"all segments decided anew, {runs.get()} times"
        time.sleep(3)
        seen.set()
        delays = np.array(found.get())
        for one in [reader] if live else [reader, peer]:
            one.join()
    p50, p99 = np.quantile(delays, [0.5, 0.99]) if len(delays) else (np.nan, np.nan)
    print(f"{name}: {len(delays):,} who entered seen; p50 {p50 * 1000:,.0f} ms, p99 {p99 * 1000:,.0f} ms")


def warm(project: Project, url: str, key: str) -> None:
    """Have one event pass through, so that everything has begun."""
    log = project.membership_log()
    log.look()
    start = log.state.end
    httpx.post(url + "/v1/track", json={"userId": "first", "event": "Visit", "messageId": "f"}, auth=(key, ""))
    for _ in range(1_200):
        log.look()
        if log.state.end > start:
            return
        time.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--every", type=float, default=0.0, help="seconds from one run of the peer to the next")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=["live", "runs"])
    args = parser.parse_args(arguments)
    print(f"{args.rate:,} events/s, {args.people:,} people, {args.segments} segments, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for live in (True, False):
            if args.only in {None, "live" if live else "runs"}:
                measure(Path(folder) / str(live), args, live=live)


if __name__ == "__main__":
    main()
