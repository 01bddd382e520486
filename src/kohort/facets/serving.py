"""What `kohort serve` calls, and who asks what became of it: keys, webhooks, journeys, what is published."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from kohort.facets.facet import Facet
from kohort.storage.lock import write_lock

if TYPE_CHECKING:
    from kohort.activation.deliveries import Delivery, State
    from kohort.activation.ledger import Ledger
    from kohort.activation.sending import Told
    from kohort.collection.webhooks.deliveries import Webhooks
    from kohort.definitions.journey import JourneyDefinition
    from kohort.governance.keys import Keys
    from kohort.pipeline.collection.withholding import Withholding
    from kohort.pipeline.segments.delivering import Deliverer
    from kohort.pipeline.segments.publishing import Publisher
    from kohort.storage.kafka.backlog import Backlog
    from kohort.storage.watch import Watch


class ServingFacet(Facet):
    """The part of `Project` that the server needs."""

    _backlog: "Backlog | None" = None

    @cached_property
    def keys(self) -> "Keys":
        """The keys that let programs in: made, found, listed and revoked here; they need no lock."""
        from kohort.governance.keys import Keys
        from kohort.storage.state import State

        return Keys(State(self.folder.state), self.clock)

    def untaken(self) -> int | None:
        """Return how many messages of the topic of events the journal lacks; None where there is no such topic.

        Raises BrokerError or TopicError as the brokers answer.
        """
        from kohort.storage.journals import open_backlog

        self._backlog = open_backlog(self.folder, self.settings, self._backlog)
        return None if self._backlog is None else self._backlog.count()

    def watch(self) -> "Watch":
        """Return the debug view: inside `watch().follow()`, what becomes of each event can be read as it is decided."""
        from kohort.storage.watch import Watch

        return Watch(self.folder.watch, self.clock)

    def webhooks(self) -> "Webhooks":
        """Return what takes deliveries, as the files in webhooks/ declare, with their secrets looked up.

        Raises DefinitionError for a wrong file, ProjectError for a secret that is not where a file says.
        """
        from kohort.collection.webhooks.deliveries import Webhooks
        from kohort.storage.secrets import secret_of

        return Webhooks(self._workspace().webhooks, secret_of)

    @property
    def journeys(self) -> "list[JourneyDefinition]":
        """The journeys that the files in journeys/ declare, read anew; raises DefinitionError for a wrong file."""
        return self._workspace().journeys

    def deliver(self) -> Mapping[str, int]:
        """Send what journeys have to say of changes that are new, or due again; return how much came to what.

        By state: "delivered", "failed" (and to be tried again), "dead", "capped". Raises DefinitionError for a wrong
        file, ProjectError for a secret that is missing, LockedError while a server delivers.
        """
        from kohort.pipeline.segments.delivering import deliver_once

        return deliver_once(self.delivering)

    @contextmanager
    def delivering(self, told: "Told") -> "Iterator[Deliverer]":
        """Give what delivers step by step, and tells of what becomes of deliveries; raises LockedError for a second."""
        from kohort.pipeline.segments.delivering import Deliverer
        from kohort.storage.secrets import secret_of

        with (
            write_lock(self.folder.delivering),
            Deliverer(
                self.folder, self._workspace, self.ledger, self.clock, secret_of, secrets.token_bytes, told
            ) as deliverer,
        ):
            yield deliverer

    def publish(self) -> int:
        """Publish each change of membership that was not yet, to the topic of `kohort.yaml`; return how many.

        Raises UsageError where none is declared, MissingExtraError without the extra `[kafka]`, BrokerError where the
        brokers do not answer, LockedError while a server publishes.
        """
        with self.publishing() as publisher:
            return sum(iter(publisher.step, 0))

    @contextmanager
    def publishing(self) -> "Iterator[Publisher]":
        """Give what publishes step by step; raises as `publish`."""
        from kohort.pipeline.segments.publishing import Publisher

        publisher = Publisher(self.folder, self.settings)
        with write_lock(self.folder.publishing):
            yield publisher

    @cached_property
    def ledger(self) -> "Ledger":
        """The deliveries of journeys: what was asked for, and what has become of it."""
        from kohort.activation.ledger import Ledger
        from kohort.storage.state import State

        return Ledger(State(self.folder.state))

    def deliveries(self, states: "Iterable[State]" = (), most: int | None = None) -> "list[Delivery]":
        """Return the deliveries of journeys in these states, or in all, those due last first, at `most` so many."""
        return self.ledger.list(states, most)

    def retry_deliveries(self, ids: Sequence[str] = ()) -> int:
        """Have dead letters sent again, these or all, as if they were new, and return how many they are.

        Raises UnknownNameError for an id that no dead letter has.
        """
        return self.ledger.retry(ids, self.clock.now())

    def withholding(self) -> "Withholding":
        """Return what the collector may not keep without consent, as `kohort.yaml` and sources/ declare.

        Raises DefinitionError for a purpose or a source that nobody knows.
        """
        from kohort.pipeline.collection.admission import requirements
        from kohort.pipeline.collection.withholding import Withholding

        workspace = self._workspace()
        return Withholding(requirements(workspace), workspace.settings.consent.categories())
