"""Ten times more than the collector may hold: the rest is told to come again, and what was acknowledged is there."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_desk import Desk, serving

from kohort.definitions.collecting import CollectLimits
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock
from small_shop import NOW

SENDERS = 60


async def send_all(desk: Desk, body: dict[str, object]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=SENDERS)
    async with httpx.AsyncClient(auth=(desk.key, ""), limits=limits, timeout=60) as client:
        one = [{**body, "messageId": f"m{number}"} for number in range(SENDERS * 3)]
        return await asyncio.gather(*(client.post(f"{desk.url}/v1/track", json=event) for event in one))


def test_overload_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk stands still until the collector has refused somebody: what waits meanwhile is bounded."""
    clock = SettableClock(NOW)
    real = Journal.append_all
    limits = CollectLimits(event=4_000, batch=4_000, waiting=20_000)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock, limits) as desk:
        held: list[int] = []
        desk.collector.outcomes.listen(lambda _: held.append(desk.collector.waiting.bytes))

        def slow(journal: Journal, *args: Any, **options: Any) -> Sequence[int]:
            while not any(one.code for one in desk.told):
                time.sleep(0.001)
            return real(journal, *args, **options)

        monkeypatch.setattr(Journal, "append_all", slow)
        event: dict[str, object] = {"userId": "u", "event": "Seen", "properties": {"text": "x" * 1_500}}
        answers = asyncio.run(send_all(desk, event))
        refused = [one for one in answers if one.status_code == 503]
        assert {one.status_code for one in answers} == {200, 503}
        assert all(int(one.headers["retry-after"]) > 0 for one in refused)
        assert {one.json()["code"] for one in refused} == {"overloaded"}
        assert 15_000 < max(held) <= limits.waiting
        assert desk.stored() == len(answers) - len(refused)
        assert desk.collector.waiting.bytes == 0
