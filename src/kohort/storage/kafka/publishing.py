"""The topic that changes of membership are published to."""

from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.sending import Sender, Sent
from kohort.storage.kafka.topics import prepare_topic


class PublishedTopic:
    """A topic to write to; it is looked at, or made, when it is first used. `folder` is the project's."""

    def __init__(self, kafka: KafkaDefinition, topic: TopicDefinition, folder: Path) -> None:
        self.name = topic.name
        self._topic, self._connection = topic, Connection(kafka, folder)
        self._sender = Sender(self._connection, topic.name)
        self._is_ready = False
        self._cursor: Consumer | None = None

    def publish(self, messages: Iterable[Sent]) -> None:
        """Send messages in their order, and wait until the brokers have all of them.

        Raises BrokerError where they do not answer, TopicError where something must be mended: then some of them may
        be there.
        """
        self._prepare()
        self._sender.send(messages)

    def committed(self) -> int:
        """Return the number that was committed last, by whichever machine; 0 for none, or where brokers forgot it."""
        try:
            (found,) = self._opened().committed([self._place()], self._connection.patience)
        except KafkaException as error:
            raise self._connection.failed(f'ask how far the topic "{self.name}" was written', error) from error
        return max(found.offset, 0)

    def commit(self, cursor: int) -> None:
        """Keep a number with the topic, for other machines: as the offset of a group that nobody reads by."""
        try:
            self._opened().commit(offsets=[self._place(cursor)], asynchronous=False)
        except KafkaException as error:
            raise self._connection.failed(f'keep how far the topic "{self.name}" was written', error) from error

    def _prepare(self) -> None:
        if not self._is_ready:
            prepare_topic(self._connection, self._topic)
            self._is_ready = True

    def _opened(self) -> Consumer:
        self._prepare()
        self._cursor = self._cursor or self._connection.consumer(f"{self.name}-published")
        return self._cursor

    def _place(self, offset: int = 0) -> TopicPartition:
        return TopicPartition(self.name, 0, offset)
