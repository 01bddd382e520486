"""How long it takes to be ready again, to apply a little, and to make all tables anew from the journal.

    python benchmarks/recovery.py [--events 1000000 …] [--people 100000] [--kind received messages]
        [--folder DIR]

Each project holds so many events of so many people (unless told otherwise, a tenth of the events): as the collector
writes them to the journal ("received", a hundred a request, with the context that a browser sends), or as reading a
file does ("messages"). *Ready*: a new process opens the project, finds the end of the journal, and applies what is left
(nothing). *A little*: it applies a hundred new events of people who are known. *Rebuild*: `kohort rebuild`. CPU seconds
are those of the processes asked.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from kohort.clock import format_moment, zone_of
from kohort.project import Project
from kohort.storage.frames import RecordKind
from kohort.storage.journal import Journal
from kohort.storage.messages import Message, Values, encode_messages
from kohort.storage.received import Received, encode_received
from kohort.storage.tables import Tables
from kohort.storage.views import count_by

NOW, DAY, UTC = 1_770_000_000_000_000, 86_400_000_000, zone_of("UTC")
AT_ONCE, A_REQUEST = 1_000, 100
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
PAGE = {"path": "/p", "referrer": "", "search": "", "title": "Shop", "url": "https://shop.example/p"}
CONTEXT = {
    "library": {"name": "analytics.js", "version": "1.70.0"},
    "userAgent": AGENT,
    "locale": "fr-FR",
    "page": PAGE,
}
READY = """
import sys
from kohort.project import Project
with Project(sys.argv[1])._writing():
    pass
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--people", type=int)
    parser.add_argument("--kind", nargs="+", choices=["received", "messages"], default=["received", "messages"])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args()
    print("| events | kind | journal, MiB | ready, wall s (CPU s) | a little, wall s (CPU s) | rebuild, events/CPU s | "
          "events/s, wall | most memory of a process, MiB |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for events in given.events:
        for kind in given.kind:
            place = Path(tempfile.mkdtemp(prefix="recovery", dir=given.folder))
            try:
                measure(place / "shop", events, given.people or events // 10, kind)
            finally:
                shutil.rmtree(place)


def measure(folder: Path, events: int, people: int, kind: RecordKind) -> None:
    project = Project.create(folder)
    journal, chosen = project._workspace().journal, np.random.default_rng(1)  # noqa: SLF001
    for start in range(0, events, AT_ONCE):
        append(journal, kind, messages(chosen, start, AT_ONCE, people))
    command = [sys.executable, "-m", "kohort", "rebuild", "--project", str(folder)]
    wall, cpu = run(command)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    before = stored(folder)
    ready = run([sys.executable, "-c", READY, str(folder)])
    few = messages(chosen, events, 100, people)
    append(journal, kind, few)
    little = run([sys.executable, "-c", READY, str(folder)])
    after = stored(folder)
    if (before, after) != (events, events + len(few)):
        raise SystemExit(f"{before} and {after} events are stored, not {events} and {len(few)} more")
    print(
        f"| {events:,} | {kind} | {journal.size() / 2**20:,.0f} | {ready[0]:.2f} ({ready[1]:.2f}) | "
        f"{little[0]:.2f} ({little[1]:.2f}) | {events / cpu:,.0f} | {events / wall:,.0f} | {memory:,.0f} |",
        flush=True,
    )


def messages(chosen: np.random.Generator, first: int, count: int, people: int) -> list[Message]:
    """Return events as a shop's site sends them: some visitors known, some not, some becoming known."""
    who = (people * chosen.random(count) ** 2).astype(int).tolist()
    ages, kinds, known, totals = (chosen.integers(0, most, count).tolist() for most in (180 * DAY, 10, 50, 10**9))
    return [
        Message(
            f"message-{first + number:012d}",
            "track",
            NOW - ages[number],
            NOW,
            "web",
            f"event_{kinds[number]}",
            f"user-{who[number]}" if known[number] < 25 else "",
            f"visitor-{who[number]}" if known[number] >= 24 else "",
            values=Values(
                {"total": totals[number]},
                {"category": f"c{totals[number] % 30}", "url": f"/products/{totals[number] % 5_000}"},
                {"new": totals[number] % 2 == 0},
            ),
        )
        for number in range(count)
    ]


def append(journal: Journal, kind: RecordKind, some: list[Message]) -> None:
    """Write messages to the journal, in records of a thousand or requests of a hundred."""
    if kind == "messages":
        journal.append(kind, [encode_messages(some)], recorded_at=NOW)
        return
    requests = [[msgspec.Raw(sent(one)) for one in some[at : at + A_REQUEST]] for at in range(0, len(some), A_REQUEST)]
    bodies = [encode_received(Received("web", NOW, sent_at=NOW - 1_000, events=events)) for events in requests]
    journal.append(kind, bodies, recorded_at=NOW)


def sent(message: Message) -> bytes:
    """Return a message as an SDK sends it."""
    values = message.values
    ids = {"userId": message.user_id, "anonymousId": message.anonymous_id}
    event = {
        "type": "track",
        "event": message.name.replace("_", " ").title(),
        "messageId": message.event_id,
        "timestamp": format_moment(message.ts // 1_000 * 1_000, UTC).replace("+00:00", "Z"),
        "context": CONTEXT,
        "integrations": {},
        "properties": {**values.texts, **values.booleans, "total": values.numbers["total"] // 10**4 / 100},
    }
    return msgspec.json.encode(event | {name: value for name, value in ids.items() if value})


def run(command: list[str]) -> tuple[float, float]:
    """Return the seconds of the clock and of the processors that a program took."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def stored(folder: Path) -> int:
    return sum(count_by(Tables(folder / "data" / "tables"), "events", "name").values())


if __name__ == "__main__":
    main()
