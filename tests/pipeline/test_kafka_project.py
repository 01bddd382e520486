"""A project whose journal stands in a topic, and whose changes of membership are published to another."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from confluent_kafka import KafkaError, TopicPartition

from brokers import Broker, noida
from kohort.clock import DAY
from kohort.definitions.kafka import KafkaDefinition
from kohort.errors import BrokerError, CorruptionError, UsageError
from kohort.pipeline.segments.log_events import event_of
from kohort.project import Project
from kohort.storage.kafka.connection import Connection
from kohort.testing.clock import SettableClock
from log_writer import Writer, log_rows
from small_shop import KILL_CYCLES, NOW, WriteLines, order, tables_of

TOPICS = {
    "journal": {"topic": "shop", "create": True, "replication": 1},
    "memberships": {"topic": "members", "create": True, "replication": 1, "partitions": 3},
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with noida(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def kafka_shop(shop: Project, broker: Broker) -> Project:
    declare(shop, broker, *TOPICS)
    return shop


def declare(shop: Project, broker: Broker, *topics: str, **more: str) -> None:
    document = yaml.safe_load(shop.folder.settings.read_text())
    document["kafka"] = {"brokers": [broker.address], **{name: TOPICS[name] for name in topics}, **more}
    shop.folder.settings.write_text(yaml.safe_dump(document))


def orders(number: int) -> list[object]:
    return [order(f"u{one % 7}", one, days_ago=one) for one in range(number)]


def published(broker: Broker) -> list[tuple[int, str, dict[str, object]]]:
    """What the topic says so far: partition, key and document of each message, in the order of each partition."""
    consumer = Connection(KafkaDefinition((broker.address,)), Path()).consumer()
    consumer.assign([TopicPartition("members", one, 0) for one in range(3)])
    found, ended = [], 0
    while ended < 3:
        message = consumer.poll(10)
        assert message is not None
        error, value, key = message.error(), message.value(), message.key()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            ended += 1
            continue
        assert value is not None
        assert key is not None
        document = json.loads(value)
        assert message.headers() == [("event", document["change"].encode())]
        partition = message.partition()
        assert partition is not None
        found.append((partition, str(key, "utf-8") if isinstance(key, bytes) else key, document))
    consumer.close()
    return found


def test_a_project_on_a_topic_is_as_one_on_files(
    kafka_shop: Project, tmp_path: Path, write_lines: WriteLines, clock: SettableClock
) -> None:
    on_files = Project.create(tmp_path / "files", clock=clock)
    lines = write_lines("orders.jsonl", orders(60))
    for one in (kafka_shop, on_files):
        for path in (one.folder.path / "scores").iterdir():
            path.unlink()  # their files stand in the topic too, and make other numbers
        assert one.ingest(lines).accepted == 60
        assert {step.state for step in one.run(NOW)} <= {"done", "skipped"}
        assert one.ingest(lines).accepted == 0
    before = tables_of(kafka_shop)
    assert before == tables_of(on_files)
    assert not kafka_shop.folder.journal.exists()
    assert kafka_shop.rebuild() == kafka_shop.status().journal_records == on_files.status().journal_records
    assert tables_of(kafka_shop) == before


def test_the_status_says_what_only_brokers_know(kafka_shop: Project, broker: Broker) -> None:
    status = kafka_shop.status()
    assert (status.journal_bytes, status.journal_damage) == (None, None)
    assert status.journal_place == f'the topic "shop" of Kafka at {broker.address}'


def test_a_broker_that_forgets_what_it_acknowledged_is_found_out(
    kafka_shop: Project, broker: Broker, write_lines: WriteLines
) -> None:
    kafka_shop.ingest(write_lines("orders.jsonl", orders(3)))
    broker.kill()  # which for this one means: before it wrote anything
    broker.start()
    with pytest.raises(CorruptionError, match=r'the journal in the topic "shop" .* ends at record 0, and the tables'):
        Project(kafka_shop.folder.path, clock=kafka_shop.clock).ingest(write_lines("more.jsonl", orders(4)))


def test_each_change_is_published_once_while_nothing_fails(
    kafka_shop: Project, broker: Broker, write_lines: WriteLines
) -> None:
    kafka_shop.ingest(write_lines("orders.jsonl", orders(60)))
    list(kafka_shop.run(NOW))
    rows = kafka_shop.sql("SELECT * FROM membership_log ORDER BY seq").to_pylist()
    assert kafka_shop.publish() == len(rows) > 0
    assert kafka_shop.publish() == 0
    found = published(broker)
    told = {int(str(document["id"])): document for _, _, document in found}
    log = kafka_shop._workspace().tables.read("membership_log").to_pylist()
    assert len(found) == len(told)
    assert told == {row["seq"]: msgspec.to_builtins(event_of(row)) for row in log}
    assert all(key == document["person_id"] for _, key, document in found)
    places = {key: {partition for partition, other, _ in found if other == key} for _, key, _ in found}
    assert all(len(one) == 1 for one in places.values())
    kafka_shop.rebuild()
    assert kafka_shop.publish() == 0


def test_publishing_needs_no_journal_in_kafka_but_a_topic(shop: Project, broker: Broker) -> None:
    with pytest.raises(UsageError, match="name one in"):
        shop.publish()
    declare(shop, broker, "memberships")
    writer = Writer(shop.folder.tables)
    writer.epoch(4)
    assert shop.publish() == 4
    assert {document["id"] for _, _, document in published(broker)} == {row["seq"] for row in log_rows(1, 4)}


def test_a_broker_that_is_away_makes_publishing_wait(shop: Project, broker: Broker) -> None:
    declare(shop, broker, "memberships", patience="3 seconds")
    writer = Writer(shop.folder.tables)
    writer.epoch(4)
    with shop.publishing() as publisher:
        assert publisher.step() == 4
        broker.end()
        writer.epoch(5)
        with pytest.raises(BrokerError, match="then try again"):
            publisher.step()
        broker.start()
    assert shop.publish() == 5
    said = {document["id"] for _, _, document in published(broker)}
    assert said == {row["seq"] for seq, size in ((1, 4), (2, 5)) for row in log_rows(seq, size)}


PUBLISHING = """
import sys
from pathlib import Path
from kohort.definitions.project import project_definition_of
from kohort.pipeline.segments import publishing
from kohort.storage.folder import ProjectFolder
publishing._AT_ONCE = 20
folder = ProjectFolder(Path(sys.argv[1]))
publisher = publishing.Publisher(folder, project_definition_of(folder.read_yaml(folder.settings), "kohort.yaml"))
print("ready", flush=True)
while True:
    publisher.step()
"""


@pytest.mark.slow
def test_publishing_killed_at_any_moment_repeats_and_never_skips(shop: Project, broker: Broker) -> None:
    declare(shop, broker, "memberships")
    writer, chosen = Writer(shop.folder.tables), random.Random(7)  # noqa: S311 - no secret
    for _ in range(KILL_CYCLES):
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISHING, str(shop.folder.path)], stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            writer.epoch(chosen.randrange(100, 300))
            time.sleep(chosen.random() / 2)
            running.kill()
    shop.publish()
    wanted = {row["seq"] for seq, size in enumerate(writer.sizes, 1) for row in log_rows(seq, size)}
    found = published(broker)
    assert {document["id"] for _, _, document in found} == wanted
    for number in range(3):
        seqs = [int(str(document["id"])) for partition, _, document in found if partition == number]
        first = list(dict.fromkeys(seqs))
        assert first == sorted(first)


@pytest.mark.slow
def test_another_folder_goes_on_publishing_where_the_first_had_come(
    kafka_shop: Project, broker: Broker, tmp_path: Path, clock: SettableClock, write_lines: WriteLines
) -> None:
    kafka_shop.ingest(write_lines("orders.jsonl", orders(60)))
    list(kafka_shop.run(NOW))
    assert kafka_shop.publish() > 0
    other = Project.create(tmp_path / "other", clock=clock)
    declare(other, broker, *TOPICS)
    assert (other.publish(), kafka_shop.publish()) == (0, 0)
    other.keep_up()
    assert tables_of(other)["membership_log"] == tables_of(kafka_shop)["membership_log"]
    assert other.publish() == 0
    list(kafka_shop.run(NOW + 9 * DAY))
    other.keep_up()
    assert other.publish() > 0
    assert kafka_shop.publish() == 0
    ids = [document["id"] for _, _, document in published(broker)]
    assert sorted(map(int, map(str, ids))) == sorted(
        json.loads(row)["seq"] for row in tables_of(kafka_shop)["membership_log"]
    )
