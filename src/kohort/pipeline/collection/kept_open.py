"""A project that stays open: whoever brings it up many times a second finds most of it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

from kohort.clock import Clock
from kohort.errors import DefinitionError
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.pipeline.workspace import Workspace
from kohort.storage.folder import ProjectFolder
from kohort.storage.journals import OpenJournal
from kohort.storage.lock import write_lock
from kohort.storage.recent import RecentRecords
from kohort.storage.seen import SeenMessages
from kohort.storage.tables import Tables


class KeptOpen:
    """Opens the project in `folder` again and again, for the lock of which it waits up to `patience` seconds."""

    def __init__(self, folder: ProjectFolder, clock: Clock, patience: float) -> None:
        self._folder, self._clock, self._patience = folder, clock, patience
        self._behind: WriteBehind | None = None

    def write(self, journal: OpenJournal | None, *, whole: bool) -> None:
        """Write what waits: all if `whole`, for whatever reads the tables, otherwise until more comes.

        Raises LockedError.
        """
        if self._behind is not None and (whole or self._behind.is_waiting):
            with self.open(journal) as (_, behind):
                if whole:
                    behind.fold()
                else:
                    behind.write()

    def look(self, journal: OpenJournal | None) -> Workspace | None:
        """Return the project as it was when this last opened it, with what waits to be written; None before the first.

        No lock is needed: what others have written since is not looked for.
        """
        behind = self._behind
        if behind is None:
            return None
        return Workspace.open(self._folder, self._clock, journal, (behind.tables, behind.seen))

    @contextmanager
    def open(self, journal: OpenJournal | None) -> Iterator[tuple[Workspace, WriteBehind]]:
        """Give the project, and what is written behind, with a `journal` that was opened before; raises LockedError."""
        with write_lock(self._folder.lock, self._patience):
            behind = self._behind
            kept = (Tables(self._folder.tables, keeps=True), SeenMessages(self._folder.seen))
            kept = kept if behind is None else (behind.tables, behind.seen)
            workspace = Workspace.open(self._folder, self._clock, journal, kept)
            behind = behind or WriteBehind(workspace, RecentRecords(self._folder.recent))
            behind.journal, self._behind = workspace.journal, behind
            behind.look_again()
            is_whole = False
            try:
                yield workspace, behind
                is_whole = True
            except DefinitionError:
                behind.write()
                is_whole = True
                raise
            finally:
                if not is_whole:
                    behind.forget()  # it is applied again, from what was written
