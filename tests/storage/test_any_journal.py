"""What holds of every journal, whether its records stand in files or in a topic of a real broker."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import Broker, declare, noida, open_shop_journal, program
from kohort.storage.committing import GroupCommit
from kohort.storage.journals import OpenJournal
from kohort.testing.clock import SettableClock

KILLS = int(os.environ.get("KOHORT_KILL_CYCLES", "3"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with noida(tmp_path_factory.mktemp("noida")) as running:
        yield running


@pytest.fixture(params=["files", "kafka"])
def shop(request: pytest.FixtureRequest, broker: Broker, tmp_path: Path) -> Path:
    declare(tmp_path / "shop", broker if request.param == "kafka" else None)
    return tmp_path / "shop"


def bodies(journal: OpenJournal, after: int = 0) -> list[bytes]:
    return [record.body for record in journal.read(after=after)]


def test_records_come_back_in_order_with_what_was_said(shop: Path) -> None:
    journal = open_shop_journal(shop)
    assert journal.append("messages", [b"one", b"two"], recorded_at=7) == 2
    assert journal.append("epoch", [b"three"], recorded_at=8) == 3
    assert list(journal.append_all([("run", b"four"), ("rejects", b"")], recorded_at=-9)) == [4, 5]
    again = open_shop_journal(shop)
    assert [(one.seq, one.recorded_at, one.kind, one.body) for one in again.read(after=1)] == [
        (2, 7, "messages", b"two"),
        (3, 8, "epoch", b"three"),
        (4, -9, "run", b"four"),
        (5, -9, "rejects", b""),
    ]
    assert again.last_seq() == 5
    assert bodies(again, after=5) == []


def test_an_empty_journal_has_nothing(shop: Path) -> None:
    assert open_shop_journal(shop).last_seq() == 0
    assert bodies(open_shop_journal(shop)) == []


def test_a_reader_follows_and_reads_each_record_once(shop: Path) -> None:
    reader, writers = open_shop_journal(shop), [open_shop_journal(shop), open_shop_journal(shop)]
    seen, read = 0, []
    for number in range(30):
        writers[number % 2].append("messages", [bytes([number])] * (number % 3), recorded_at=0)
        for record in reader.read(after=seen):
            read.append((record.seq, record.body[0]))
            seen = record.seq
    assert read == list(enumerate((number for number in range(30) for _ in range(number % 3)), 1))


def test_who_stops_reading_may_go_on_or_begin_elsewhere(shop: Path) -> None:
    journal = open_shop_journal(shop)
    journal.append("messages", [b"%d" % one for one in range(20)], recorded_at=0)
    first = next(journal.read(after=0))
    assert (first.seq, first.body) == (1, b"0")
    assert bodies(journal, after=1) == [b"%d" % one for one in range(1, 20)]
    half = journal.read(after=9)
    assert next(half).seq == 10
    assert bodies(journal, after=17) == [b"17", b"18", b"19"]
    assert [one.seq for one in half] == list(range(11, 21))


def test_callers_of_a_group_each_get_their_own_number(shop: Path) -> None:
    with GroupCommit(open_shop_journal(shop), SettableClock(5)) as commits:
        futures = {b"%d" % one: commits.submit("messages", b"%d" % one) for one in range(200)}
    told = {body: future.result() for body, future in futures.items()}
    assert told == {record.body: record.seq for record in open_shop_journal(shop).read(after=0)}


WRITING = """
import sys
from pathlib import Path
from brokers import open_shop_journal
from kohort.storage import journal as module
module._LARGEST_FILE = 20_000
journal, name = open_shop_journal(Path(sys.argv[1])), sys.argv[2].encode()
for number in range(150):
    print(*journal.append_all([("messages", b"%s %d" % (name, number))] * 2, recorded_at=0))
"""


def test_many_processes_append_at_once(shop: Path) -> None:
    commands = [program(WRITING, str(shop), name) for name in "abcd"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    said = {name: one.communicate()[0].split() for name, one in zip("abcd", running, strict=True)}
    assert [one.returncode for one in running] == [0] * 4
    records = list(open_shop_journal(shop).read(after=0))
    assert [record.seq for record in records] == list(range(1, 1_201))
    for name, numbers in said.items():
        its = [record for record in records if record.body.split()[0] == name.encode()]
        assert [record.seq for record in its] == [int(one) for one in numbers]
        assert [int(record.body.split()[1]) for record in its] == [number // 2 for number in range(300)]
    assert not [path for path in shop.glob("data/journal/*") if path.suffix not in {".journal", ""}]


KILLED = """
import sys
from pathlib import Path
from brokers import open_shop_journal
journal, name = open_shop_journal(Path(sys.argv[1])), sys.argv[2].encode()
number = 0
while True:
    number += 1
    sent = [b"%s %d %d " % (name, number, one) + b"x" * 3000 for one in range(5)]
    told = journal.append_all([("messages", body) for body in sent], recorded_at=0)
    print(*told, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(shop: Path) -> None:
    acknowledged: dict[int, bytes] = {}
    for cycle in range(KILLS):
        with subprocess.Popen(program(KILLED, str(shop), f"{cycle}"), stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(20)]
            writer.kill()
            lines += [line for line in writer.stdout if line.endswith("\n")]
        for number, line in enumerate(lines, 1):
            for one, seq in enumerate(line.split()):
                acknowledged[int(seq)] = b"%d %d %d" % (cycle, number, one)
    records = list(open_shop_journal(shop).read(after=0))
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    stored = {record.seq: record.body.rstrip(b"x").rstrip() for record in records}
    assert len(acknowledged) >= 100 * KILLS
    assert acknowledged.items() <= stored.items()
    assert len(set(stored.values())) == len(stored)
