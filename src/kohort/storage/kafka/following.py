"""Reading a topic's only partition in order, record by record; what cannot be read becomes a record of the kind "lost".

The record of the offset n has the sequence number n + 1. What its frame holds in place of that is its term.
"""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from kohort.clock import SECOND, Moment
from kohort.errors import BrokerError, CorruptionError
from kohort.storage.frames import Record, record_at
from kohort.storage.kafka.connection import Connection

_LOOK: Final = 0.25
"""The seconds to wait for a message before it is counted as silence."""


class Follower:
    """Stands in a topic after the record `reached`, and reads on from there."""

    def __init__(self, connection: Connection, topic: str, reached: int) -> None:
        self.reached, self.is_closed = reached, False
        self._connection, self._topic = connection, topic
        self._consumer: Consumer = connection.consumer()
        self._consumer.assign([TopicPartition(topic, 0, reached)])

    def records(self, up_to: int) -> Iterator[Record]:
        """Yield what follows, up to the record `up_to`.

        Raises BrokerError if nothing comes for as long as the connection's patience, CorruptionError if the topic no
        longer holds what it held when it was asked for its end.
        """
        silent = 0.0
        while self.reached < up_to:
            message = self._consumer.poll(_LOOK)
            if message is None:
                silent += _LOOK
                if silent >= self._connection.patience:
                    raise BrokerError(
                        f'{self._connection.kafka} has sent nothing of the topic "{self._topic}" for {silent:.0f} '
                        "seconds; see that the brokers run and can be reached, then try again"
                    )
                continue
            found = self._judged(message, up_to)
            if found is None:
                continue
            silent = 0.0
            for record in found:
                self.reached = record.seq
                yield record

    def close(self) -> None:
        """Let go of the brokers."""
        self._consumer.close()
        self.is_closed = True

    def _judged(self, message: Message, up_to: int) -> list[Record] | None:
        error = message.error()
        offset = message.offset()
        if error is None and offset is not None:
            self._connection.worked()
            record = record_of(message, offset)
            # Offsets that nothing stands at were taken up by what is no record, or deleted.
            missing = _lost(offset, offset - self.reached, record.recorded_at)
            return [*missing, record]
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            if offset is not None and offset >= up_to:
                return _lost(up_to, up_to - self.reached, 0)
            return None
        if error.code() in {KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET}:
            raise CorruptionError(
                f'the topic "{self._topic}" of {self._connection.kafka} no longer holds record {self.reached + 1:,}; '
                "records were deleted while it was read: see that nothing deletes them, then try again"
            )
        if not error.retriable() and error.code() not in _PASSING:
            raise self._connection.failed(f'read the topic "{self._topic}"', error)
        return None


_PASSING: Final = frozenset(
    {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT}
)
"""What goes away when the brokers come back; until then there is silence."""


def record_of(message: Message, offset: int) -> Record:
    """Return the record that a message holds; one of the kind "lost" if that is none, or is damaged."""
    value = message.value()
    try:
        found = record_at(value, 0) if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        found = None  # whoever may write to the topic can give any bytes a right checksum
    _, timestamp = message.timestamp()
    if found is None or found[1] != len(value or b"") or found[0].kind == "lost":
        return Record(offset + 1, max(timestamp, 0) * (SECOND // 1_000), "lost", b"")
    record = found[0]
    return Record(offset + 1, record.recorded_at, record.kind, record.body, term=record.seq)


def _lost(seq: int, number: int, recorded_at: Moment) -> list[Record]:
    return [Record(seq, recorded_at, "lost", str(number).encode())] if number > 0 else []
