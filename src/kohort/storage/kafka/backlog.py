"""How far the engines are behind the topic of events: what collectors have acknowledged and the journal lacks."""

from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException, TopicPartition

from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.topics import partitions_of


class Backlog:
    """Counts what stands in a topic of events behind the offsets that the group of the engines has committed.

    What was taken and not committed yet is counted too: it is taken again if whoever took it dies now.
    """

    def __init__(self, kafka: KafkaDefinition, topic: TopicDefinition, folder: Path) -> None:
        self.kafka: Final = kafka
        self._topic, self._connection = topic, Connection(kafka, folder)
        self._admin, self._consumer = self._connection.admin(), self._connection.consumer(kafka.group)

    def count(self) -> int:
        """Return how many messages that is now, 0 where there is no such topic yet.

        Raises BrokerError or TopicError, as the brokers answer.
        """
        name, patience = self._topic.name, self._connection.patience
        number = partitions_of(self._admin, self._connection, self._topic) or 0
        try:
            asked = [TopicPartition(name, partition) for partition in range(number)]
            committed = self._consumer.committed(asked, timeout=patience) if asked else []
            return sum(self._left(one, patience) for one in committed)
        except KafkaException as error:
            raise self._connection.failed(f'look how far the topic "{name}" was taken', error) from error

    def _left(self, committed: TopicPartition, patience: float) -> int:
        if committed.error is not None:
            raise KafkaException(committed.error)
        first, end = self._consumer.get_watermark_offsets(committed, timeout=patience)
        # Less than 0 where nothing was committed yet.
        return max(0, end - max(first, committed.offset))
