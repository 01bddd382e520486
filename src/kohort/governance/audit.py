"""The audit: who did what to accounts and keys, who trained or put in force which model, and who was refused.

Each line on accounts and keys is written in the transaction of the change that it tells of. Of a person it holds the
name of their account and nothing else; what was typed where no account is of that name stays untold, since it may be a
password.
"""

from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from kohort.clock import Clock, Moment
from kohort.storage.state import AUDIT, State

Door = Literal["command line", "studio", "api", "server"]


@dataclass(frozen=True)
class Actor:
    """Who does something, by the name of their account or key, and through which door they came."""

    name: str
    door: Door


OPERATOR: Final = Actor("operator", "command line")
"""Who sits at the machine: they can read the state store itself, so nobody asks for their name."""
SERVER: Final = Actor("server", "server")


@dataclass(frozen=True)
class AuditEntry:
    """A line of the audit: who did what to which account or key, with a detail such as the new role."""

    seq: int
    at: Moment
    actor: str
    door: str
    action: str
    object: str
    detail: str


class Audit:
    """The audit of a project.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from kohort.clock import SystemClock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audit = Audit(State(Path(folder) / "state.sqlite"), SystemClock())
    ...     audit.note(OPERATOR, "account created", "ada", "admin")
    ...     [(one.actor, one.action, one.object) for one in audit.list()]
    [('operator', 'account created', 'ada')]
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def note(self, by: Actor, action: str, of: str, detail: str = "") -> None:
        """Write a line of what changed nothing, such as a refusal."""
        with self._state.writing() as connection:
            note(connection, self._clock.now(), by, action, of, detail)

    def list(self, most: int = 1_000) -> list[AuditEntry]:
        """Return the newest lines, at most so many, the newest first."""
        wanted = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(most)
        with self._state.reading() as connection:
            return [AuditEntry(*row) for row in connection.execute(wanted)]


def note(connection: sa.Connection, at: Moment, by: Actor, action: str, of: str, detail: str = "") -> None:
    """Write a line in the transaction of the change that it tells of."""
    line = {"at": at, "actor": by.name, "door": by.door, "action": action, "object": of, "detail": detail}
    connection.execute(sa.insert(AUDIT).values(**line))
