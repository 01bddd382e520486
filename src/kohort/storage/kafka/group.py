"""A consumer group: processes that share the partitions of a topic, and take over those of one that is gone."""

import threading
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from kohort.definitions.kafka import KafkaDefinition
from kohort.errors import BrokerError
from kohort.storage.kafka.connection import Connection

_POLL: Final = 0.1
FIRST: Final = 0
"""The partition whose owner is the first of its group."""


class GroupMember:
    """A process's part in a group, while it is open; `owned` are the partitions that are its own.

    A thread of its own keeps it, whatever else the process does: who is paused or dies loses its partitions when
    nothing was heard of it for `patience` microseconds, and may be the last to notice. No message is read.
    """

    def __init__(self, connection: Connection, topic: str, group: str, patience: int) -> None:
        self.patience = patience
        self.turn = 0
        self.owned: frozenset[int] = frozenset()
        self._connection, self._group = connection, group
        self._refused: KafkaError | None = None
        self._stop = threading.Event()
        self._consumer: Consumer = connection.member(group, patience)
        self._consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        self._thread = threading.Thread(target=self._keep, name="consumer group", daemon=True)
        self._thread.start()

    @property
    def is_first(self) -> bool:
        """Whether the first partition is its own; raises TopicError where the brokers do not let it into the group."""
        if self._refused is not None:
            raise self._connection.failed(f'join the consumer group "{self._group}"', self._refused)
        return FIRST in self.owned

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _keep(self) -> None:
        while not self._stop.is_set():
            message = self._consumer.poll(_POLL)
            error = None if message is None else message.error()
            if error is None:
                continue
            failure = self._connection.failed(f'join the consumer group "{self._group}"', error)
            self._refused = None if isinstance(failure, BrokerError) else error

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        if partitions:
            consumer.pause(partitions)
        given = {one.partition for one in partitions}
        self.turn += FIRST in given
        self.owned |= given
        self._refused = None

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.owned -= {one.partition for one in partitions}
        consumer.incremental_unassign(partitions)


def join(kafka: KafkaDefinition, topic: str, folder: Path) -> GroupMember:
    """Take part in the group of the engines that share a topic of the brokers that a project in `folder` declares."""
    return GroupMember(Connection(kafka, folder), topic, kafka.group, kafka.takeover)
