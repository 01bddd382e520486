"""Group commit: everybody is told the truth, and the disk is forced once a group."""

import asyncio
from concurrent.futures import Future
from pathlib import Path
from threading import Barrier, Thread

import pytest

from kohort.definitions.journal import JournalLimits
from kohort.errors import DiskFullError, OverloadError
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock


def test_callers_on_threads_each_get_their_own_number(tmp_path: Path) -> None:
    told: dict[bytes, int] = {}
    start = Barrier(8)

    def call(name: int) -> None:
        start.wait()
        for number in range(25):
            body = b"%d %d" % (name, number)
            told[body] = commits.submit("messages", body).result()

    with GroupCommit(Journal(tmp_path), SettableClock(5)) as commits:
        threads = [Thread(target=call, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    read = {record.body: record.seq for record in Journal(tmp_path).read(after=0)}
    assert read == told
    assert sorted(read.values()) == list(range(1, 201))


def test_a_group_is_forced_to_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[int] = []
    monkeypatch.setattr("kohort.storage.journal._force", forced.append)

    async def many() -> list[int]:
        return list(await asyncio.gather(*(commits.submit_async("messages", b"%d" % one) for one in range(500))))

    with GroupCommit(Journal(tmp_path), SettableClock(5), window=0.2) as commits:
        assert asyncio.run(many()) == list(range(1, 501))
    assert len(forced) <= 3
    assert {record.recorded_at for record in Journal(tmp_path).read(after=0)} == {5}


def test_what_a_turn_of_the_loop_brings_is_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[int] = []
    monkeypatch.setattr("kohort.storage.journal._force", forced.append)

    async def many() -> list[int]:
        return list(await asyncio.gather(*(commits.submit_async("messages", b"%d" % one) for one in range(500))))

    with GroupCommit(Journal(tmp_path), SettableClock(5)) as commits:
        assert asyncio.run(many()) == list(range(1, 501))
    assert len(forced) == 1


def test_closing_writes_what_a_loop_left_behind(tmp_path: Path) -> None:
    commits = GroupCommit(Journal(tmp_path), SettableClock(0))
    loop = asyncio.new_event_loop()
    # The loop is closed before its turn ends.
    commits.submit_for(Future(), loop, "messages", b"left")
    loop.close()
    commits.close()
    assert [record.body for record in Journal(tmp_path).read(after=0)] == [b"left"]


def test_kinds_keep_their_order(tmp_path: Path) -> None:
    with GroupCommit(Journal(tmp_path), SettableClock(0)) as commits:
        futures = [commits.submit("messages" if one % 3 else "rejects", b"%d" % one) for one in range(20)]
    assert [future.result() for future in futures] == list(range(1, 21))
    assert [(one.kind, int(one.body)) for one in Journal(tmp_path).read(after=0)] == [
        ("messages" if one % 3 else "rejects", one) for one in range(20)
    ]


def test_a_full_disk_is_told_to_all_of_a_group_and_the_next_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path, JournalLimits(quota=1_000))
    with GroupCommit(journal, SettableClock(0), window=0.1) as commits:
        refused = [commits.submit("messages", b"x" * 400) for _ in range(4)]
        assert [type(future.exception()) for future in refused] == [DiskFullError] * 4
        assert commits.submit("messages", b"small").result() == 1
        assert commits.waiting == 0


def test_more_than_may_wait_is_refused_at_once(tmp_path: Path) -> None:
    with GroupCommit(Journal(tmp_path), SettableClock(0), window=0.2, most_waiting=100) as commits:
        taken = [commits.submit("messages", b"x" * 40) for _ in range(2)]
        with pytest.raises(OverloadError, match="80 bytes wait"):
            commits.submit("messages", b"x" * 40)
        assert [future.result() for future in taken] == [1, 2]
        assert commits.submit("messages", b"x" * 40).result() == 3


def test_closing_writes_what_waits_and_refuses_more(tmp_path: Path) -> None:
    commits = GroupCommit(Journal(tmp_path), SettableClock(0), window=0.1)
    futures: list[Future[int]] = [commits.submit("messages", b"x") for _ in range(10)]
    commits.close()
    assert [future.result(timeout=0) for future in futures] == list(range(1, 11))
    with pytest.raises(OverloadError, match="stopped"):
        commits.submit("messages", b"x")


def test_a_caller_that_has_gone_disturbs_nobody(tmp_path: Path) -> None:
    async def impatient() -> int:
        gone = commits.submit_async("messages", b"gone")
        stays = commits.submit_async("messages", b"stays")
        gone.cancel()
        return await stays

    with GroupCommit(Journal(tmp_path), SettableClock(0)) as commits:
        assert asyncio.run(impatient()) == 2
    assert [record.body for record in Journal(tmp_path).read(after=0)] == [b"gone", b"stays"]
