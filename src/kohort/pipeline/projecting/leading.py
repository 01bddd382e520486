"""Who leads, where several project folders, on several machines, have one journal: only one records what it concludes.

To lead begins with a record of its own, a *term*. Whatever is concluded from the tables (changes of membership, epochs,
applications, runs, plans) carries the term of whoever concluded it, and counts only while no other has begun: the order
of the journal decides, for everybody and at every replay. So whoever was paused, lost the lead and wakes up can do no
harm. Who may begin a term is found out elsewhere, and need not be exact.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec

from kohort.clock import Clock, Moment
from kohort.definitions.project import ProjectDefinition
from kohort.errors import FollowingError
from kohort.pipeline.workspace import Workspace
from kohort.storage.folder import ProjectFolder
from kohort.storage.frames import Record
from kohort.storage.holder import Holder
from kohort.storage.journals import Membership, join_engines
from kohort.storage.lock import write_lock
from kohort.storage.records import TermBegun
from kohort.storage.tables import Tables

_FROM_ANYBODY: Final = frozenset(
    {"received", "messages", "rejects", "findings", "load", "replayed", "lost", "file", "term"}
)
"""The kinds of records that are true whoever says them, and whenever."""


class Term(NamedTuple):
    """The lead of one project folder: the record that began it, the mark of the folder, its machine."""

    seq: int
    holder: str
    host: str


NO_TERM: Final = Term(0, "", "")


def counts(record: Record, term: int) -> bool:
    """Return whether a record counts that stands in the journal while a term is in force.

    >>> late = Record(9, 0, "changes", b"{}", term=3)
    >>> counts(late, 3), counts(late, 7), counts(Record(9, 0, "received", b"{}"), 7)
    (True, False, True)
    """
    return record.term == term or record.kind in _FROM_ANYBODY


def term_in_force(tables: Tables) -> Term:
    """Return the last term that the tables know, `NO_TERM` before the first."""
    rows = tables.read("terms").select(["seq", "holder", "host"]).to_pylist()
    return max((Term(**row) for row in rows), default=NO_TERM)


def take_term(workspace: Workspace, holder: Holder) -> bool:
    """Return whether a folder may record what it concludes, which then carries its term; the tables are up to date.

    Where nobody ever began a term everybody may: there is one folder.
    """
    term = term_in_force(workspace.tables)
    if term == NO_TERM:
        return True
    is_ours = term.holder == holder.mark
    workspace.journal.term = term.seq if is_ours else 0
    return is_ours


def still_leading(workspace: Workspace, holder: Holder, catch_up: Callable[[], int]) -> Callable[[], int]:
    """Let a command record what it concludes; return the `catch_up` that it has to use, which sees that it still may.

    The tables are up to date. Raises FollowingError, then and there, where another folder leads.
    """
    term = term_in_force(workspace.tables)
    if not take_term(workspace, holder):
        raise FollowingError(
            f"the engine on {term.host} leads (since record {term.seq:,} of the journal), so this has to be done "
            "there; if that machine is gone, kohort serve takes over here"
        )

    def caught_up() -> int:
        records = catch_up()
        _check(workspace, term)
        return records

    return caught_up


def _check(workspace: Workspace, term: Term) -> None:
    found = term_in_force(workspace.tables)
    if found != term:
        raise FollowingError(
            f"the engine on {found.host} has begun to lead (record {found.seq:,} of the journal) while this command "
            "ran, so what it would have recorded since does not count; run it again there"
        )


@contextmanager
def engine_of(
    folder: ProjectFolder, settings: ProjectDefinition, holder: Holder, clock: Clock
) -> "Iterator[Standing | None]":
    """Be the engine of a folder, while the context lasts; give how it stands among those of other folders.

    None for a journal in files, which has one folder. Raises LockedError for a second engine of the folder.
    """
    with write_lock(folder.engine):
        member = join_engines(folder, settings, clock)
        if member is None:
            yield None
            return
        try:
            yield Standing(holder, member)
        finally:
            member.close()


class Lead:
    """Tells whether a folder leads, by its own tables: for those who do what should be done once for all folders."""

    def __init__(self, folder: ProjectFolder) -> None:
        self._tables, self._holder = Tables(folder.tables), Holder(folder)

    def is_here(self) -> bool:
        """Return whether the folder leads, as far as its tables have come."""
        self._tables.look_again()
        term = term_in_force(self._tables)
        return term == NO_TERM or term.holder == self._holder.mark


class Standing:
    """Whether a process leads, for the project folder of `holder`; it alone works for that folder."""

    def __init__(self, holder: Holder, candidate: Membership) -> None:
        self._said = TermBegun(holder.mark, holder.host)
        self._candidate = candidate
        self.term = 0
        self._displaced: tuple[Moment, int] | None = None

    @property
    def wants(self) -> bool:
        """Whether it does not lead, and may be able to."""
        # Whether it leads or not, what keeps it from taking part is to be told.
        return self._candidate.is_first and self.term == 0

    def leads(self, workspace: Workspace, catch_up: Callable[[], int]) -> bool:
        """Return whether the process leads, for which it begins a term where it may; `term` is then this term.

        The caller holds the write lock, and has brought the tables up to the end of the journal.
        """
        found = term_in_force(workspace.tables)
        if self.term and found.seq == self.term:
            return True
        now = workspace.clock.now()
        if self.term and found.holder != self._said.holder:
            self._displaced = now, self._candidate.turn
        self.term = workspace.journal.term = 0
        if not self._may_begin(found, now):
            return False
        seq = workspace.journal.append("term", [msgspec.json.encode(self._said)], recorded_at=now)
        catch_up()
        if term_in_force(workspace.tables).seq != seq:
            return False  # another was later, or a broker says late how far the journal goes
        self.term = workspace.journal.term = seq
        return True

    def _may_begin(self, found: Term, now: Moment) -> bool:
        if found.holder in {self._said.holder, NO_TERM.holder}:
            return True
        if not self._candidate.is_first:
            return False
        if self._displaced is None or self._displaced[1] != self._candidate.turn:
            return True
        # It was its turn when another began; it may not have noticed yet that it no longer is.
        since = self._displaced[0]
        return not since <= now < since + self._candidate.patience
