"""Delivering: journeys read what is new in the membership log, and what is due is sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import pyarrow.compute as pc

from kohort.activation.decisions import LoggedChange, Reading
from kohort.activation.deliveries import Delivery
from kohort.activation.destinations.webhooks import WebhookDestination
from kohort.activation.ledger import Ledger, Progress
from kohort.activation.sending import Lanes, Told
from kohort.activation.signatures import key_of
from kohort.clock import Clock
from kohort.definitions.journey import JourneyDefinition
from kohort.definitions.references import Reference
from kohort.errors import ProjectError
from kohort.pipeline.changes import LOG_ROWS_A_RECORD
from kohort.pipeline.people import user_ids_of
from kohort.pipeline.workspace import Workspace

_ROWS_AT_ONCE: Final = 10_000

Randomness = Callable[[int], bytes]


def keys_of(journey: JourneyDefinition, secret_of: Callable[[Reference], str]) -> list[bytes]:
    """Return the keys that sign a journey's webhooks; raises ProjectError for a secret that is missing or none."""
    return [key_of(secret_of(one), one) for one in journey.webhook.secrets]


class Deliverer:
    """Delivers for one project, while the context lasts; there must be no other at the same time.

    `opened` opens the project anew at each step. `told` listens to what becomes of deliveries; `randomness` gives so
    many bytes that nobody had before.
    """

    def __init__(
        self,
        opened: Callable[[], Workspace],
        ledger: Ledger,
        clock: Clock,
        secret_of: Callable[[Reference], str],
        randomness: Randomness,
        told: Told,
    ) -> None:
        self._opened, self._ledger, self._clock = opened, ledger, clock
        self._secret_of, self._randomness = secret_of, randomness
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

    def step(self) -> int:
        """Read what is new, begin to send what is due, and return how many rows of the log were read.

        Raises DefinitionError for a wrong file, ProjectError for a secret that is not where a file says, StorageError
        where the disk refuses.
        """
        workspace = self._opened()
        journeys = self._declared(workspace)
        if not journeys:
            return 0
        progress, read = self._read(workspace, journeys)
        self._lanes.start(journeys, progress)
        return read

    def wait(self) -> None:
        """Wait until what was due at the last step has been tried; raises StorageError where the disk refuses."""
        self._lanes.wait()

    def _declared(self, workspace: Workspace) -> list[JourneyDefinition]:
        """Return the journeys, read anew where a file has changed."""
        paths = [path for kind in ("journeys", "segments") for path in workspace.folder.definitions(kind)]
        try:
            files = tuple((path, (status := path.stat()).st_mtime_ns, status.st_size) for path in paths)
        except OSError as error:
            raise ProjectError(f"could not read {error.filename}: {error.strerror}") from error
        if files != self._files:
            self._journeys = workspace.journeys
            for one in self._journeys:
                keys_of(one, self._secret_of)
            self._files = files
        return self._journeys

    def _opening(self, journey: JourneyDefinition) -> WebhookDestination:
        return WebhookDestination(journey.webhook, keys_of(journey, self._secret_of), self._clock)

    def _read(self, workspace: Workspace, journeys: Sequence[JourneyDefinition]) -> tuple[Mapping[str, Progress], int]:
        end = log_end(workspace)
        now = self._clock.now()
        progress = self._ledger.begin([one.name for one in journeys], end, now)
        behind = [one for one in journeys if progress[one.name].cursor < end]
        if not behind:
            return progress, 0
        changes = changes_between(workspace, min(progress[one.name].cursor for one in behind), end)
        for journey in behind:
            its = [one for one in changes if one.seq > progress[journey.name].cursor]
            self._take_in(workspace, journey, progress[journey.name], its, end)
            self._ledger.forget(journey, now)
        return progress, len(changes)

    def _take_in(
        self,
        workspace: Workspace,
        journey: JourneyDefinition,
        progress: Progress,
        changes: Sequence[LoggedChange],
        end: int,
    ) -> None:
        its = [one for one in changes if one.segment == journey.segment]
        user_ids = user_ids_of(workspace, sorted({one.person_id for one in its}))
        since = progress.since
        for first in range(0, max(len(its), 1), _ROWS_AT_ONCE):
            some = its[first : first + _ROWS_AT_ONCE]
            cursor = some[-1].seq if first + _ROWS_AT_ONCE < len(its) else end

            def decide(known: Sequence[Delivery], some: Sequence[LoggedChange] = some) -> Iterable[Delivery]:
                now = self._clock.now()
                return Reading(journey, since, now, known, user_ids, self._named).read(some)

            people = sorted({one.person_id for one in some})
            if not self._ledger.take_in(journey.name, people, decide, progress, cursor):
                return
            progress = Progress(since, cursor, progress.gone_url)

    def _named(self) -> str:
        return f"msg_{self._randomness(16).hex()}"


def log_end(workspace: Workspace) -> int:
    """Return the row of the membership log beyond which nobody looks: the last that a whole epoch may have."""
    return (workspace.tables.watermark("memberships") + 1) * LOG_ROWS_A_RECORD - 1


def changes_between(workspace: Workspace, after: int, end: int) -> list[LoggedChange]:
    """Return the rows of the membership log after one and up to another, in their order."""
    rows = workspace.tables.read_above("membership_log", "seq", after)
    rows = rows.filter(pc.less_equal(rows.column("seq"), end)).sort_by("seq").drop_columns(["recorded_at"])
    return [LoggedChange(**row) for row in rows.to_pylist()]
