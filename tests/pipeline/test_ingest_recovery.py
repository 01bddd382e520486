"""Programs that append, bring the tables up and make them anew are killed at random moments: nothing told is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from brokers import Broker, noida
from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import KILL_CYCLES, NOW, tables_of


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with noida(tmp_path / "broker") as running:
        yield running


# Appends from many threads by group commit, in files of a few groups each, repeats among them; tells what is on disk.
COLLECTING = """
import random, sys
from pathlib import Path
from threading import Thread
from kohort.project import Project
from kohort.storage import journal as module
from kohort.storage.committing import GroupCommit
from kohort.storage.messages import Message, Values, encode_messages
module._LARGEST_FILE = 40_000
project, cycle, now = Project(sys.argv[1]), sys.argv[2], int(sys.argv[3])
commits = GroupCommit(project._workspace().journal, project.clock)

def send(thread):
    number, before = 0, []
    chosen = random.Random(thread)
    while True:
        number += 1
        one = Message(f"{cycle}-{thread}-{number}", "track", now - chosen.randrange(10 * 24 * 3600) * 10**6, now, "web",
            "bought", user_id=f"u{chosen.randrange(40)}", values=Values(numbers={"total": 10**6}))
        some = [one, *chosen.sample(before, min(2, len(before)))]
        commits.submit("messages", encode_messages(some)).result()
        sys.stdout.write(one.event_id + "\\n")
        sys.stdout.flush()
        before = [*before[-20:], one]

for thread in range(6):
    Thread(target=send, args=(thread,), daemon=True).start()
Thread(target=send, args=(6,)).run()
"""

# Brings the tables up to the journal again and again, runs the segments, and now and then makes all tables anew.
PROJECTING = """
import random, sys
from kohort.errors import LockedError
from kohort.project import Project
project, chosen = Project(sys.argv[1]), random.Random(int(sys.argv[2]))
print("ready", flush=True)
while True:
    what = chosen.random()
    if what < 0.15:
        project.rebuild()
    elif what < 0.3:
        list(project.run("2026-03-01"))
    else:
        with project._writing():
            pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["files", "kafka"])
def test_kill_9_of_collector_and_engine_loses_nothing_and_doubles_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, journal: str
) -> None:
    shop = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    if journal == "kafka":
        broker: Broker = request.getfixturevalue("broker")
        topic = {"topic": "shop", "create": True, "replication": 1}
        kafka = {"brokers": [broker.address], "journal": topic}
        shop.folder.settings.write_text(json.dumps({"name": "shop", "kafka": kafka}))
    segments = shop.folder.path / "segments" / "reference.yaml"
    segments.write_text(
        "segments:\n"
        "  - {name: recent, where: did bought in last 3 days}\n"
        "  - {name: big, where: sum of bought.total > mean}\n"
    )
    chosen = random.Random(5 if KILL_CYCLES == 3 else None)  # noqa: S311 - no secret
    told: set[str] = set()
    for cycle in range(KILL_CYCLES):
        path = str(shop.folder.path)
        commands = [["-c", COLLECTING, path, str(cycle), str(NOW)], ["-c", PROJECTING, path, str(cycle)]]
        running = [
            subprocess.Popen([sys.executable, *one], stdout=PIPE, text=True, start_new_session=True) for one in commands
        ]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        time.sleep(chosen.uniform(0.1, 2.5))
        chosen.shuffle(running)
        for one in running:
            os.killpg(one.pid, signal.SIGKILL)
        lines = [line for one in running if one.stdout for line in one.stdout if line.endswith("\n")]
        told |= {line.strip() for line in lines}
        for one in running:
            one.communicate()
    with shop._writing():
        rows = [row["event_id"] for row in shop.sql("SELECT event_id FROM events").to_pylist()]
    assert told <= set(rows), "what was acknowledged is stored"
    assert len(rows) == len(set(rows)), "and stored once"
    assert len(told) > 10 * KILL_CYCLES
    assert (len(list(shop.folder.journal.glob("*.journal"))) > 1) is (journal == "files")
    assert not list(shop.folder.journal.glob("*.damaged"))
    list(shop.run(NOW + DAY))
    for segment in ("recent", "big"):
        kept, anew = (shop.members(segment, at).column("person_id").to_pylist() for at in (None, NOW + DAY))
        assert sorted(kept) == sorted(anew) != []
    before = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == before
