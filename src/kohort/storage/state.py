"""The state store: what changes row by row and no projection depends on (keys, for one), in SQLite.

Statements are SQLAlchemy Core, so that another database can take SQLite's place. The file is its owner's alone (0600),
and in write-ahead mode: readers never wait for a writer. Its shape has a version; an older file is brought forward when
it is first used, a newer one is refused.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from kohort.errors import CorruptionError, LockedError, ProjectError, StorageError

METADATA: Final = sa.MetaData()

KEYS: Final = sa.Table(
    "keys",
    METADATA,
    sa.Column("key_id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    # SHA-256 of the whole key, which itself is stored nowhere.
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("rate", sa.Integer),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
)
"""Write keys and secret keys; `name` is the source that a write key speaks for, or what a secret key is for."""

JOURNEYS: Final = sa.Table(
    "journeys",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    # The journey was first seen at `since`; it has read the membership log up to the row `cursor`.
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    # The address that wants nothing more.
    sa.Column("gone_url", sa.String),
)
"""How far each journey has read."""

DELIVERIES: Final = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("delivery_id", sa.String, primary_key=True),
    sa.Column("journey", sa.String, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("segment", sa.String, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.String, nullable=False),
    sa.Column("user_id", sa.String),
    sa.Column("change", sa.String, nullable=False),
    sa.Column("effective_at", sa.BigInteger, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("retracts", sa.String),
    sa.Column("undone_by", sa.BigInteger),
    sa.Column("restored_by", sa.BigInteger),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.BigInteger, nullable=False),
    sa.Column("first_attempt_at", sa.BigInteger),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("status", sa.Integer),
    sa.Column("reason", sa.String, nullable=False),
    sa.Index("deliveries_due", "journey", "state", "next_attempt_at", "seq"),
    sa.Index("deliveries_person", "journey", "person_id"),
)
"""Webhooks of journeys: what each says and what has become of it."""

PUBLISHED: Final = sa.Table(
    "published",
    METADATA,
    sa.Column("topic", sa.String, primary_key=True),
    sa.Column("cursor", sa.BigInteger, nullable=False),
)
"""Up to which row the membership log has been published to each topic."""

ANSWERED: Final = sa.Table(
    "answered",
    METADATA,
    sa.Column("key_id", sa.String, primary_key=True),
    sa.Column("idempotency_key", sa.String, primary_key=True),
    # SHA-256 of the request, which may not come again with the same key and other contents.
    sa.Column("request", sa.LargeBinary(32), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("answered_at", sa.BigInteger, nullable=False),
    sa.Index("answered_when", "answered_at"),
)
"""What the API answered to requests that must not be done twice."""

ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("account_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("role", sa.String, nullable=False),
    # Argon2id, with its salt and its parameters; null for who has not chosen one.
    sa.Column("password", sa.String),
    # Who vouches for the account, and under which name they know it: the issuer and the subject of OpenID Connect.
    sa.Column("issuer", sa.String),
    sa.Column("subject", sa.String),
    sa.Column("language", sa.String),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
    sa.Index("accounts_subject", "issuer", "subject", unique=True),
)
"""The people who use Kohort."""

LINKS: Final = sa.Table(
    "links",
    METADATA,
    # SHA-256 of what the link holds, which itself is stored nowhere.
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("account_id", sa.String, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)
"""Links by which the holder of an account chooses a password, once."""

SESSIONS: Final = sa.Table(
    "sessions",
    METADATA,
    # SHA-256 of what the cookie holds, which itself is stored nowhere.
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("session_id", sa.String, nullable=False, unique=True),
    sa.Column("account_id", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Index("sessions_account", "account_id"),
)
"""Who is signed in, in which browsers."""

AUDIT: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("door", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("object", sa.String, nullable=False),
    sa.Column("detail", sa.String, nullable=False),
)
"""Who did what to accounts and keys, and who was refused; never what they typed."""

SECRETS: Final = sa.Table(
    "secrets",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
"""Secrets that Kohort has made for itself."""

TRAININGS: Final = sa.Table(
    "trainings",
    METADATA,
    sa.Column("training_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("score", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # SHA-256 of what the plan says the model learns by.
    sa.Column("parameters", sa.String, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    # Who asked, and through which door.
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("door", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("whole", sa.BigInteger, nullable=False),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("began_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    # The model, once it has learnt, and its number, once it is in the registry.
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("model", sa.BigInteger),
    sa.Column("reason", sa.String, nullable=False),
)
"""Trainings that somebody asked for, and what has become of them."""

_VERSION: Final = sa.Table("state_version", METADATA, sa.Column("version", sa.Integer, primary_key=True))

Migration = Callable[[sa.Connection], None]


def _journeys(connection: sa.Connection) -> None:
    METADATA.create_all(connection, [JOURNEYS, DELIVERIES])


def _accounts(connection: sa.Connection) -> None:
    METADATA.create_all(connection, [ACCOUNTS, LINKS, SESSIONS, AUDIT, SECRETS])


MIGRATIONS: Final[tuple[Migration, ...]] = (
    KEYS.create,
    _journeys,
    PUBLISHED.create,
    ANSWERED.create,
    _accounts,
    TRAININGS.create,
)
"""What makes version 1 of nothing, version 2 of version 1, and so on; each is final once released."""

_WAIT: Final = 10.0
"""Seconds to wait for another process that is writing."""


class State:
    """The state store in the file `path`, made when it is first used.

    Raises LockedError where another process writes too long, StorageError where the disk refuses, CorruptionError for
    a file that is no state store, ProjectError for one that a newer Kohort has written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = State(Path(folder) / "state.sqlite")
    ...     with state.reading() as connection:
    ...         connection.execute(sa.select(KEYS.c.key_id)).all()
    []
    """

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self._path, self._migrations = path, migrations
        # A connection a transaction: nothing stays open, and nothing is inherited by a process that forks.
        address = sa.URL.create("sqlite", database=str(path.resolve()))
        self._engine = sa.create_engine(address, poolclass=sa.NullPool, connect_args={"timeout": _WAIT})
        sa.event.listen(self._engine, "connect", _prepared)
        sa.event.listen(self._engine, "begin", _begun)
        self._ready = False

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection whose statements all see one state."""
        with self._told():
            self._prepare()
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose changes are kept together at the end, or not at all if an error leaves it."""
        with self._told():
            self._prepare()
            with self._begin() as connection:
                yield connection

    def kept_secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the project's secret of that name, made by `make` when it is first asked for; it must never be shown.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     state = State(Path(folder) / "state.sqlite")
        ...     state.kept_secret("models", lambda: b"first"), state.kept_secret("models", lambda: b"second")
        (b'first', b'first')
        """
        with self.writing() as connection:
            secret = connection.scalar(sa.select(SECRETS.c.value).where(SECRETS.c.name == name))
            if secret is None:
                secret = make()
                connection.execute(sa.insert(SECRETS).values(name=name, value=secret))
        return bytes(secret)

    def _prepare(self) -> None:
        if self._ready and self._path.exists():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Made by us, so that it is never readable by others; SQLite gives its companions the same rights.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._path.chmod(0o600)
        with self._engine.connect() as connection:
            version = self._version(connection)
        if version < len(self._migrations):
            with self._begin() as connection:
                self._migrate(connection)
        self._ready = True

    def _migrate(self, connection: sa.Connection) -> None:
        _VERSION.create(connection, checkfirst=True)
        version = self._version(connection)  # once more: another process may have been first
        for number, migration in enumerate(self._migrations[version:], start=version + 1):
            migration(connection)
            connection.execute(_VERSION.insert().values(version=number))

    def _version(self, connection: sa.Connection) -> int:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return 0
        version = connection.scalar(sa.select(sa.func.max(_VERSION.c.version))) or 0
        if version > len(self._migrations):
            raise ProjectError(
                f"{self._path} is of version {version}, and this Kohort knows up to {len(self._migrations)}; "
                'install a newer Kohort: pip install --upgrade "kohort"'
            )
        return version

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except exc.DatabaseError as error:
            raise _refusal(self._path, error.orig) from error
        except OSError as error:
            raise StorageError(
                f"could not open {self._path}: {error.strerror}; check its folder, then retry"
            ) from error


def _prepared(connection: Any, _record: object) -> None:
    # Transactions are begun by `_begun`, so that a migration is one too; SQLite's module would not begin one for DDL.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begun(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # Whoever will write says so at once: two that both read first would each wait for the other.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _refusal(path: Path, error: BaseException | None) -> LockedError | StorageError | CorruptionError:
    code = error.sqlite_errorcode if isinstance(error, sqlite3.Error) else sqlite3.SQLITE_ERROR
    primary = code & 0xFF
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LockedError(f"another process has been writing to {path} for {_WAIT:.0f} seconds; try again")
    if primary in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return CorruptionError(f"{path} is damaged: {error}; restore it from a backup, or remove it and make new keys")
    return StorageError(f"could not use {path}: {error}; free some space or mend its rights, then try again")
