"""Taking what collectors wrote to the topic of events into the journal.

It may be taken twice, by one who was paused and by who took over: each record says where it stood, and events without
an id of their own get one that is made of it, so each counts once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from confluent_kafka import Message

from kohort.clock import Clock
from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.storage.frames import RecordKind
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.following import record_of
from kohort.storage.kafka.journal import KafkaJournal
from kohort.storage.kafka.topics import prepare_journal
from kohort.storage.received import decode_received, encode_received
from kohort.storage.records import Finding, FindingsRecorded


class Taking:
    """Appends messages of the topic `events` to the topic `journal`; both are looked at when they are first used."""

    def __init__(
        self, kafka: KafkaDefinition, journal: TopicDefinition, events: TopicDefinition, folder: Path, clock: Clock
    ) -> None:
        self.topic: Final = events.name
        self._kafka, self._events, self._clock = kafka, events, clock
        self._connection = Connection(kafka, folder)
        self._journal = KafkaJournal(kafka, journal, folder)

    def prepare(self) -> None:
        """See that the topic is there, or make it; raises TopicError or BrokerError."""
        prepare_journal(self._connection, self._events, partitioned=True)

    def take(self, messages: Sequence[Message]) -> None:
        """Append messages, in their order; what is damaged becomes a finding. Raises BrokerError or TopicError."""
        self._journal.append_all([self._taken(one) for one in messages], recorded_at=self._clock.now())

    def _taken(self, message: Message) -> tuple[RecordKind, bytes]:
        place = f"{message.partition()}/{message.offset()}"
        record = record_of(message, 0)
        try:
            received = decode_received(record.body) if record.kind == "received" else None
        except msgspec.DecodeError:
            received = None  # whoever may write to the topic can give any bytes a right checksum
        if received is not None:
            return "received", encode_received(msgspec.structs.replace(received, taken=f"{self.topic}/{place}"))
        finding = damaged_finding(self.topic, self._kafka, place)
        return "findings", msgspec.json.encode(FindingsRecorded("journal", [finding]))


def damaged_finding(topic: str, kafka: KafkaDefinition, place: str) -> Finding:
    """Return that what stands in a topic of events at `place`, its partition and offset, is no event."""
    detail = (
        f'what stands in the topic "{topic}" of {kafka} at {place} (partition and offset) is damaged, '
        "or was never an event: what was sent at that time may be missing; send it again"
    )
    return Finding("journal damaged", "", f"{topic} {place}", "error", 1, None, detail)
