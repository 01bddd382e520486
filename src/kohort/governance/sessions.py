"""Sessions: who is signed in, in which browsers.

A session is 256 random bits that a browser keeps in a cookie; the store has their SHA-256. It ends after twelve hours
without a request, after thirty days in any case, and at once when somebody ends it here.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import sqlalchemy as sa

from kohort.clock import DAY, HOUR, MINUTE, Clock, Moment
from kohort.governance.audit import Actor, note
from kohort.governance.roles import ROLES, Role
from kohort.storage.state import ACCOUNTS, SESSIONS, State

IDLE: Final = 12 * HOUR
LONGEST: Final = 30 * DAY
_SEEN: Final = 5 * MINUTE
"""How old `seen_at` may grow before a request writes it anew."""

Randomness = Callable[[int], bytes]


@dataclass(frozen=True)
class Session:
    """Somebody signed in; `csrf` is what a form that they send must hold, which no other page can know."""

    session_id: str
    account_id: str
    name: str
    role: Role
    language: str | None
    csrf: str

    @property
    def scopes(self) -> frozenset[str]:
        """What they may do."""
        return ROLES[self.role]


@dataclass(frozen=True)
class SessionRow:
    """A session in the list of an account's."""

    session_id: str
    created_at: Moment
    seen_at: Moment


class Sessions:
    """The sessions of a project's accounts; `randomness` gives so many unguessable bytes."""

    def __init__(self, state: State, clock: Clock, randomness: Randomness = secrets.token_bytes) -> None:
        self._state, self._clock, self._randomness = state, clock, randomness

    def begin(self, account_id: str, by: Actor) -> str:
        """Begin a session and return what the browser keeps of it, which is the only time."""
        plain, now = urlsafe_b64encode(self._randomness(32)).decode().rstrip("="), self._clock.now()
        row = {"digest": digest_of(plain), "session_id": self._randomness(8).hex(), "account_id": account_id}
        with self._state.writing() as connection:
            ended = sa.or_(SESSIONS.c.seen_at <= now - IDLE, SESSIONS.c.created_at <= now - LONGEST)
            connection.execute(sa.delete(SESSIONS).where(ended))
            connection.execute(sa.insert(SESSIONS).values(created_at=now, seen_at=now, **row))
            note(connection, now, by, "signed in", by.name)
        return plain

    def find(self, plain: str, *, active: bool = True) -> Session | None:
        """Return the session that a browser shows; None for one that is unknown or has ended.

        What goes on without anybody there, such as a stream of events, is not `active`, and keeps no session alive.
        """
        digest, now = digest_of(plain), self._clock.now()
        wanted = (
            sa.select(SESSIONS, ACCOUNTS.c.name, ACCOUNTS.c.role, ACCOUNTS.c.language)
            .join(ACCOUNTS, ACCOUNTS.c.account_id == SESSIONS.c.account_id)
            .where(SESSIONS.c.digest == digest, ACCOUNTS.c.disabled_at.is_(None))
        )
        with self._state.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None or row.seen_at <= now - IDLE or row.created_at <= now - LONGEST:
            return None
        if active and row.seen_at <= now - _SEEN:
            with self._state.writing() as connection:
                connection.execute(sa.update(SESSIONS).where(SESSIONS.c.digest == digest).values(seen_at=now))
        return Session(row.session_id, row.account_id, row.name, Role(row.role), row.language, _csrf_of(plain))

    def end(self, session_id: str, account_id: str, by: Actor) -> None:
        """End one session of an account; one that has ended already stays so."""
        theirs = sa.and_(SESSIONS.c.session_id == session_id, SESSIONS.c.account_id == account_id)
        with self._state.writing() as connection:
            if connection.execute(sa.delete(SESSIONS).where(theirs)).rowcount:
                note(connection, self._clock.now(), by, "signed out", by.name)

    def end_all(self, account_id: str, name: str, by: Actor) -> None:
        """End every session of an account, whose `name` the audit has."""
        with self._state.writing() as connection:
            end_sessions(connection, account_id)
            note(connection, self._clock.now(), by, "signed out everywhere", name)

    def list(self, account_id: str) -> list[SessionRow]:
        """Return the sessions of an account that have not ended, the newest first."""
        now = self._clock.now()
        columns = (SESSIONS.c.session_id, SESSIONS.c.created_at, SESSIONS.c.seen_at)
        live = (SESSIONS.c.seen_at > now - IDLE, SESSIONS.c.created_at > now - LONGEST)
        wanted = sa.select(*columns).where(SESSIONS.c.account_id == account_id, *live)
        with self._state.reading() as connection:
            return [SessionRow(*row) for row in connection.execute(wanted.order_by(SESSIONS.c.created_at.desc()))]


def end_sessions(connection: sa.Connection, account_id: str) -> None:
    """End every session of an account, in the transaction of what makes that necessary."""
    connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account_id == account_id))


def digest_of(plain: str) -> bytes:
    """Return what is stored of a secret of 256 random bits: nobody can guess those, so no slow hash is needed."""
    return sha256(plain.encode(errors="surrogatepass")).digest()


def _csrf_of(plain: str) -> str:
    """Return the token of a session's forms: it follows from what only the browser has, and says nothing of it."""
    tag = hmac.digest(plain.encode(errors="surrogatepass"), b"csrf", "sha256")
    return urlsafe_b64encode(tag).decode().rstrip("=")
