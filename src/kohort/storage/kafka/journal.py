"""The journal in a topic of Kafka: a partition is an order, an offset a sequence number less one.

Any number of processes, on any number of machines, append; each record is a message, acknowledged once all brokers that
keep the topic in step have it. What a broker did not acknowledge may be there all the same. Records of one append keep
their order, and those of others may stand between them.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from kohort.clock import Moment
from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.errors import BrokerError, KohortError
from kohort.storage.frames import Record, RecordKind, frame_of
from kohort.storage.kafka.connection import Connection
from kohort.storage.kafka.following import Follower
from kohort.storage.kafka.sending import Sender, Sent
from kohort.storage.kafka.topics import prepare_journal

_ATTEMPTS: Final = 4


class KafkaJournal:
    """The journal in the topic that `kafka.journal` names; `folder` is the project's.

    Nothing is asked of the brokers before the first use, and then the topic is looked at, or made: what goes wrong with
    that is raised by whatever was called, as TopicError, or as BrokerError where nobody answers.
    """

    def __init__(self, kafka: KafkaDefinition, topic: TopicDefinition, folder: Path) -> None:
        self.kafka = kafka
        self.term, self.holds_files = 0, True
        self._topic, self._connection = topic, Connection(kafka, folder)
        self._sender = Sender(self._connection, topic.name)
        self._asking = threading.RLock()
        self._is_ready = False
        self._asker: Consumer | None = None
        self._waiting: Follower | None = None

    @property
    def place(self) -> str:
        """Where the journal is, in words."""
        return f'the topic "{self._topic.name}" of {self.kafka}'

    @property
    def remains(self) -> str:
        """Where what cannot be read is kept, in words."""
        return f"what could not be read stays in {self.place}, at the offset before each number"

    def append(self, kind: RecordKind, bodies: Sequence[bytes], *, recorded_at: Moment) -> int:
        """Append records, wait until the brokers have them, and return the last sequence number.

        Raises BrokerError where they do not acknowledge it, TopicError where they never will: then none of them
        counts as acknowledged, and some may be there all the same.
        """
        numbers = self.append_all([(kind, body) for body in bodies], recorded_at=recorded_at)
        return numbers[-1] if numbers else self.last_seq()

    def append_all(self, records: Sequence[tuple[RecordKind, bytes]], *, recorded_at: Moment) -> Sequence[int]:
        """Append records of any kinds, in their order, and return their sequence numbers; as `append` otherwise."""
        self._prepare()
        frames = (Sent(frame_of(Record(self.term, recorded_at, kind, body))) for kind, body in records)
        return [offset + 1 for offset in self._sender.send(frames)]

    def read(self, *, after: int) -> Iterator[Record]:
        """Yield the records whose sequence number is above `after`, in order, up to the last one when it was called.

        To follow the journal, call it again with the last number seen. What cannot be read, or is gone, is a record of
        the kind "lost". Raises BrokerError where nothing comes.
        """
        first, last = self._ends()
        if after < first:
            yield Record(first, 0, "lost", str(first - after).encode())
            after = first
        if after >= last:
            return
        follower = self._follower(after)
        try:
            yield from follower.records(last)
        except KohortError:
            follower.close()
            raise
        finally:
            # Whoever stops in the middle may go on from there.
            self._give_back(follower)

    def last_seq(self) -> int:
        """Return the sequence number of the last acknowledged record, 0 for none; raises BrokerError."""
        return self._ends()[1]

    def size(self) -> None:
        """Return None: how much room a topic takes is its brokers' to know."""

    def damaged(self) -> None:
        """Return None: nothing is set aside, and the findings say what could not be read."""

    def _ends(self) -> tuple[int, int]:
        """Return after which record the topic begins, and the last one."""
        with self._asking:
            self._prepare()
            self._asker = self._asker or self._connection.consumer()
            place = TopicPartition(self._topic.name, 0)
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    found = self._asker.get_watermark_offsets(
                        place, self._connection.patience / _ATTEMPTS, cached=False
                    )
                except KafkaException as error:
                    # Clients give up at once while a partition moves; and troubles are told to who polls.
                    self._asker.poll(self._connection.patience / _ATTEMPTS**2)
                    failure = self._connection.failed(f'ask how far the topic "{self._topic.name}" goes', error)
                    if attempt == _ATTEMPTS or not isinstance(failure, BrokerError):
                        raise failure from error
                else:
                    break
            self._connection.worked()
        return found

    def _prepare(self) -> None:
        with self._asking:
            if not self._is_ready:
                prepare_journal(self._connection, self._topic)
                self._is_ready = True

    def _follower(self, after: int) -> Follower:
        with self._asking:
            found, self._waiting = self._waiting, None
        if found is not None and found.reached == after:
            return found
        if found is not None:
            found.close()
        return Follower(self._connection, self._topic.name, after)

    def _give_back(self, follower: Follower) -> None:
        if follower.is_closed:
            return
        with self._asking:
            before, self._waiting = self._waiting, follower
        if before is not None:
            before.close()
