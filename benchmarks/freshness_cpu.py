"""Freshness in the engine's own CPU time: what it would be with a processor of its own, whatever else the machine does.

    python benchmarks/freshness_cpu.py [--rate 5000] [--seconds 8] [--people 20000] [--segments 100] [--midnight 0]

The server's engine runs in this process, by a clock that goes on with its CPU time. Batches of 100 events, as in
`freshness.py`, stand in the journal as soon as their moment has come; making them costs no time by this clock. Measured
is the time from an event's moment until the record of who enters by it is in the journal and seen by who follows the
log. What a disk lets wait for, and what other processes take from this one, is not in it.

With `--midnight`, so many people besides leave a segment at one and the same moment, a third of the time after the
beginning: what is fresh before it, and from then until all have been told that they left, is told apart. That begins
after ten seconds of settling: a million take `--seconds 24` at least.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import msgspec
import numpy as np
from freshness import made, visit

from kohort.clock import SECOND, Moment, SystemClock
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.project import Project
from kohort.storage.received import Received, encode_received
from kohort.web.engine import Engine
from kohort.web.logs import Log

_BATCH, _FRESH = 100, 2
_AHEAD = 7_200
"""So many seconds after the beginning comes what is measured: long enough to prepare everything."""


class CpuClock:
    """Tells the time by the CPU time of this process, but for what it is told to leave out."""

    def __init__(self, begin: Moment) -> None:
        self._begin, self._left_out = begin, time.process_time()

    @property
    def spent(self) -> float:
        """The seconds so far."""
        return time.process_time() - self._left_out

    def now(self) -> Moment:
        """Return the present moment."""
        return self._begin + int(self.spent * SECOND)

    def at(self, spent: float) -> Moment:
        """Return the moment when so many seconds had been spent."""
        return self._begin + int(spent * SECOND)

    def leave_out(self, seconds: float) -> None:
        """Count so many seconds less; of fewer than none, more."""
        self._left_out += seconds

    def go_on_to(self, moment: Moment) -> None:
        """Go forward to a moment that is still to come, in no time; raises SystemExit if it has passed."""
        ahead = (moment - self.now()) / SECOND
        if ahead < 0:
            raise SystemExit(f"preparing took {-ahead:,.0f} seconds too long: give _AHEAD more")
        self.leave_out(-ahead)


class Sender:
    """Appends to the journal what has come by now; `waiting` are the moments of batches, in seconds spent."""

    def __init__(self, project: Project, clock: CpuClock, rate: int, people: int) -> None:
        self._journal, self._clock, self._rate, self._people = project.open_journal(), clock, rate, people
        self._begin, self._sent, self._new = clock.spent, 0, people
        self.waiting: list[float] = []

    def send(self) -> None:
        """Append each batch whose moment has come."""
        begin = time.process_time()
        while (due := self._begin + self._sent / self._rate) <= self._clock.spent:
            moment, half = self._clock.at(due), self._people // 2
            whose = [self._new + n if n < _FRESH else self._people - 1 - (self._sent + n) % half for n in range(_BATCH)]
            said = [visit(f"u{who}", f"m{self._sent + n}", moment, 1) for n, who in enumerate(whose)]
            events = [msgspec.Raw(json.dumps(one).encode()) for one in said]
            self._journal.append(
                "received", [encode_received(Received("web", moment, events=events))], recorded_at=moment
            )
            self._sent, self._new = self._sent + _BATCH, self._new + _FRESH
            self.waiting.append(due)
        self._clock.leave_out(time.process_time() - begin)


class Follower:
    """Sees in the log who entered; `delays` are from each batch's moment until then, with that moment, in seconds."""

    def __init__(self, project: Project, clock: CpuClock) -> None:
        self._log, self._clock = project.membership_log(), clock
        self.under_way: list[float] = []
        self.delays: list[tuple[float, float]] = []

    def look(self) -> None:
        """Look, in no time by this clock."""
        spent, begin = self._clock.spent, time.process_time()
        if self._log.look() and self.under_way:
            self.delays += [(one, spent - one) for one in self.under_way]
            self.under_way.clear()
        self._clock.leave_out(time.process_time() - begin)


def measure(folder: Path, args: argparse.Namespace) -> None:
    """Run the engine for so long, and print how long its steps took, and how fresh what it found was."""
    until = SystemClock().now() + _AHEAD * SECOND
    made(folder, args.people, args.segments, args.midnight, until)
    clock = CpuClock(SystemClock().now())
    project = Project(folder, clock=clock)
    engine = Engine(project, project.open_journal(), clock, Log("engine", clock, StringIO()))
    for _ in range(2):
        engine.step()
    # Never back: then all that is sent would come late.
    clock.go_on_to(until - int(args.seconds * SECOND / 3))
    engine.step()
    sender, follower = Sender(project, clock, args.rate, args.people), Follower(project, clock)
    is_more, write = WriteBehind.is_more, WriteBehind.write

    def sent_first(behind: WriteBehind) -> bool:
        sender.send()
        return is_more(behind)

    def noted_first(behind: WriteBehind) -> None:
        follower.look()
        write(behind)

    WriteBehind.is_more, WriteBehind.write = sent_first, noted_first  # type: ignore[method-assign]
    begin, steps = clock.spent, list[tuple[float, float]]()
    while clock.spent - begin < args.seconds:
        sender.send()
        if not sender.waiting:
            clock.leave_out(-0.001)
            continue
        follower.under_way += sender.waiting
        sender.waiting.clear()
        before = clock.spent
        engine.step()
        steps.append((before, clock.spent - before))
    swept = begin + (until - clock.at(begin)) / SECOND if args.midnight else begin + args.seconds
    tell("before" if args.midnight else "all", steps, follower.delays, 0, swept)
    if args.midnight:
        tell(f"{args.midnight:,} leave", steps, follower.delays, swept, begin + args.seconds)
        project.write_behind(whole=True)
        inside = project.members("fresh").num_rows
        print(f"{inside:,} are inside at the end")


def tell(
    name: str, steps: list[tuple[float, float]], delays: list[tuple[float, float]], since: float, until: float
) -> None:
    """Print what was measured of a stretch of time."""
    longs, waits = ([long * 1000 for at, long in one if since <= at < until] for one in (steps, delays))
    said = [np.quantile(np.array(one), [0.5, 0.99]).round() for one in (longs, waits)]
    print(f"{name}: {len(longs)} steps: p50 {said[0][0]:.0f}, p99 {said[0][1]:.0f}, longest {max(longs):.0f} ms; "
          f"fresh after p50 {said[1][0]:.0f}, p99 {said[1][1]:.0f} ms of CPU")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--midnight", type=int, default=0, help="how many leave at one moment")
    args = parser.parse_args(arguments)
    print(f"{args.rate:,} events/s, {args.people:,} people, {args.segments} segments, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "p", args)


if __name__ == "__main__":
    main()
