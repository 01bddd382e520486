"""Sending messages to a topic, and waiting until its brokers have them."""

import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from kohort.storage.kafka.connection import Connection

_POLL: Final = 1.0
"""The seconds between two looks at a client that answers by itself."""
_BY_KEY: Final = -1


class Sent(NamedTuple):
    """A message to send; those with the same key come to the same partition, those without to `partition`."""

    value: bytes
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    partition: int = 0


class Sender:
    """Sends to one topic, for any number of threads, one after the other."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection, self._topic = connection, topic
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def send(self, messages: Iterable[Sent]) -> list[int]:
        """Send messages in their order, and return their offsets once the brokers have all of them.

        Raises BrokerError or TopicError if they do not: what was kept then are some of the first ones, of each
        partition, unless a broker that was given up has taken in the others all the same.
        """
        doing, answers = f'write to the topic "{self._topic}"', _Answers()
        with self._lock:
            producer = self._producer = self._producer or self._connection.producer()
            try:
                for message in messages:
                    self._produce(producer, message, answers)
                while answers.missing:
                    producer.poll(_POLL)
            except KafkaException as error:
                self._producer = None
                raise self._connection.failed(doing, error) from error
            if answers.error is not None:
                # A producer that gave up a message sends no other: there must be no gap.
                self._producer = None
                raise self._connection.failed(doing, answers.error)
            self._connection.worked()
        return answers.offsets

    def _produce(self, producer: Producer, message: Sent, answers: "_Answers") -> None:
        answers.missing += 1
        partition = message.partition if message.key is None else _BY_KEY
        while True:
            try:
                producer.produce(
                    self._topic,
                    message.value,
                    message.key,
                    partition,
                    on_delivery=answers.note,
                    headers=list(message.headers),
                )
            except BufferError:
                producer.poll(_POLL)
            else:
                return


class _Answers:
    """What became of the messages of one sending: their offsets in order, or the first error."""

    def __init__(self) -> None:
        self.missing = 0
        self.offsets: list[int] = []
        self.error: KafkaError | None = None

    def note(self, error: KafkaError | None, message: Message) -> None:
        """Take the answer for one message."""
        self.missing -= 1
        offset = message.offset()
        if error is not None or offset is None:
            self.error = self.error or error
        else:
            self.offsets.append(offset)
