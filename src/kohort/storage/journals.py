"""What every journal offers, whether its records stand in files or in a topic; and which one a project has."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kohort.clock import Clock, Moment
from kohort.definitions.project import ProjectDefinition
from kohort.errors import MissingExtraError
from kohort.storage.folder import ProjectFolder
from kohort.storage.frames import Record, RecordKind
from kohort.storage.journal import Journal

if TYPE_CHECKING:
    from kohort.storage.kafka.backlog import Backlog


class OpenJournal(Protocol):
    """Acknowledged records in one order, numbered from 1 without a gap; any number of processes append and read."""

    term: int
    """Under which term records are appended, 0 for none, as in files: see `kohort.pipeline.projecting.leading`."""

    holds_files: bool
    """Whether the files that records speak of are to be kept in it too, for others who read it elsewhere."""

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


class Appender(Protocol):
    """What takes records of anybody, and acknowledges them once they are kept."""

    def append_all(self, records: Sequence[tuple[RecordKind, bytes]], *, recorded_at: Moment) -> Sequence[int]:
        """Append records, in their order, and return a number for each: its own in a journal, else 0."""


class Membership(Protocol):
    """A part in the group of all engines of one journal, until it is closed."""

    @property
    def is_first(self) -> bool:
        """Whether this one is the first, as far as it knows; raises TopicError or BrokerError for what keeps it."""

    @property
    def turn(self) -> int:
        """How often it has come to be the first."""

    @property
    def patience(self) -> int:
        """After how many microseconds it has surely noticed that it no longer is."""

    def close(self) -> None:
        """Leave the group."""


def open_intake(folder: ProjectFolder, settings: ProjectDefinition, journal: OpenJournal) -> Appender:
    """Return what collectors append to: the topic of events that `kafka.events` names, else the journal."""
    kafka = settings.kafka
    if kafka is None or kafka.events is None:
        return journal
    from kohort.storage.kafka.intake import Intake  # noqa: PLC0415 - an extra, which the journal has loaded

    return Intake(kafka, kafka.events, folder.path)


def open_backlog(
    folder: ProjectFolder, settings: ProjectDefinition, before: "Backlog | None" = None
) -> "Backlog | None":
    """Return what counts how much of the topic of events the journal lacks; None where `kafka.events` names none.

    One that was opened `before` is returned again if it is still of the topic declared. Raises MissingExtraError
    without the extra `[kafka]`.
    """
    kafka = settings.kafka
    if kafka is None or kafka.events is None:
        return None
    if before is not None and before.kafka == kafka:
        return before
    try:
        from kohort.storage.kafka.backlog import Backlog  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("kafka", "a topic of events") from error
    return Backlog(kafka, kafka.events, folder.path)


def join_engines(folder: ProjectFolder, settings: ProjectDefinition, clock: Clock) -> Membership | None:
    """Take part in the group of the engines of a project's journal; None where it is in files, and has one folder.

    Where collectors write to a topic of events, its partitions that become this one's are appended to the journal.
    """
    kafka = settings.kafka
    if kafka is None or kafka.journal is None:
        return None
    try:
        from kohort.storage.kafka.group import join  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("kafka", "a journal in Kafka") from error
    return join(kafka, kafka.journal, folder.path, clock)


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
