"""What every journal offers, whether its records stand in files or in a topic; and which one a project has."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from kohort.clock import Moment
from kohort.definitions.project import ProjectDefinition
from kohort.errors import MissingExtraError
from kohort.storage.folder import ProjectFolder
from kohort.storage.frames import Record, RecordKind
from kohort.storage.journal import Journal


class OpenJournal(Protocol):
    """Acknowledged records in one order, numbered from 1 without a gap; any number of processes append and read."""

    @property
    def place(self) -> str:
        """Where the journal is, in words."""

    @property
    def remains(self) -> str:
        """Where what cannot be read is kept, in words."""

    def append(self, kind: RecordKind, bodies: Sequence[bytes], *, recorded_at: Moment) -> int:
        """Append records, and return the last sequence number once they are kept.

        Raises StorageError if they are not acknowledged, and what a journal of its kind raises besides.
        """

    def append_all(self, records: Sequence[tuple[RecordKind, bytes]], *, recorded_at: Moment) -> Sequence[int]:
        """Append records of any kinds, in their order, and return their sequence numbers; as `append` otherwise."""

    def read(self, *, after: int) -> Iterator[Record]:
        """Yield the records whose sequence number is above `after`, in order, up to the last one acknowledged.

        To follow the journal, call it again with the last number seen: it goes on at that place.
        """

    def last_seq(self) -> int:
        """Return the sequence number of the last acknowledged record, 0 for none."""

    def size(self) -> int | None:
        """Return how many bytes the journal holds; None where that is not ours to know."""

    def damaged(self) -> list[Path] | None:
        """Return the files of damaged bytes that were set aside; None where nothing is set aside."""


def open_journal(folder: ProjectFolder, settings: ProjectDefinition, before: OpenJournal | None = None) -> OpenJournal:
    """Return the journal of the project in `folder`: files, or the topic that `kafka.journal` names.

    One that was opened `before` is returned again if it is still the one declared: it knows its end, and how far it was
    read. Raises MissingExtraError for a topic without the extra `[kafka]`.
    """
    kafka = settings.kafka
    if kafka is None or kafka.journal is None:
        is_same = isinstance(before, Journal) and before.limits == settings.journal
        return before if is_same and before is not None else Journal(folder.journal, settings.journal)
    try:
        from kohort.storage.kafka.journal import KafkaJournal  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("kafka", "a journal in Kafka") from error
    if isinstance(before, KafkaJournal) and before.kafka == kafka:
        return before
    return KafkaJournal(kafka, kafka.journal, folder.path)
