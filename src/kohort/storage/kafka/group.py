"""A consumer group: the engines of a journal, which share the partitions of its topics, and take over."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from kohort.clock import Clock
from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.errors import BrokerError, KohortError
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.taking import Taking

_POLL: Final = 0.1
_PAUSE: Final = 0.5
_AT_ONCE: Final = 500


class GroupMember:
    """A process's part in a group, while it is open: the owner of the journal's partition is the first.

    A thread of its own keeps it, whatever else the process does: who is paused or dies loses its partitions when
    nothing was heard of it for `patience` microseconds, and may be the last to notice. Of the journal nothing is read;
    of a topic of events, what stands in its own partitions is taken, and then committed.
    """

    def __init__(
        self, connection: Connection, journal: str, group: str, patience: int, taking: Taking | None = None
    ) -> None:
        self.patience = patience
        self.turn = 0
        self.owned: frozenset[tuple[str, int]] = frozenset()
        self._connection, self._journal, self._group, self._taking = connection, journal, group, taking
        self._trouble: KohortError | None = None
        self._stop = threading.Event()
        self._consumer: Consumer = connection.member(group, patience)
        self._thread = threading.Thread(target=self._keep, name="consumer group", daemon=True)
        self._thread.start()

    @property
    def is_first(self) -> bool:
        """Whether it is the first; raises TopicError or BrokerError for what keeps it from its part in the group."""
        if self._trouble is not None:
            raise self._trouble
        return (self._journal, 0) in self.owned

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _keep(self) -> None:
        topics = [self._journal]
        if self._taking is not None:
            topics.append(self._taking.topic)
            self._tried(self._taking.prepare)
        self._consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        while not self._stop.is_set():
            found = [one for one in self._consumer.consume(_AT_ONCE, _POLL) if not self._is_error(one)]
            if self._taking is None:
                continue
            messages = [one for one in found if one.topic() == self._taking.topic]
            if messages and self._tried(partial(self._taking.take, messages)):
                self._commit(self._taking.topic, messages)

    def _tried(self, work: Callable[[], None]) -> bool:
        """Work until it succeeds, or this should stop; return whether it did."""
        while not self._stop.is_set():
            try:
                work()
            except KohortError as error:
                self._trouble = error
                self._stop.wait(_PAUSE)
            else:
                self._trouble = None
                return True
        return False

    def _is_error(self, message: Message) -> bool:
        error = message.error()
        if error is not None:
            failure = self._connection.failed(f'take part in the consumer group "{self._group}"', error)
            # What passes by itself is not told: the others go on meanwhile.
            self._trouble = None if isinstance(failure, BrokerError) else failure
        return error is not None

    def _commit(self, topic: str, messages: list[Message]) -> None:
        reached = {one.partition() or 0: (one.offset() or 0) + 1 for one in messages}
        offsets = [TopicPartition(topic, *one) for one in reached.items()]
        # What is not committed is taken again, by whoever owns the partition then, and known by its place.
        with suppress(KafkaException):
            self._consumer.commit(offsets=offsets, asynchronous=False)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        unread = [one for one in partitions if one.topic == self._journal]
        if unread:
            consumer.pause(unread)
        given = {(one.topic, one.partition) for one in partitions}
        self.turn += (self._journal, 0) in given
        self.owned |= given

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.owned -= {(one.topic, one.partition) for one in partitions}
        consumer.incremental_unassign(partitions)


def join(kafka: KafkaDefinition, journal: TopicDefinition, folder: Path, clock: Clock) -> GroupMember:
    """Take part in the group of the engines of a journal, as the project in `folder` declares it."""
    taking = None if kafka.events is None else Taking(kafka, journal, kafka.events, folder, clock)
    return GroupMember(Connection(kafka, folder), journal.name, kafka.group, kafka.takeover, taking)
