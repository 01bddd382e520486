"""Tables written behind: what is applied many times a second is read in memory at once, and written much at a time.

Nothing is lost by it: all that waits is in the journal, and whoever goes on after a kill goes on from what was written.
So is whoever writes in between: then what waits here is forgotten.
"""

from typing import Final

from kohort.clock import SECOND, Moment
from kohort.pipeline.recording import LogSoFar
from kohort.pipeline.versions import readable_on_disk
from kohort.pipeline.workspace import Workspace
from kohort.storage.recent import RecentRecords
from kohort.storage.schemas import SCHEMAS

PERIOD: Final = SECOND
"""How often what waits is begun to be written while more comes all the time."""


class WriteBehind:
    """What waits to be written to the tables of a workspace that stays open; `recent` are the records that say it."""

    def __init__(self, workspace: Workspace, recent: RecentRecords) -> None:
        self.tables, self.seen, self.recent = workspace.tables, workspace.seen, recent
        self.journal, self._clock = workspace.journal, workspace.clock
        self.log_so_far = LogSoFar()
        self._is_writing = False
        self._began: Moment | None = None

    def look_again(self) -> None:
        """Forget what waits where others have written: they have read it in the journal."""
        if self.seen.look_again() | self.tables.look_again():
            self.forget()

    def forget(self) -> None:
        """Forget what waits: it is applied again."""
        self.tables.forget_held()
        self.seen.forget_settled()
        self.log_so_far = LogSoFar()
        self._is_writing = False

    @property
    def is_waiting(self) -> bool:
        """Whether anything is still to be written."""
        return bool(self._is_writing or self.tables.waiting or self.seen.is_waiting)

    def write(self) -> None:
        """Write what waits, one table after another, until all is written or more has come that is to be applied.

        While more comes all the time, that is one table at each call, and each of them about once a second. Raises
        StorageError, after which what waits must be forgotten.
        """
        while self.is_waiting:
            if not self._is_writing and not self._begins():
                return
            if not self.tables.write_next():
                self.seen.keep_sealed(self._stands())
                self.recent.forget(readable_on_disk(self.tables))
                self._is_writing = False
            if self.is_more():
                return

    def write_all(self) -> None:
        """Write all that waits. Raises StorageError."""
        self.tables.write_all()
        if self.seen.is_waiting:
            self.seen.keep(self.seen.watermark(), self._stands())
        self.recent.forget(readable_on_disk(self.tables))
        self._is_writing = False

    def fold(self) -> None:
        """Write all that waits, and tables of people whole. Raises StorageError."""
        self.write_all()
        self.tables.fold()

    def is_more(self) -> bool:
        """Whether the journal has more than was applied."""
        return self.journal.last_seq() > self.seen.watermark()

    def _begins(self) -> bool:
        """Seal what waits now, if nothing else is to be done, or enough time has passed."""
        now = self._clock.now()
        if self.is_more() and self._began is not None and self._began <= now < self._began + PERIOD:
            return False
        self.tables.seal()
        self.seen.seal()
        self._is_writing, self._began = True, now
        return True

    def _stands(self) -> dict[str, int]:
        return {name: self.tables.watermark_on_disk(name) for name in SCHEMAS}
