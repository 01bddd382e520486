"""A minute of ten times more than the server may hold, and than a key may send: bounded memory, nothing lost."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import httpx
import pytest
from server_desk import Running, running

from kohort.project import Project

MINUTE = 60
SENDERS, EVENTS, WAITING = 100, 5, 100_000
SLOW, FAST = 2, 400
"""The rates of two keys, in events a second: one that nobody keeps to, one that gives the collector enough to do."""
GROWTH = 64 * 2**20
"""The most bytes by which the collector's process may grow."""
SETTINGS = f"\ncollect: {{event: 4 kB, batch: 40 kB, waiting: {WAITING // 1000} kB}}\n"
TEXT = "x" * 3_800


class Crowd:
    """Senders that hardly wait: what they are told, what was acknowledged, what the collector's process held."""

    def __init__(self, server: Running) -> None:
        self.url, self.status = server.url, Path(f"/proc/{server.child('kohort.web.collecting')}/status")
        self.answers: Counter[tuple[int, str]] = Counter()
        self.unhurried: Counter[int] = Counter()
        self.offered: Counter[str] = Counter()
        self.acknowledged: dict[str, list[str]] = {}
        self.memory: list[int] = []
        self.largest = 0
        self._numbers = count()

    async def run(self, keys: Sequence[str]) -> None:
        limits = httpx.Limits(max_connections=SENDERS)
        async with httpx.AsyncClient(limits=limits, timeout=MINUTE) as client:
            end = time.monotonic() + MINUTE
            senders = [self._send(client, key, end) for key in keys for _ in range(SENDERS // len(keys))]
            await asyncio.gather(self._look(end), *senders)

    async def _send(self, client: httpx.AsyncClient, key: str, end: float) -> None:
        while time.monotonic() < end:
            ids = [f"m{next(self._numbers)}" for _ in range(EVENTS)]
            visit = {"type": "track", "event": "Seen", "userId": "u", "properties": {"text": TEXT}}
            body = json.dumps({"batch": [{**visit, "messageId": one} for one in ids]}).encode()
            self.largest = max(self.largest, len(body))
            answer = await client.post(f"{self.url}/v1/batch", content=body, auth=(key, ""))
            self.offered[key] += EVENTS
            said = answer.json()
            self.answers[answer.status_code, said.get("code", "")] += 1
            if answer.status_code == 200:
                self.acknowledged.setdefault(key, []).extend(ids)
            elif int(answer.headers.get("retry-after", "0")) < 1:
                self.unhurried[answer.status_code] += 1

    async def _look(self, end: float) -> None:
        while time.monotonic() < end:
            lines = self.status.read_text().splitlines()  # of a file that no disk has
            (held,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
            self.memory.append(int(held) * 1024)
            await asyncio.sleep(0.25)


@pytest.mark.slow
def test_a_minute_of_ten_times_too_much(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    project.folder.settings.write_text(project.folder.settings.read_text() + SETTINGS)
    slow, fast = (project.keys.create_write("web", rate=rate)[0] for rate in (SLOW, FAST))
    with running(project) as server:
        server.wait_for("started", "collector")
        crowd = Crowd(server)
        asyncio.run(crowd.run([slow, fast]))
    assert server.heard("died") == []
    assert SENDERS * crowd.largest >= 10 * WAITING, "ten times what may wait"
    assert crowd.offered[slow] >= 10 * len(crowd.acknowledged[slow]), "ten times what the key may send"
    assert crowd.answers.keys() == {(200, ""), (429, "rate_limited"), (503, "overloaded")}, crowd.answers
    assert not crowd.unhurried, "everybody is told when to come again"
    assert max(crowd.memory) - crowd.memory[0] < GROWTH, crowd.memory
    stored = [str(row["event_id"]) for row in project.sql("select event_id from events").to_pylist()]
    acknowledged = [one for its in crowd.acknowledged.values() for one in its]
    assert sorted(stored) == sorted(acknowledged), "what was acknowledged, once, and nothing else"
