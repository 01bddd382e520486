"""A journal in a topic: what topics are refused, what damage costs, and brokers that are away, killed or forgetful."""

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from brokers import Broker, declare, noida, open_shop_journal, program, tansu
from kohort.clock import SECOND
from kohort.definitions.kafka import KafkaDefinition, KafkaLogin, KafkaTls, TopicDefinition
from kohort.definitions.references import Reference
from kohort.errors import BrokerError, MissingExtraError, OverloadError, ProjectError, TopicError
from kohort.storage.committing import GroupCommit
from kohort.storage.frames import Record, frame_of
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.following import record_of
from kohort.storage.kafka.journal import KafkaJournal
from kohort.testing.clock import SettableClock

KILLS = int(os.environ.get("KOHORT_KILL_CYCLES", "3"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with noida(tmp_path_factory.mktemp("noida")) as running:
        yield running


@pytest.fixture
def shop(broker: Broker, tmp_path: Path) -> Path:
    declare(tmp_path / "shop", broker)
    return tmp_path / "shop"


def topic_of(shop: Path) -> str:
    return str(json.loads((shop / "kohort.yaml").read_text())["kafka"]["journal"]["topic"])


def journal_at(broker: Broker, topic: str, patience: int = 2, **options: bool | int) -> KafkaJournal:
    kafka = KafkaDefinition((broker.address,), patience=patience * SECOND)
    return KafkaJournal(kafka, TopicDefinition(topic, **options), Path())  # type: ignore[arg-type]


def make_topic(broker: Broker, name: str, partitions: int, **settings: str) -> None:
    kept = {"retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": "67108864"}
    given = {name.replace("_", "."): value for name, value in settings.items()}
    wanted = NewTopic(name, num_partitions=partitions, replication_factor=1, config={**kept, **given})
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([wanted])[name].result(10)


def send(broker: Broker, topic: str, *values: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": broker.address})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(10) == 0


@pytest.mark.parametrize(
    ("partitions", "settings", "problem"),
    [
        (2, {}, "has 2 partitions, and the journal needs one"),
        (1, {"retention_ms": "604800000"}, "retention.ms=604800000, so records of the journal would be deleted"),
        (1, {"retention_bytes": "1000000"}, "set retention.bytes=-1 on it"),
        (1, {"cleanup_policy": "compact"}, "cleanup.policy=compact"),
        (1, {"max_message_bytes": "1048588"}, "max.message.bytes=1,048,588, and records of the journal may be larger"),
    ],
)
def test_a_topic_that_would_lose_records_is_refused(
    broker: Broker, request: pytest.FixtureRequest, partitions: int, settings: dict[str, str], problem: str
) -> None:
    name = f"unfit-{partitions}-{len(problem)}"
    make_topic(broker, name, partitions, **settings)
    journal = journal_at(broker, name)
    for use in (
        journal.last_seq,
        lambda: journal.append("run", [b""], recorded_at=0),
        lambda: list(journal.read(after=0)),
    ):
        with pytest.raises(TopicError, match=problem):
            use()


def test_a_topic_that_fits_needs_not_to_be_made(broker: Broker) -> None:
    make_topic(broker, "fits", 1)
    assert journal_at(broker, "fits").append("run", [b"one"], recorded_at=0) == 1


def test_a_missing_topic_is_made_only_if_that_is_declared(broker: Broker) -> None:
    with pytest.raises(TopicError, match=r'no topic "missing" .*; make it, or write create: true'):
        journal_at(broker, "missing").last_seq()
    assert "missing" not in AdminClient({"bootstrap.servers": broker.address}).list_topics(timeout=10).topics
    with pytest.raises(TopicError, match=r"(?s)could not make the topic.*replication factor"):
        journal_at(broker, "missing", create=True, replication=3).last_seq()
    assert journal_at(broker, "missing", create=True, replication=1).last_seq() == 0


def test_what_cannot_be_read_is_lost_alone(broker: Broker, shop: Path) -> None:
    journal = open_shop_journal(shop)
    journal.append("messages", [b"one"], recorded_at=3)
    frame = frame_of(Record(0, 4, "messages", b"two"))
    strange = frame_of(Record(0, 4, "messages", b"two")).replace(b"messages", b"m\xff\xffsages")
    strange = strange[:4] + zlib.crc32(strange[8:]).to_bytes(4, "little") + strange[8:]
    send(broker, topic_of(shop), b"garbage", frame[:-1] + b"!", None, frame + b"more", strange, b"")
    journal.append("messages", [b"last"], recorded_at=5)
    for reader in (journal, open_shop_journal(shop)):
        found = list(reader.read(after=0))
        assert [(one.seq, one.kind, one.lost) for one in found] == [
            (1, "messages", 0),
            *((seq, "lost", 1) for seq in range(2, 8)),
            (8, "messages", 0),
        ]
    assert [one.seq for one in journal.read(after=4)] == [5, 6, 7, 8]
    assert list(journal.read(after=3)) == list(open_shop_journal(shop).read(after=0))[3:]


def test_a_record_may_be_large(shop: Path) -> None:
    journal, body = open_shop_journal(shop), os.urandom(6_000_000)
    journal.append("model", [body, b"small", body], recorded_at=0)
    assert [one.body for one in journal.read(after=0)] == [body, b"small", body]


def test_who_is_let_in_is_told_to_the_brokers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "open")
    login = KafkaLogin("SCRAM-SHA-512", "shop", Reference("SHOP_PASSWORD"))
    kafka = KafkaDefinition(("127.0.0.1:1",), KafkaTls("ca.pem"), login)
    settings = Connection(kafka, tmp_path)._settings()
    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.password"] == "open"
    assert settings["ssl.ca.location"] == str(tmp_path / "ca.pem")
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(ProjectError, match="SHOP_PASSWORD is not set"):
        KafkaJournal(kafka, TopicDefinition("shop"), tmp_path).last_seq()


def test_without_the_extra_it_is_told_what_to_install(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kohort.storage.kafka.journal", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[kafka\]"'):
        open_shop_journal(shop)


def test_a_broker_that_is_away_is_waited_for_and_then_told_of(tmp_path: Path) -> None:
    with noida(tmp_path) as broker:
        journal = journal_at(broker, "away", patience=10, create=True, replication=1)
        assert journal.append("run", [b"before"], recorded_at=0) == 1
        journal = journal_at(broker, "away", patience=1)
        assert journal.last_seq() == 1
        read = journal.read(after=0)
        broker.end()
        for use in (journal.last_seq, lambda: journal.append("run", [b""], recorded_at=0), lambda: next(read)):
            with pytest.raises(BrokerError, match="see that the brokers run and can be reached, then try again"):
                use()
        with pytest.raises(BrokerError, match="look at the topic"):
            journal_at(broker, "away", patience=1).last_seq()
        broker.start()
        again = journal_at(broker, "away", patience=10)
        assert again.append("run", [b"after"], recorded_at=0) == 2
        assert [one.body for one in again.read(after=0)] == [b"before", b"after"]


def test_a_broker_that_stands_still_bounds_what_waits_and_loses_nothing(tmp_path: Path) -> None:
    with noida(tmp_path) as broker:
        journal = journal_at(broker, "still", create=True, replication=1)
        journal.append("run", [b"first"], recorded_at=0)
        assert broker.process is not None
        broker.process.send_signal(signal.SIGSTOP)
        with GroupCommit(journal, SettableClock(0), most_waiting=1_000) as commits:
            taken = [commits.submit("messages", b"x" * 250) for _ in range(4)]
            with pytest.raises(OverloadError):
                commits.submit("messages", b"x" * 250)
            refused = [one.exception() for one in taken]
            assert {type(one) for one in refused} == {BrokerError}
            broker.process.send_signal(signal.SIGCONT)
            told = commits.submit("messages", b"last").result()
        stored = {one.seq: one.body for one in journal.read(after=0)}
        # What was refused may be there all the same; what was acknowledged must be.
        assert stored[1] == b"first"
        assert stored[told] == b"last"


def to_the_end(broker: Broker, topic: str) -> list[Record]:
    """Read a topic up to where its partition ends: of Tansu, whose answer to how far it goes is an old one."""
    consumer = Connection(KafkaDefinition((broker.address,)), Path()).consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Record] = []
    while True:
        message = consumer.poll(10)
        assert message is not None
        error, offset = message.error(), message.offset()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            consumer.close()
            return found
        assert offset is not None
        found.append(record_of(message, offset))


APPENDING = """
import sys
from pathlib import Path
from brokers import open_shop_journal
journal, number = open_shop_journal(Path(sys.argv[1])), 0
while True:
    number += 1
    print(journal.append("messages", [b"%d" % number], recorded_at=0), number, flush=True)
"""


def test_a_broker_killed_again_and_again_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[int, bytes] = {}
    with tansu() as broker:
        declare(tmp_path, broker)
        with subprocess.Popen(program(APPENDING, str(tmp_path)), stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(KILLS):
                # It goes on by itself each time the broker has come back.
                lines = [writer.stdout.readline() for _ in range(5)]
                broker.kill()
                broker.start()
                acknowledged |= {int(line.split()[0]): line.split()[1].encode() for line in lines}
            lines = [writer.stdout.readline() for _ in range(5)]
            writer.kill()
            lines += [line for line in writer.stdout if line.endswith("\n")]
        acknowledged |= {int(line.split()[0]): line.split()[1].encode() for line in lines}
        broker.kill()
        broker.start()
        records = to_the_end(broker, topic_of(tmp_path))
    assert [one.seq for one in records] == list(range(1, len(records) + 1))
    stored = {one.seq: one.body for one in records}
    assert acknowledged.items() <= stored.items()
    assert len(set(stored.values())) == len(stored)
