"""The topic of events: by actor, taken into the journal once however often it is taken, damage told."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import KafkaError, Message, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from brokers import Broker, noida
from kohort.clock import SECOND
from kohort.definitions.kafka import KafkaDefinition
from kohort.project import Project
from kohort.storage.frames import Record, frame_of, record_at
from kohort.storage.journals import open_intake
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.intake import parted, partition_of
from kohort.storage.kafka.sending import Sender, Sent
from kohort.storage.kafka.taking import Taking
from kohort.storage.received import Received, Refused, decode_received, encode_received
from kohort.web.measurements import EngineMeasurements
from kohort.web.metrics import Family
from small_shop import NOW, tables_of

TOPICS = {
    "journal": {"topic": "shop", "create": True, "replication": 1},
    "events": {"topic": "events", "create": True, "replication": 1, "partitions": 3},
}
PATIENCE = 60


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with noida(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def kafka_shop(shop: Project, broker: Broker) -> Project:
    shop.folder.settings.write_text(json.dumps({"name": "shop", "kafka": {"brokers": [broker.address], **TOPICS}}))
    return shop


def receive(shop: Project, *events: dict[str, str]) -> None:
    texts = [msgspec.Raw(json.dumps({"type": "track", "event": "Seen", **one}).encode()) for one in events]
    body = encode_received(Received("web", NOW, events=texts))
    intake = open_intake(shop.folder, shop.settings, shop.open_journal())
    assert intake.append_all([("received", body)], recorded_at=NOW) == [0]


def standing_in(broker: Broker) -> list[Message]:
    """What the topic of events holds, partition by partition."""
    consumer = Connection(KafkaDefinition((broker.address,)), Path()).consumer()
    consumer.assign([TopicPartition("events", one, 0) for one in range(3)])
    found, ended = [], 0
    while ended < 3:
        message = consumer.poll(10)
        assert message is not None
        error = message.error()
        if error is None:
            found.append(message)
        else:
            assert error.code() == KafkaError._PARTITION_EOF
            ended += 1
    consumer.close()
    return found


def taking_of(shop: Project) -> Taking:
    kafka = shop.settings.kafka
    assert kafka is not None
    assert kafka.journal is not None
    assert kafka.events is not None
    return Taking(kafka, kafka.journal, kafka.events, shop.folder.path, shop.clock)


def events_in(message: Message) -> list[dict[str, str]]:
    value = message.value()
    assert isinstance(value, bytes)
    found = record_at(value, 0)
    assert found is not None
    return [json.loads(bytes(one)) for one in decode_received(found[0].body).events]


def test_an_actor_has_one_partition_and_keeps_the_order(kafka_shop: Project, broker: Broker) -> None:
    chosen = random.Random(1)  # noqa: S311 - no secret
    for number in range(12):
        batch = [{"userId": f"u{chosen.randrange(9)}", "messageId": f"{number}-{place}"} for place in range(5)]
        receive(kafka_shop, *batch)
    where: dict[str, set[int | None]] = {}
    order: dict[str, list[tuple[int, int]]] = {}
    for message in standing_in(broker):
        for one in events_in(message):
            where.setdefault(one["userId"], set()).add(message.partition())
            number, place = map(int, one["messageId"].split("-"))
            order.setdefault(one["userId"], []).append((number, place))
    assert sum(map(len, order.values())) == 60
    assert all(len(its) == 1 for its in where.values())
    assert len({place for its in where.values() for place in its}) == 3
    assert all(its == sorted(its) for its in order.values())


def test_what_is_taken_again_counts_once_also_without_an_id(kafka_shop: Project, broker: Broker) -> None:
    for number in range(8):
        who = f"u{number % 4}"
        receive(kafka_shop, {"userId": who}, {"userId": who, "messageId": f"m{number}"}, {"anonymousId": f"a{number}"})
    standing, chosen = standing_in(broker), random.Random(2)  # noqa: S311 - no secret
    one, late = taking_of(kafka_shop), taking_of(kafka_shop)
    one.take(standing[:9])
    late.take(standing[4:6])
    one.take(standing[9:])
    late.take(chosen.sample(standing, 7))
    kafka_shop.keep_up()
    ids = kafka_shop.sql("SELECT event_id FROM events").column("event_id").to_pylist()
    assert len(ids) == len(set(ids)) == 24
    assert kafka_shop.status().dead_letters == 0
    before = tables_of(kafka_shop)
    kafka_shop.rebuild()
    assert tables_of(kafka_shop) == before


def test_how_much_is_still_to_be_taken_is_told(kafka_shop: Project, broker: Broker, tmp_path: Path) -> None:
    assert kafka_shop.status().untaken == 0, "the topic is not there yet"
    for number in range(7):
        receive(kafka_shop, {"userId": f"u{number}"})
    assert kafka_shop.status().untaken == len(standing_in(broker)) == 7
    kafka = kafka_shop.settings.kafka
    assert kafka is not None
    group = Connection(kafka, Path()).consumer(kafka.group)
    message = standing_in(broker)[0]
    place = TopicPartition("events", message.partition() or 0, (message.offset() or 0) + 1)
    group.commit(offsets=[place], asynchronous=False)
    group.close()
    assert kafka_shop.status().untaken == kafka_shop.untaken() == 6, "what was committed is in the journal"
    measured = EngineMeasurements(tmp_path / "told", kafka_shop.clock, kafka_shop.freshness, kafka_shop.untaken)
    measured.stands(leads=True)
    measured.publish()
    written = msgspec.json.decode((tmp_path / "told").read_bytes(), type=list[Family])
    found = {one.name: one.values for one in written}
    assert found["kohort_events_topic_messages_untaken"] == [((), 6.0)]
    assert found["kohort_engine_leads"] == [((), 1.0)]


def test_damage_in_the_topic_costs_itself_and_is_told(kafka_shop: Project, broker: Broker) -> None:
    receive(kafka_shop, {"userId": "ada", "messageId": "m1"})
    sender = Sender(Connection(KafkaDefinition((broker.address,)), Path()), "events")
    wrong = [b"no frame", frame_of(Record(0, NOW, "received", b"[1]")), frame_of(Record(0, NOW, "epoch", b"{}"))]
    sender.send([Sent(one, partition=1) for one in wrong])
    taking_of(kafka_shop).take(standing_in(broker))
    kafka_shop.keep_up()
    assert kafka_shop.status().events == {"seen": 1}
    assert sorted(one.subject for one in kafka_shop.findings()) == [f"events 1/{offset}" for offset in range(3)]


@pytest.mark.slow
def test_an_engine_takes_what_is_there_and_goes_on_where_it_had_come(kafka_shop: Project, broker: Broker) -> None:
    for start in (0, 5):
        for number in range(start, start + 5):
            receive(kafka_shop, {"userId": f"u{number}"})
        with kafka_shop.engine() as standing:
            assert standing is not None
            deadline = time.monotonic() + PATIENCE
            while kafka_shop.open_journal().last_seq() == 0 or kafka_shop.status().events != {"seen": start + 5}:
                assert time.monotonic() < deadline
                kafka_shop.keep_up(standing=standing)
    journal = [one for one in kafka_shop.open_journal().read(after=0) if one.kind == "received"]
    assert len(journal) == 10, "nothing is taken twice that was committed"


ACTORS = st.one_of(st.none(), st.sampled_from(["ada", "bob", "", "é"]), st.integers(0, 9))


@given(st.lists(st.tuples(ACTORS, ACTORS), max_size=12), st.integers(1, 5), st.booleans())
def test_parts_hold_each_event_once_with_its_place(
    actors: list[tuple[object, object]], partitions: int, some_were_refused: bool
) -> None:
    texts = [msgspec.Raw(json.dumps({"userId": user, "anonymousId": one}).encode()) for user, one in actors]
    refused = [Refused(0, "", "wrong", "{}")] if some_were_refused else []
    places = list(range(1, len(texts) + 1)) if some_were_refused else []
    whole = Received("web", 5, 4 * SECOND, events=texts, places=places, refused=refused)
    parts = {number: decode_received(body) for number, body in parted(encode_received(whole), partitions).items()}
    rows = [
        (place, bytes(event))
        for one in parts.values()
        for place, event in zip(one.places or range(len(one.events)), one.events, strict=True)
    ]
    assert sorted(rows) == [*zip(places or range(len(texts)), map(bytes, texts), strict=True)]
    assert [letter for one in parts.values() for letter in one.refused] == refused
    for number, one in parts.items():
        assert {partition_of(bytes(event), partitions) for event in one.events} <= {number}
        assert (one.source, one.received_at, one.sent_at) == ("web", 5, 4 * SECOND)
