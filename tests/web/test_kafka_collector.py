"""The server on Kafka: who sends is told the truth while a broker is away, and the engine and the publisher go on."""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_desk import serving

from brokers import Broker, noida
from kohort.pipeline.projecting.leading import Lead
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.engine import Engine
from kohort.web.logs import Log
from kohort.web.publishing import Publishing
from log_writer import Writer

KAFKA = {
    "journal": {"topic": "shop", "create": True, "replication": 1},
    "memberships": {"topic": "members", "create": True, "replication": 1},
    "patience": "2 seconds",
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with noida(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def kafka_shop(shop: Project, broker: Broker) -> Project:
    shop.folder.settings.write_text(json.dumps({"name": "shop", "kafka": {"brokers": [broker.address], **KAFKA}}))
    return shop


def test_an_answer_comes_once_the_broker_has_it(kafka_shop: Project, broker: Broker, clock: SettableClock) -> None:
    with serving(kafka_shop, clock) as desk:
        answers = []
        for number in range(5):
            if number == 2:
                broker.end()
            if number == 3:
                broker.start()
            event = {"userId": "ada", "event": "Seen", "messageId": f"m{number}"}
            answers.append(desk.send("/v1/track", event))
        assert [one.status_code for one in answers] == [200, 200, 503, 200, 200]
        for one in answers[2:3]:
            assert int(one.headers["retry-after"]) > 0
            assert one.json()["code"] == "not_stored"
        # As SDKs do: those that were refused come again, and whatever the broker took of them counts once.
        for number in (2, 3):
            event = {"userId": "ada", "event": "Seen", "messageId": f"m{number}"}
            assert desk.send("/v1/track", event).status_code == 200
        assert desk.stored() == 5


def test_an_answer_comes_once_the_topic_of_events_has_it_and_an_engine_takes_it(
    kafka_shop: Project, broker: Broker, clock: SettableClock
) -> None:
    events = {"topic": "events", "create": True, "replication": 1, "partitions": 3}
    kafka = {"brokers": [broker.address], **KAFKA, "events": events}
    kafka_shop.folder.settings.write_text(json.dumps({"name": "shop", "kafka": kafka}))
    with serving(kafka_shop, clock) as desk:
        for number in range(4):
            if number == 2:
                broker.end()
            who = [{"userId": f"u{one}", "messageId": f"{number}-{one}"} for one in range(4)]
            batch = [{"type": "track", "event": "Seen", **one} for one in who]
            answer = desk.send("/v1/batch", {"batch": batch})
            assert answer.status_code == (503 if number == 2 else 200)
            if number == 2:
                broker.start()
        assert desk.stored() == 0, "what is acknowledged waits in its partitions"
        with kafka_shop.engine() as standing:
            deadline = time.monotonic() + 60
            while desk.stored() < 12:
                assert time.monotonic() < deadline
                kafka_shop.keep_up(standing=standing)
    ids = kafka_shop.sql("SELECT event_id FROM events").column("event_id").to_pylist()
    assert {f"{number}-{one}" for number in (0, 1, 3) for one in range(4)} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_engine_goes_on_when_the_broker_has_come_back(
    kafka_shop: Project, broker: Broker, clock: SettableClock
) -> None:
    said = io.StringIO()
    engine = Engine(kafka_shop, kafka_shop.open_journal(), clock, Log("engine", clock, said))
    with serving(kafka_shop, clock) as desk:
        assert desk.send("/v1/track", {"userId": "ada", "event": "Seen"}).status_code == 200
        engine.step()
        broker.end()
        for _ in range(4):
            engine.step()
        broker.start()
        assert desk.send("/v1/track", {"userId": "bob", "event": "Seen"}).status_code == 200
        engine.step()
    assert kafka_shop.status().events == {"seen": 2}
    told = [json.loads(line) for line in said.getvalue().splitlines()]
    failures = [one["reason"] for one in told if one["event"] == "failed"]
    assert len(failures) in {1, 2}
    assert all("see that the brokers run and can be reached" in one for one in failures)


def test_the_publisher_tells_a_trouble_once_and_goes_on(
    kafka_shop: Project, broker: Broker, clock: SettableClock
) -> None:
    said, writer = io.StringIO(), Writer(kafka_shop.folder.tables)
    with kafka_shop.publishing() as publisher:
        publishing = Publishing(publisher, Lead(kafka_shop.folder), Log("publisher", clock, said))
        broker.end()
        writer.epoch(3)
        publishing.step()
        broker.start()
        publishing.step()
    told = [json.loads(line)["event"] for line in said.getvalue().splitlines()]
    assert told == ["failed", "published"]
