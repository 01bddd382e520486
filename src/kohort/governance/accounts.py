"""Accounts: the people who use Kohort, what each may do, and how each comes in.

An account begins without a password: whoever makes it is given a link, once, by which its holder chooses one. No
account exists until somebody makes one, and no password has a default.
"""

import re
import secrets
from base64 import b32encode, urlsafe_b64encode
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Final

import sqlalchemy as sa

from kohort.clock import DAY, Clock, Moment
from kohort.errors import AccountError, UnknownNameError, shorten
from kohort.governance.attempts import Attempts
from kohort.governance.audit import SERVER, Actor, note
from kohort.governance.passwords import Passwords, check_password
from kohort.governance.roles import ROLES, Role
from kohort.governance.sessions import Randomness, digest_of, end_sessions
from kohort.storage.state import ACCOUNTS, LINKS, State

LINK_LIFE: Final = DAY
LANGUAGES: Final = ("en", "fr")
FIRST: Final = "admin"
"""The name of the account that a first start makes."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Account:
    """An account; `invited` until its holder has chosen a password or somebody else vouches for them (`subject`)."""

    account_id: str
    name: str
    role: Role
    language: str | None
    created_at: Moment
    disabled_at: Moment | None
    has_password: bool
    issuer: str | None
    subject: str | None

    @property
    def scopes(self) -> frozenset[str]:
        """What its holder may do."""
        return ROLES[self.role]

    @property
    def state(self) -> str:
        """Return "active", "invited" or "disabled"."""
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.has_password or self.subject is not None else "invited"


class Accounts:
    """The accounts of a project.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from kohort.clock import SystemClock
    >>> from kohort.governance.audit import OPERATOR
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     accounts = Accounts(State(Path(folder) / "state.sqlite"), SystemClock())
    ...     made = accounts.create("ada", Role.ANALYST, OPERATOR)
    ...     accounts.accept(accounts.link("ada", OPERATOR), "correct horse battery").state
    'active'
    """

    def __init__(
        self,
        state: State,
        clock: Clock,
        passwords: Passwords | None = None,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        self._state, self._clock, self._randomness = state, clock, randomness
        self._passwords, self._attempts = passwords or Passwords(), Attempts(clock)

    def create(self, name: str, role: Role, by: Actor) -> Account:
        """Make an account, whose holder comes in by a `link`; raises AccountError for a name that is taken or none."""
        with self._state.writing() as connection:
            return self._create(connection, name, role, by)

    def list(self) -> list[Account]:
        """Return all accounts, by name."""
        with self._state.reading() as connection:
            return [_account_of(row) for row in connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name))]

    def find(self, name: str) -> Account:
        """Return the account of a name; raises UnknownNameError for none."""
        with self._state.reading() as connection:
            return _account_of(_row(connection, name))

    def link(self, name: str, by: Actor) -> str:
        """Return what a new link of an account holds, which is the only time; earlier ones are void.

        It lives for a day. Raises UnknownNameError for a name that nobody has, AccountError for a disabled account.
        """
        with self._state.writing() as connection:
            row = _row(connection, name)
            if row.disabled_at is not None:
                problem = f'the account "{name}" is disabled; enable it with: kohort accounts enable {name}'
                raise AccountError("account_disabled", problem)
            return self._link(connection, row, by)

    def first_link(self) -> str | None:
        """Return what a link of the first account holds, made if there is none; None once anybody can come in."""
        with self._state.writing() as connection:
            known = [_account_of(row) for row in connection.execute(sa.select(ACCOUNTS))]
            if any(one.state == "active" for one in known):
                return None
            waiting = [one.name for one in known if one.role is Role.ADMIN and one.state == "invited"]
            name = (
                waiting[0]
                if waiting
                else self._create(connection, _free_name(connection, FIRST), Role.ADMIN, SERVER).name
            )
            return self._link(connection, _row(connection, name), SERVER)

    def welcomed(self, plain: str) -> Account | None:
        """Return the account whose link this is, None for a link that is unknown, used or expired."""
        with self._state.reading() as connection:
            row = self._linked(connection, plain)
        return None if row is None else _account_of(row)

    def accept(self, plain: str, password: str) -> Account:
        """Use a link up: its account has this password from now on, and every session of it ends.

        Raises UnknownNameError for a link that is unknown, used or expired, AccountError for a weak password.
        """
        account = self.welcomed(plain)
        if account is None:
            raise _unknown_link()
        check_password(password, account.name)
        kept = self._passwords.hashed(password)
        with self._state.writing() as connection:
            row = self._linked(connection, plain)
            if row is None:  # another was faster
                raise _unknown_link()
            self._keep_password(connection, row, kept, Actor(row.name, "studio"))
            return _account_of(_row(connection, row.name))

    def authenticate(self, name: str, password: str, address: str) -> Account | None:
        """Return the account whose name and password these are, None for a wrong one, with the same work for any.

        `address` is where the attempt comes from; raises AttemptsError after too many.
        """
        name = name.strip().lower()[:101]
        self._attempts.begin(name, address)
        row = self._named(name) if _NAME.fullmatch(name) else None
        fits = self._passwords.fits(None if row is None else row.password, password)
        if row is None or not fits or row.disabled_at is not None:
            # A name that nobody has may be a password in the wrong field.
            self._refused("" if row is None else row.name)
            return None
        self._attempts.succeeded(name, address)
        if self._passwords.is_outdated(row.password):
            self._change(row.account_id, password=self._passwords.hashed(password))
        return _account_of(row)

    def change_password(self, account_id: str, old: str, new: str, address: str, by: Actor) -> bool:
        """Change the password of an account and end its sessions; return whether the `old` one was right.

        Raises AccountError for a weak one, AttemptsError after too many wrong ones.
        """
        with self._state.reading() as connection:
            row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id)).one()
        check_password(new, row.name)
        self._attempts.begin(row.name, address)
        if not self._passwords.fits(row.password, old):
            self._refused(row.name)
            return False
        self._attempts.succeeded(row.name, address)
        kept = self._passwords.hashed(new)
        with self._state.writing() as connection:
            self._keep_password(connection, row, kept, by)
        return True

    def set_role(self, name: str, role: Role, by: Actor) -> None:
        """Give an account another role, and end its sessions; raises AccountError for the last admin."""
        with self._state.writing() as connection:
            row = _row(connection, name)
            if row.role == role:
                return
            if role is not Role.ADMIN:
                _keep_an_admin(connection, row)
            self._update(connection, row.account_id, role=role.value)
            end_sessions(connection, row.account_id)
            note(connection, self._clock.now(), by, "role changed", name, f"{row.role} to {role}")

    def disable(self, name: str, by: Actor) -> None:
        """Let nobody in by an account, and end its sessions and links; raises AccountError for the last admin."""
        with self._state.writing() as connection:
            row = _row(connection, name)
            if row.disabled_at is not None:
                return
            _keep_an_admin(connection, row)
            self._update(connection, row.account_id, disabled_at=self._clock.now())
            end_sessions(connection, row.account_id)
            connection.execute(sa.delete(LINKS).where(LINKS.c.account_id == row.account_id))
            note(connection, self._clock.now(), by, "account disabled", name)

    def enable(self, name: str, by: Actor) -> None:
        """Let the holder of a disabled account in again, by the password that they had."""
        with self._state.writing() as connection:
            row = _row(connection, name)
            if row.disabled_at is not None:
                self._update(connection, row.account_id, disabled_at=None)
                note(connection, self._clock.now(), by, "account enabled", name)

    def set_language(self, account_id: str, language: str | None) -> None:
        """Remember in which language somebody reads, None for that of their browser."""
        if language is not None and language not in LANGUAGES:
            problem = f'the languages are {" and ".join(LANGUAGES)}, not "{shorten(language)}"'
            raise AccountError("language_unknown", problem)
        self._change(account_id, language=language)

    def vouched(self, issuer: str, subject: str, name: str, role: Role) -> Account:
        """Return the account that an issuer of OpenID Connect vouches for, made at the first time, with its `role`.

        Who has an account of the same name here by a password does not become theirs: it is made under another name.
        """
        with self._state.writing() as connection:
            theirs = (ACCOUNTS.c.issuer == issuer, ACCOUNTS.c.subject == subject)
            row = connection.execute(sa.select(ACCOUNTS).where(*theirs)).one_or_none()
            by = Actor(issuer, "studio")
            if row is None:
                made = self._create(connection, _free_name(connection, name), role, by)
                self._update(connection, made.account_id, issuer=issuer, subject=subject)
                return _account_of(_row(connection, made.name))
            if row.role != role:
                self._update(connection, row.account_id, role=role.value)
                end_sessions(connection, row.account_id)
                note(connection, self._clock.now(), by, "role changed", row.name, f"{row.role} to {role}")
            return _account_of(_row(connection, row.name))

    def _named(self, name: str) -> sa.Row[Any] | None:
        with self._state.reading() as connection:
            return connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name)).one_or_none()

    def _create(self, connection: sa.Connection, name: str, role: Role, by: Actor) -> Account:
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            allowed = 'letters a to z, digits, ".", "_", "@", "+", "-"'
            raise AccountError("name_wrong", f'"{shorten(name)}" is no name of an account: 1 to 100 {allowed}')
        if connection.scalar(sa.select(sa.func.count()).where(ACCOUNTS.c.name == name)):
            raise AccountError("name_taken", f'there is an account "{name}" already; take another name')
        now = self._clock.now()
        account_id = "ac_" + b32encode(self._randomness(10)).decode().lower()
        row = {"account_id": account_id, "name": name, "role": role.value, "created_at": now}
        connection.execute(sa.insert(ACCOUNTS).values(**row))
        note(connection, now, by, "account created", name, role)
        return _account_of(_row(connection, name))

    def _link(self, connection: sa.Connection, row: sa.Row[Any], by: Actor) -> str:
        plain, now = urlsafe_b64encode(self._randomness(32)).decode().rstrip("="), self._clock.now()
        void = sa.or_(LINKS.c.account_id == row.account_id, LINKS.c.expires_at <= now)
        connection.execute(sa.delete(LINKS).where(void))
        made = {"digest": digest_of(plain), "account_id": row.account_id, "expires_at": now + LINK_LIFE}
        connection.execute(sa.insert(LINKS).values(**made))
        note(connection, now, by, "link made", row.name)
        return plain

    def _linked(self, connection: sa.Connection, plain: str) -> sa.Row[Any] | None:
        now = self._clock.now()
        wanted = sa.select(ACCOUNTS).join(LINKS, LINKS.c.account_id == ACCOUNTS.c.account_id)
        holds = (LINKS.c.digest == digest_of(plain), LINKS.c.expires_at > now, ACCOUNTS.c.disabled_at.is_(None))
        return connection.execute(wanted.where(*holds)).one_or_none()

    def _keep_password(self, connection: sa.Connection, row: sa.Row[Any], kept: str, by: Actor) -> None:
        self._update(connection, row.account_id, password=kept)
        connection.execute(sa.delete(LINKS).where(LINKS.c.account_id == row.account_id))
        end_sessions(connection, row.account_id)
        note(connection, self._clock.now(), by, "password changed", row.name)

    def _refused(self, name: str) -> None:
        with self._state.writing() as connection:
            note(connection, self._clock.now(), Actor(name, "studio"), "sign-in refused", name)

    def _change(self, account_id: str, **values: object) -> None:
        with self._state.writing() as connection:
            self._update(connection, account_id, **values)

    @staticmethod
    def _update(connection: sa.Connection, account_id: str, **values: object) -> None:
        connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(**values))


def welcome_address(address: str, link: str) -> str:
    """Return where a browser opens a link, on the server at `address`.

    >>> welcome_address("http://127.0.0.1:8001/", "abc")
    'http://127.0.0.1:8001/welcome/abc'
    """
    return f"{address.rstrip('/')}/welcome/{link}"


def _row(connection: sa.Connection, name: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name)).one_or_none()
    if row is None:
        raise UnknownNameError("account", name, connection.scalars(sa.select(ACCOUNTS.c.name)).all())
    return row


def _account_of(row: sa.Row[Any]) -> Account:
    return Account(
        row.account_id,
        row.name,
        Role(row.role),
        row.language,
        row.created_at,
        row.disabled_at,
        row.password is not None,
        row.issuer,
        row.subject,
    )


def _keep_an_admin(connection: sa.Connection, row: sa.Row[Any]) -> None:
    known = [_account_of(one) for one in connection.execute(sa.select(ACCOUNTS))]
    others = [one for one in known if one.role is Role.ADMIN and one.account_id != row.account_id]
    if row.role == Role.ADMIN and all(one.state != "active" for one in others):
        raise AccountError("last_admin", f'"{row.name}" is the last admin; make another one first')


def _free_name(connection: sa.Connection, wanted: str) -> str:
    base = re.sub(r"[^a-z0-9._@+-]", "-", wanted.strip().lower()).lstrip("._@+-")[:90] or "account"
    taken = set(connection.scalars(sa.select(ACCOUNTS.c.name)))
    return next(free for free in chain([base], (f"{base}-{number}" for number in count(2))) if free not in taken)


def _unknown_link() -> UnknownNameError:
    hint = "a link works once and for a day; have a new one made with: kohort accounts link NAME"
    return UnknownNameError("link", "…", (), hint=hint)
