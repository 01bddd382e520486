"""How long the studio's pages take at the server on a project of a million people: wall and processor, and their size.

python benchmarks/studio.py [--people 1000000] [--events 10000000] [--times 20]

The tables are written straight, since what they hold matters here and not how it came. Each page is asked for once,
when nothing that it shows was found before, then `--times` times while nothing changes: "first" is the processor's time
of the one, "CPU" the mean of the others. The builder's size of a rule is compared with what an analyst would ask
instead: one statement of DuckDB over the same tables.
"""

import argparse
import itertools
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import httpx
import msgspec
from workload.tables import EVENT, SEGMENTS, someone, write_project

from kohort.clock import DAY
from kohort.governance.audit import OPERATOR
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.rules.parse import parse_rule
from kohort.web.accounts.app import mount_guarded_studio
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.callers import COOKIE
from kohort.web.listening import http_server
from kohort.web.studio.builder.drafts import Sent
from kohort.web.studio.builder.reading import draft_of

GOAL = 300
RULES = tuple(
    f"count of {EVENT} where total > {40 + number} in last 30 days >= 2 and tier > 50" for number in range(20)
)
TOTALS = tuple(range(40, 60))
SQL = """
WITH buyers AS (
  SELECT person_id FROM events JOIN actors USING (actor_id)
  WHERE name = $event AND total > $total AND ts > $since AND ts <= $until GROUP BY person_id HAVING count(*) >= 2
) SELECT count(*) FROM buyers JOIN tiers USING (person_id) WHERE tier > 50000000
"""


def rule(total: int) -> str:
    """Return the rule that is sized, of an amount."""
    return f"count of {EVENT} where total > {total} in last 30 days >= 2 and tier > 50"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = write_project(Path(folder) / "shop", given.people, given.events)
        with studio(project) as client:
            begun = time.perf_counter()
            client.post("/build/outcome", json=asked(TOTALS[0]))
            print(f"The first size of a rule, which maps the events into files: {time.perf_counter() - begun:.1f} s.\n")
            print(f"{'page':<34}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'first ms':>9}{'kB':>8}")
            for path in paths(project):
                told(path, lambda path=path: client.get(path), given.times)
            sizes(client, project, given.times)


@contextmanager
def studio(project: Project) -> Iterator[httpx.Client]:
    """Serve the studio in a thread, and give what asks it as an admin."""
    account = project.accounts.create("ada", Role.ADMIN, OPERATOR)
    session = project.sessions.begin(account.account_id, OPERATOR)
    known = project.sessions.find(session)
    feed = Feed(project.membership_log(), print)
    server = http_server(application(project, feed, studio=mount_guarded_studio), grace=5)
    feed.running = lambda: not server.should_exit
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    headers = {
        "accept": "text/html",
        "cookie": f"{COOKIE}={session}",
        "sec-fetch-site": "same-origin",
        "x-csrf-token": "" if known is None else known.csrf,
    }
    with httpx.Client(
        base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", headers=headers, timeout=600
    ) as client:
        yield client
    server.should_exit = True
    thread.join()


def paths(project: Project) -> Iterator[str]:
    """Yield the pages, and the parts that follow them."""
    segment = f"/segments/{SEGMENTS[3]}"
    yield from ("/", "/segments", segment)
    yield from (f"{segment}/{part}" for part in ("sizes", "moves", "apart", "value", "overlap", "members", "versions"))
    yield from (f"/people/{someone(project)}", "/people", f"/build?segment={SEGMENTS[3]}", "/changes")
    yield from ("/discover", "/events", "/sources")


def told(name: str, ask: Callable[[], httpx.Response], times: int) -> list[float]:
    """Ask so many times, and print how long it took."""
    begun = time.process_time()
    ask()
    first = 1_000 * (time.process_time() - begun)
    walls, busy = [], time.process_time()
    for _ in range(times):
        begun = time.perf_counter()
        answer = ask()
        walls.append(1_000 * (time.perf_counter() - begun))
    busy = 1_000 * (time.process_time() - busy) / times
    p95 = statistics.quantiles(walls, n=20)[-1]
    late = "" if p95 < GOAL else f"  {p95 / GOAL:.1f} times the goal"
    refused = "" if answer.status_code == 200 else f"  status {answer.status_code}"
    size = len(answer.content) / 1_000
    found = f"{statistics.median(walls):>9.0f}{p95:>9.0f}{busy:>9.0f}{first:>9.0f}{size:>8.0f}"
    print(f"{name:<34}{found}{late}{refused}", flush=True)
    return walls


def asked(total: int) -> object:
    """Return what the builder sends for the rule of an amount."""
    return msgspec.to_builtins(Sent(draft_of(parse_rule(rule(total)))))


def sizes(client: httpx.Client, project: Project, times: int) -> None:
    """Compare the builder's size of rules, each another one as while somebody types, with one statement each."""
    totals = itertools.cycle(TOTALS)
    name = "the size of a rule, while typing"
    ours = told(name, lambda: client.post("/build/outcome", json=asked(next(totals))), times)
    with peer(project) as ask:
        ask(TOTALS[0])
        theirs = []
        for number in range(times):
            total = TOTALS[number % len(TOTALS)]
            begun = time.perf_counter()
            size = ask(total)
            theirs.append(1_000 * (time.perf_counter() - begun))
            if size != project.preview(rule(total)).size:
                raise SystemExit(f"the statement counts {size} for: {rule(total)}")
    times_as_long = statistics.median(theirs) / statistics.median(ours)
    print(f"\nOne statement of DuckDB for the same size: p50 {statistics.median(theirs):.0f} ms, ", end="")
    print(f"{times_as_long:.1f} times as long, without the sizes of the conditions.")


@contextmanager
def peer(project: Project) -> Iterator[Callable[[int], int]]:
    """Give what counts the rule of an amount by one statement over the tables' own files."""
    until = project.moment()
    with duckdb.connect() as connection:
        for name in ("events", "actors", "trait_values"):
            files = project.folder.tables / name / "**" / "*.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")
        connection.execute(
            "CREATE VIEW tiers AS SELECT person_id, number AS tier FROM trait_values JOIN actors USING (actor_id) "
            "WHERE name = 'tier'"
        )

        def count(total: int) -> int:
            values = {"event": EVENT, "total": total * 1_000_000, "since": until - 30 * DAY, "until": until}
            found = connection.execute(SQL, values).fetchone()
            return 0 if found is None else int(found[0])

        yield count


if __name__ == "__main__":
    main()
