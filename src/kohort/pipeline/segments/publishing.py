"""Publishing the membership log to a topic: each row at least once, in order, none left out.

How far it has come is kept after the brokers have acknowledged: whoever dies in between says the last rows once more.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from kohort.definitions.project import ProjectDefinition
from kohort.errors import MissingExtraError, UsageError
from kohort.pipeline.segments.log_events import event_of
from kohort.pipeline.segments.membership_log import MembershipLog
from kohort.storage.folder import ProjectFolder
from kohort.storage.state import PUBLISHED, State

_AT_ONCE: Final = 5_000
"""The most rows that are sent before it is kept that they were."""


class Publisher:
    """Publishes for one project, step by step; there must be no other at the same time.

    Raises UsageError if `kohort.yaml` names no topic, MissingExtraError without the extra `[kafka]`.
    """

    def __init__(self, folder: ProjectFolder, settings: ProjectDefinition) -> None:
        kafka = settings.kafka
        if kafka is None or kafka.memberships is None:
            raise UsageError(
                "no topic is declared to publish changes of membership to; name one in kohort.yaml, under kafka, "
                "memberships, topic"
            )
        try:
            from kohort.storage.kafka.publishing import PublishedTopic  # noqa: PLC0415 - an extra
            from kohort.storage.kafka.sending import Sent  # noqa: PLC0415 - as above
        except ImportError as error:
            raise MissingExtraError("kafka", "publishing to Kafka") from error
        self._sent = Sent
        self._topic = PublishedTopic(kafka, kafka.memberships, folder.path)
        self._log, self._state = MembershipLog(folder.tables), State(folder.state)
        # Only then other folders may publish the same log.
        self._is_shared = kafka.journal is not None
        self._cursor = -1

    def step(self) -> int:
        """Publish what follows, if anything does, and return how many rows that were, 0 for none.

        Raises BrokerError where the brokers do not answer, TopicError where something must be mended, StorageError
        where the disk refuses: what was not acknowledged is published at the next step.
        """
        self._log.look()
        if self._cursor >= self._log.state.end:
            return 0
        after = self._cursor = self._published()
        if after >= self._log.state.end:
            return 0
        try:
            page = self._log.state.page(after, most=_AT_ONCE)
        except FileNotFoundError:
            return 0  # the tables were made anew, or files made one: the next look shows how
        if page.rows.num_rows:
            events = [event_of(row) for row in page.rows.to_pylist()]
            self._topic.publish(
                self._sent(msgspec.json.encode(one), one.person_id, (("event", one.kind),)) for one in events
            )
        self._keep(page.up_to)
        return int(page.rows.num_rows)

    def _published(self) -> int:
        with self._state.reading() as connection:
            found = connection.scalar(sa.select(PUBLISHED.c.cursor).where(PUBLISHED.c.topic == self._topic.name))
        return max(found or 0, self._topic.committed() if self._is_shared else 0)

    def _keep(self, cursor: int) -> None:
        its = PUBLISHED.c.topic == self._topic.name
        with self._state.writing() as connection:
            if connection.execute(sa.update(PUBLISHED).where(its).values(cursor=cursor)).rowcount == 0:
                connection.execute(PUBLISHED.insert().values(topic=self._topic.name, cursor=cursor))
        if self._is_shared:
            self._topic.commit(cursor)
        self._cursor = cursor
