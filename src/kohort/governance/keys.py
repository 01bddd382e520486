"""Keys: what a program shows to be let in.

A *write key* (`wk_…`) may only send events, for one source. It stands in web pages for everyone to read, so it may be
bound to origins and to a rate. A *secret key* (`sk_…`) may do what its scopes say, until it expires.

A key is `wk_` or `sk_`, eight letters and digits by which it is found, `_`, and 256 random bits. Only the SHA-256 of
the whole is stored: a key is shown once, when it is made. (256 random bits need no slow hash: nobody can guess them.)
"""

import hmac
import re
import secrets
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa

from kohort.clock import SECOND, Clock, Moment
from kohort.errors import UnknownNameError, UsageError, did_you_mean, shorten
from kohort.governance.audit import OPERATOR, Actor, note
from kohort.storage.state import KEYS, State

Kind = Literal["write", "secret"]
Randomness = Callable[[int], bytes]

ACCOUNTS_WRITE: Final = "accounts:write"
AUDIT_READ: Final = "audit:read"
EVENTS_READ: Final = "events:read"
IMPORTS_WRITE: Final = "imports:write"
KEYS_WRITE: Final = "keys:write"
MEMBERSHIPS_READ: Final = "memberships:read"
METRICS_READ: Final = "metrics:read"
PEOPLE_PSEUDONYMISED: Final = "people:pseudonymised"
PEOPLE_READ: Final = "people:read"
PEOPLE_WRITE: Final = "people:write"
SEGMENTS_READ: Final = "segments:read"
SEGMENTS_WRITE: Final = "segments:write"
SCOPES: Final = {
    ACCOUNTS_WRITE: "create, invite and disable accounts, and give them roles",
    AUDIT_READ: "read who did what to accounts and keys",
    EVENTS_READ: "follow each event as it is accepted or rejected, and read what was rejected",
    IMPORTS_WRITE: "bring in files of events and traits, of sources that are declared",
    KEYS_WRITE: "make, list and revoke keys, none of which may do more than this one",
    MEMBERSHIPS_READ: "read who is in which segment, and follow who enters and leaves",
    METRICS_READ: "read the measurements of the server",
    PEOPLE_PSEUDONYMISED: "read of people under pseudonyms only, personal traits and properties masked",
    PEOPLE_READ: "read what is known of a person, and why they are in a segment or not",
    PEOPLE_WRITE: "decide which people are one, and take that back",
    SEGMENTS_WRITE: "plan and apply changes of segments, and go back; plans name a few people",
    SEGMENTS_READ: "read what segments mean, their versions and sizes, and size a new rule: counts, no people",
}
"""What a secret key or the role of an account can be allowed, with the words for it."""

_FRESH: Final = SECOND
"""How old the memory of keys may grow; what another process changes is seen within this time."""
_PREFIX: Final[Mapping[Kind, str]] = {"write": "wk_", "secret": "sk_"}
_FORM: Final = re.compile(r"((?:wk|sk)_[a-z2-7]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_NOBODY: Final = bytes(32)


@dataclass(frozen=True)
class WriteKey:
    """What a write key allows: events of one source, from these origins, at most so many a second, until then.

    No `origins` means any; `rate` None means no limit, `expires_at` None for ever.

    >>> WriteKey("wk_abcdefgh", "web", origins=("https://shop.example",)).allows("https://evil.example")
    False
    """

    key_id: str
    source: str
    origins: tuple[str, ...] = ()
    rate: int | None = None
    expires_at: Moment | None = None

    def allows(self, origin: str) -> bool:
        """Tell whether a request with this header `Origin` ("" for none) may use the key."""
        return not self.origins or origin.lower() in self.origins


@dataclass(frozen=True)
class SecretKey:
    """What a secret key allows: its scopes, until it expires; `name` says what it is for."""

    key_id: str
    name: str
    scopes: frozenset[str]
    expires_at: Moment


@dataclass(frozen=True)
class KeyRow:
    """A key in the list of all; `name` is the source of a write key, or what a secret key is for."""

    key_id: str
    kind: Kind
    name: str
    origins: tuple[str, ...]
    rate: int | None
    scopes: tuple[str, ...]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None

    def state(self, now: Moment) -> str:
        """Return "active", "expired" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class _Held(NamedTuple):
    """A key in memory, and what it allows if it is a write key."""

    digest: bytes
    row: KeyRow
    write_key: WriteKey


class Keys:
    """The keys of a project.

    `randomness` gives so many unguessable bytes. Finding a key costs microseconds: the keys are held in memory and read
    anew every second, so that what another process makes or revokes counts within two.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from kohort.clock import SystemClock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keys = Keys(State(Path(folder) / "state.sqlite"), SystemClock())
    ...     plain, made = keys.create_write("web", origins=["https://shop.example"])
    ...     keys.find_write(plain) == made, keys.find_write("wk_" + "a" * 52)
    (True, None)
    """

    def __init__(self, state: State, clock: Clock, randomness: Randomness = secrets.token_bytes) -> None:
        self._state, self._clock, self._randomness = state, clock, randomness
        self._held: dict[str, _Held] = {}
        self._held_at: Moment | None = None

    def create_write(
        self,
        source: str,
        origins: Iterable[str] = (),
        rate: int | None = None,
        expires_at: Moment | None = None,
        *,
        by: Actor = OPERATOR,
    ) -> tuple[str, WriteKey]:
        """Make a write key for a source and return it in plain, which is the only time, and what it allows.

        `origins` are those of the web pages that may use it, such as "https://shop.example"; `rate` is the most events
        a second. Raises UsageError for what makes no sense.
        """
        allowed = tuple(dict.fromkeys(origin_of(one) for one in origins))
        if rate is not None and rate < 1:
            raise UsageError(f"a key's rate is a whole number of events a second from 1 up, not {rate}")
        plain, row = self._create("write", source, by, origins=allowed, rate=rate, expires_at=expires_at)
        return plain, _write_key(row)

    def create_secret(
        self, name: str, scopes: Iterable[str], expires_at: Moment, *, by: Actor = OPERATOR
    ) -> tuple[str, SecretKey]:
        """Make a secret key and return it in plain, which is the only time, and what it allows.

        `name` says what it is for, `scopes` are some of `SCOPES`. Raises UsageError for what makes no sense.
        """
        wanted = tuple(dict.fromkeys(scopes))
        for one in wanted:
            if one not in SCOPES:
                raise UsageError(f'no scope is called "{shorten(one)}"; {did_you_mean(one, SCOPES)}')
        if not wanted:
            raise UsageError(f"a secret key needs a scope at least; there are: {', '.join(SCOPES)}")
        plain, row = self._create("secret", name, by, scopes=wanted, expires_at=expires_at)
        return plain, _secret_key(row, expires_at)

    def find_write(self, plain: str) -> WriteKey | None:
        """Return what a write key allows; None for one that is unknown, revoked, expired, or no write key."""
        held = self._find("write", plain)
        return None if held is None else held.write_key

    def find_secret(self, plain: str) -> SecretKey | None:
        """Return what a secret key allows; None for one that is unknown, revoked, expired, or no secret key."""
        held = self._find("secret", plain)
        row = None if held is None else held.row
        return None if row is None or row.expires_at is None else _secret_key(row, row.expires_at)

    def revoke(self, key_id: str, *, by: Actor = OPERATOR) -> None:
        """End a key for ever, by the part of it that `list` shows; a revoked key stays as it is.

        Raises UnknownNameError if there is none.
        """
        change = sa.update(KEYS).where(KEYS.c.key_id == key_id).where(KEYS.c.revoked_at.is_(None))
        with self._state.writing() as connection:
            changed = connection.execute(change.values(revoked_at=self._clock.now())).rowcount
            if changed:
                note(connection, self._clock.now(), by, "key revoked", key_id)
        if not changed and key_id not in (known := [row.key_id for row in self.list()]):
            raise UnknownNameError("key", key_id, known)
        self._held_at = None

    def list(self) -> list[KeyRow]:
        """Return all keys that ever were, in the order in which they were made."""
        return [row for _, row in self._read()]

    def _create(
        self,
        kind: Kind,
        name: str,
        by: Actor,
        *,
        expires_at: Moment | None,
        origins: tuple[str, ...] = (),
        scopes: tuple[str, ...] = (),
        rate: int | None = None,
    ) -> tuple[str, KeyRow]:
        now = self._clock.now()
        if not _NAME.fullmatch(name):
            raise UsageError(f'"{shorten(name)}" is no name: 1 to 100 letters, digits, "_", "-" and "."')
        if expires_at is not None and expires_at <= now:
            raise UsageError("the key would have expired already; name a later time")
        key_id = _PREFIX[kind] + b32encode(self._randomness(5)).decode().lower()
        plain = f"{key_id}_{urlsafe_b64encode(self._randomness(32)).decode().rstrip('=')}"
        row = KeyRow(key_id, kind, name, origins, rate, scopes, now, expires_at, None)
        with self._state.writing() as connection:
            connection.execute(KEYS.insert().values(digest=_digest(plain), **vars(row)))
            note(connection, now, by, "key created", key_id, f"{kind} {name}" + "".join(f" {one}" for one in scopes))
        self._held_at = None
        return plain, row

    def _find(self, kind: Kind, plain: str) -> _Held | None:
        now = self._clock.now()
        # The clock of a machine may also go back.
        if self._held_at is None or not self._held_at <= now < self._held_at + _FRESH:
            self._held = {row.key_id: _Held(digest, row, _write_key(row)) for digest, row in self._read()}
            self._held_at = now
        form = _FORM.fullmatch(plain)
        held = self._held.get(form[1] if form else "")
        same = hmac.compare_digest(_digest(plain), _NOBODY if held is None else held.digest)
        return held if same and held is not None and held.row.kind == kind and held.row.state(now) == "active" else None

    def _read(self) -> "Sequence[tuple[bytes, KeyRow]]":
        with self._state.reading() as connection:
            rows = connection.execute(sa.select(KEYS).order_by(KEYS.c.created_at, KEYS.c.key_id)).all()
        return [(bytes(row.digest), _row_of(row._mapping)) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def origin_of(text: str) -> str:
    """Return the origin of a web page as browsers send it: scheme, host and, where it is unusual, port.

    Raises UsageError if `text` is anything else.

    >>> origin_of("https://Shop.example/")
    'https://shop.example'
    """
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path not in {"", "/"}
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise UsageError(f'"{shorten(text)}" is no origin of a web page such as "https://shop.example"')
    unusual = port is not None and port != {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if unusual else "")


def _digest(plain: str) -> bytes:
    return sha256(plain.encode(errors="surrogatepass")).digest()


def _row_of(row: sa.RowMapping) -> KeyRow:
    values = {name: row[name] for name in KeyRow.__dataclass_fields__}
    return KeyRow(**values | {"origins": tuple(values["origins"]), "scopes": tuple(values["scopes"])})


def _write_key(row: KeyRow) -> WriteKey:
    return WriteKey(row.key_id, row.name, row.origins, row.rate, row.expires_at)


def _secret_key(row: KeyRow, expires_at: Moment) -> SecretKey:
    return SecretKey(row.key_id, row.name, frozenset(row.scopes), expires_at)
