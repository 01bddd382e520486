"""The topic that changes of membership are published to."""

from collections.abc import Iterable
from pathlib import Path

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

    def publish(self, messages: Iterable[Sent]) -> None:
        """Send messages in their order, and wait until the brokers have all of them.

        Raises BrokerError where they do not answer, TopicError where something must be mended: then some of them may
        be there.
        """
        if not self._is_ready:
            prepare_topic(self._connection, self._topic)
            self._is_ready = True
        self._sender.send(messages)
