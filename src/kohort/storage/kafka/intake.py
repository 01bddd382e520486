"""The topic of events: collectors write to its partitions, by actor, and engines take it from there into the journal.

What one actor does stands in one partition, in the order in which it was acknowledged.
"""

import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from kohort.clock import Moment
from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.storage.frames import Record, RecordKind, frame_of
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.sending import Sender, Sent
from kohort.storage.kafka.topics import prepare_journal
from kohort.storage.received import decode_received, encode_received

_NOBODY: Final = b'""'


class _Who(msgspec.Struct):
    user: msgspec.Raw = msgspec.field(default=msgspec.Raw(_NOBODY), name="userId")
    anonymous: msgspec.Raw = msgspec.field(default=msgspec.Raw(_NOBODY), name="anonymousId")


_WHO: Final = msgspec.json.Decoder(_Who)


class Intake:
    """Appends what collectors receive to the topic of events; it is looked at, or made, when it is first used."""

    def __init__(self, kafka: KafkaDefinition, topic: TopicDefinition, folder: Path) -> None:
        self._topic, self._connection = topic, Connection(kafka, folder)
        self._sender = Sender(self._connection, topic.name)
        self._guard = threading.Lock()
        self._partitions = 0

    def append_all(self, records: Sequence[tuple[RecordKind, bytes]], *, recorded_at: Moment) -> Sequence[int]:
        """Append requests, each in as many parts as partitions have its actors; return 0 for each.

        Raises BrokerError where the brokers do not acknowledge all, TopicError where they never will: then some parts
        may be there all the same.
        """
        with self._guard:
            self._partitions = self._partitions or prepare_journal(self._connection, self._topic, partitioned=True)
        self._sender.send(
            Sent(frame_of(Record(0, recorded_at, kind, part)), partition=partition)
            for kind, body in records
            for partition, part in parted(body, self._partitions).items()
        )
        return [0] * len(records)


def parted(body: bytes, partitions: int) -> Mapping[int, bytes]:
    """Return the parts of a request by partition, as bodies of records; what was refused goes with the first.

    >>> from kohort.storage.received import Received
    >>> events = [msgspec.Raw(b'{"userId":"%d"}' % number) for number in range(9)]
    >>> parts = parted(encode_received(Received("web", 0, events=events)), 2)
    >>> [(number, decode_received(part).places) for number, part in sorted(parts.items())]
    [(0, [1, 3, 5, 7]), (1, [0, 2, 4, 6, 8])]
    """
    received = decode_received(body)
    numbers = [partition_of(bytes(one), partitions) for one in received.events] or [0]
    if len(set(numbers)) == 1:
        return {numbers[0]: body}
    rows = [*zip(numbers, received.places or range(len(received.events)), received.events, strict=True)]
    return {
        number: encode_received(
            msgspec.structs.replace(
                received,
                events=[event for one, _, event in rows if one == number],
                places=[place for one, place, _ in rows if one == number],
                refused=received.refused if number == numbers[0] else [],
            )
        )
        for number in dict.fromkeys(numbers)
    }


def partition_of(event: bytes, partitions: int) -> int:
    """Return the partition of an event: that of its actor, as it is written; what names nobody is in the first.

    >>> one, other = b'{"userId":"ada","anonymousId":"a"}', b'{"anonymousId":"b","userId":"ada"}'
    >>> partition_of(one, 1_000) == partition_of(other, 1_000), partition_of(b"[1]", 1_000)
    (True, 0)
    """
    try:
        who = _WHO.decode(event)
    except msgspec.DecodeError:
        return 0
    actor = next((bytes(one) for one in (who.user, who.anonymous) if bytes(one) not in {_NOBODY, b"null"}), None)
    return 0 if actor is None else zlib.crc32(actor) % partitions
