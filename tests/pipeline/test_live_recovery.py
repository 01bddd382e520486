"""Whoever keeps memberships up live is killed at random moments: they are what a run finds, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE

import pytest
from live_desk import SETTLING, LiveDesk, logged, stored

from kohort.clock import HOUR, SECOND
from small_shop import KILL_CYCLES, NOW, tables_of

SEGMENTS = {
    "recent": "did visit in last 60 seconds",
    "often": "count of visit in last 10 minutes >= 3",
    "abandoned": "did cart in last 10 minutes then not order within 90 seconds",
    "ahead": "count of visit > mean",
}

# Lets people visit, order and log in, now and then late, keeps memberships up live, runs and applies; on and on.
KEEPING = """
import random, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], str(Path(sys.argv[1]).parent)]
from live_desk import LiveDesk
from kohort.clock import SECOND
from kohort.pipeline.projecting.write_behind import WriteBehind
desk, chosen = LiveDesk.again(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]), random.Random(int(sys.argv[4]))
WriteBehind.is_more = lambda _: chosen.random() < 0.8  # what was applied is written little by little
segments = __import__("json").loads(sys.argv[5])
desk.step()
print("ready", flush=True)
while True:
    desk.clock.advance(chosen.randrange(20) * SECOND)
    now = desk.clock.now() - __import__("small_shop").NOW
    for _ in range(chosen.randrange(4)):
        who, at = f"u{chosen.randrange(8)}", now - chosen.choice([0, 0, 1, 30, 200]) * SECOND
        event = {"event": chosen.choice(["Visit", "Cart", "Order"]), "userId": who, "at": at}
        login = {"type": "identify", "userId": who, "anonymousId": f"a{chosen.randrange(8)}", "at": at}
        desk.receive(chosen.choice([event, event, event, login, {"anonymousId": f"a{chosen.randrange(8)}", **event}]))
    what = chosen.random()
    if what < 0.1:
        desk.run()
    elif what < 0.15:
        desk.declare(**segments, other=f"count of visit >= {chosen.randrange(5)}")
        desk.run(apply=True)
    desk.step()
"""


@pytest.mark.slow
def test_kill_9_while_memberships_are_kept_live_misses_nothing_and_says_nothing_twice(tmp_path: Path) -> None:
    desk = LiveDesk(tmp_path, **SEGMENTS)
    desk.clock.moment = NOW - HOUR
    desk.receive(*({"event": event, "userId": "u0"} for event in ("Visit", "Cart", "Order")))
    desk.step()
    desk.run()
    chosen = random.Random(7 if KILL_CYCLES == 3 else None)  # noqa: S311 - no secret
    here = str(Path(__file__).parent)
    for cycle in range(KILL_CYCLES):
        arguments = [here, str(tmp_path / "shop"), str(NOW + cycle * 100 * HOUR), str(cycle), json.dumps(SEGMENTS)]
        running = subprocess.Popen(
            [sys.executable, "-c", KEEPING, *arguments], stdout=PIPE, text=True, start_new_session=True
        )
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(chosen.uniform(0.5, 6))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    desk.clock.moment = NOW + KILL_CYCLES * 100 * HOUR
    desk.restart()
    desk.step()
    desk.step(after=SETTLING + SECOND)
    now = desk.clock.now()
    for name in SEGMENTS:
        kept, anew = (desk.project.members(name, at).column("person_id").to_pylist() for at in (None, now))
        assert sorted(kept) == sorted(anew), name
    assert logged(desk) == stored(desk), "the log says what the memberships are"
    assert len(desk.log()) > 5 * KILL_CYCLES
    before = tables_of(desk.project)
    desk.project.rebuild()
    assert tables_of(desk.project) == before
