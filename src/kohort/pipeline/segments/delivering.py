"""Delivering: journeys read what is new in the membership log, and what is due is sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kohort.activation.decisions import LoggedChange, Reading
from kohort.activation.deliveries import Delivery
from kohort.activation.ledger import Ledger, Progress
from kohort.activation.sending import Lanes, Told
from kohort.activation.signatures import check_secrets, keys_of
from kohort.clock import Clock, Moment
from kohort.definitions.journey import JourneyDefinition
from kohort.definitions.references import Reference
from kohort.errors import ProjectError
from kohort.pipeline.segments.membership_log import LogPage, MembershipLog
from kohort.pipeline.workspace import Workspace
from kohort.storage.folder import ProjectFolder

if TYPE_CHECKING:
    from kohort.activation.destinations.webhooks import WebhookDestination

Randomness = Callable[[int], bytes]


def deliver_once(delivering: Callable[[Told], AbstractContextManager["Deliverer"]]) -> Mapping[str, int]:
    """Send what is due and wait for it; return how much came to what, by state."""
    found: Counter[str] = Counter()

    def told(_journey: str, state: str, number: int) -> None:
        found[state] += number

    with delivering(told) as deliverer:
        deliverer.step()
        deliverer.wait()
    return found


class Deliverer:
    """Delivers for one project, while the context lasts; there must be no other at the same time.

    `opened` opens the project anew. `told` listens to what becomes of deliveries; `randomness` gives so many bytes that
    nobody had before.
    """

    def __init__(
        self,
        folder: ProjectFolder,
        opened: Callable[[], Workspace],
        ledger: Ledger,
        clock: Clock,
        secret_of: Callable[[Reference], str],
        randomness: Randomness,
        told: Told,
    ) -> None:
        self._folder, self._opened, self._ledger, self._clock = folder, opened, ledger, clock
        self._secret_of, self._randomness = secret_of, randomness
        self._log = MembershipLog(folder.tables)
        self._lanes = Lanes(ledger, clock, self._opening, told)
        self._journeys: list[JourneyDefinition] = []
        self._files: tuple[tuple[Path, int, int], ...] = ()

    def __enter__(self) -> Self:
        """Begin."""
        self._lanes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """End after what is under way."""
        self._lanes.__exit__()

    def step(self) -> None:
        """Read what is new, and begin to send what is due.

        Raises DefinitionError for a wrong file, ProjectError for a secret that is not where a file says, StorageError
        where the disk refuses.
        """
        journeys = self._declared()
        if journeys:
            self._lanes.start(journeys, self._read(journeys))

    def wait(self) -> None:
        """Wait until what was due at the last step has been tried; raises StorageError where the disk refuses."""
        self._lanes.wait()

    def _declared(self) -> list[JourneyDefinition]:
        """Return the journeys, read anew where a file has changed."""
        paths = [path for kind in ("journeys", "segments") for path in self._folder.definitions(kind)]
        try:
            files = tuple((path, (status := path.stat()).st_mtime_ns, status.st_size) for path in paths)
        except OSError as error:
            raise ProjectError(f"could not read {error.filename}: {error.strerror}") from error
        if files != self._files:
            self._journeys = self._opened().journeys
            check_secrets(self._journeys, self._secret_of)
            self._files = files
        return self._journeys

    def _opening(self, journey: JourneyDefinition) -> "WebhookDestination":
        # As below: a server whose project has no journeys has this process too.
        from kohort.activation.destinations.webhooks import WebhookDestination  # noqa: PLC0415

        return WebhookDestination(journey.webhook, keys_of(journey, self._secret_of), self._clock)

    def _read(self, journeys: Sequence[JourneyDefinition]) -> Mapping[str, Progress]:
        """Read what is new in the log, a page at a time, and return how far each journey has come."""
        self._log.look()
        log, now = self._log.state, self._clock.now()
        progress = self._ledger.begin([one.name for one in journeys], log.end, now)
        behind = [one for one in journeys if progress[one.name].cursor < log.end]
        if behind:
            for one in journeys:
                self._ledger.forget(one, now)
        while behind:
            after = min(progress[one.name].cursor for one in behind)
            try:
                page = log.page(after, {one.segment for one in behind})
            except FileNotFoundError:
                break  # the tables are being made anew, which the next look will see
            self._take_in(behind, progress, page)
            behind = [one for one in behind if progress[one.name].cursor < log.end]
        return progress

    def _take_in(self, journeys: Sequence[JourneyDefinition], progress: dict[str, Progress], page: LogPage) -> None:
        changes = [LoggedChange(**row) for row in page.rows.drop_columns(["recorded_at"]).to_pylist()]
        from kohort.pipeline.segments.people import user_ids_of  # noqa: PLC0415

        user_ids = user_ids_of(self._opened(), sorted({one.person_id for one in changes}))
        for journey in journeys:
            before = progress[journey.name]
            its = [one for one in changes if one.segment == journey.segment and one.seq > before.cursor]

            def decide(
                known: Sequence[Delivery],
                journey: JourneyDefinition = journey,
                since: Moment = before.since,
                its: Sequence[LoggedChange] = its,
            ) -> Iterable[Delivery]:
                return Reading(journey, since, self._clock.now(), known, user_ids, self._named).read(its)

            if before.cursor < page.up_to:
                people = sorted({one.person_id for one in its})
                self._ledger.take_in(journey.name, people, decide, before, page.up_to)
                progress[journey.name] = replace(before, cursor=page.up_to)

    def _named(self) -> str:
        return f"msg_{self._randomness(16).hex()}"
