"""Accounts: made without a password, let in by a link once, and never by guessing."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from kohort.clock import DAY, HOUR, MINUTE
from kohort.errors import AttemptsError, UnknownNameError, UsageError
from kohort.governance.accounts import LINK_LIFE, Accounts
from kohort.governance.attempts import PER_ACCOUNT, PER_ADDRESS, WINDOW, Attempts
from kohort.governance.audit import OPERATOR, Actor, Audit
from kohort.governance.keys import SCOPES, Keys
from kohort.governance.passwords import Passwords
from kohort.governance.roles import ROLES, Role
from kohort.governance.sessions import IDLE, LONGEST, Sessions
from kohort.storage.state import State
from kohort.testing.clock import SettableClock

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
HERE = "192.0.2.1"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


@pytest.fixture
def accounts(state: State, clock: SettableClock) -> Accounts:
    return Accounts(state, clock, Passwords(QUICK))


@pytest.fixture
def sessions(state: State, clock: SettableClock) -> Sessions:
    return Sessions(state, clock)


@pytest.fixture
def audit(state: State, clock: SettableClock) -> Audit:
    return Audit(state, clock)


def holder(accounts: Accounts, name: str, role: Role = Role.MARKETER) -> str:
    """Make an account with the password, and return its id."""
    accounts.create(name, role, OPERATOR)
    return accounts.accept(accounts.link(name, OPERATOR), PASSWORD).account_id


def test_nobody_comes_in_before_a_password_was_chosen(accounts: Accounts) -> None:
    accounts.create("ada", Role.VIEWER, OPERATOR)
    assert [one.state for one in accounts.list()] == ["invited"]
    for guess in ("", "ada", "admin", "password", PASSWORD):
        assert accounts.authenticate("ada", guess, HERE) is None


def test_a_link_works_once_and_for_a_day(accounts: Accounts, clock: SettableClock) -> None:
    accounts.create("ada", Role.VIEWER, OPERATOR)
    first, second = accounts.link("ada", OPERATOR), accounts.link("ada", OPERATOR)
    assert accounts.welcomed(first) is None, "a new link makes the one before void"
    welcomed = accounts.welcomed(second)
    assert welcomed is not None
    assert welcomed.name == "ada"
    with pytest.raises(UsageError, match="12 characters"):
        accounts.accept(second, "short")
    assert accounts.accept(second, PASSWORD).state == "active"
    with pytest.raises(UnknownNameError, match="works once"):
        accounts.accept(second, "another good password")
    late = accounts.link("ada", OPERATOR)
    clock.advance(LINK_LIFE)
    with pytest.raises(UnknownNameError, match="kohort accounts link"):
        accounts.accept(late, "another good password")
    assert accounts.authenticate("ada", PASSWORD, HERE) is not None


def test_only_hashes_are_stored(accounts: Accounts, sessions: Sessions, tmp_path: Path) -> None:
    account_id = holder(accounts, "ada")
    link, session = accounts.link("ada", OPERATOR), sessions.begin(account_id, OPERATOR)
    found = sessions.find(session)
    assert found is not None
    with sqlite3.connect(tmp_path / "state.sqlite") as connection:
        dump = "".join(connection.iterdump())
    connection.close()
    assert "$argon2id$" in dump
    for secret in (PASSWORD, link, session, found.csrf):
        assert secret not in dump
        assert secret.encode().hex().upper() not in dump


def test_the_first_start_makes_an_admin_until_somebody_is_in(accounts: Accounts) -> None:
    first, second = accounts.first_link(), accounts.first_link()
    assert first is not None
    assert second not in {None, first}, "whoever lost the link starts again"
    assert accounts.welcomed(first) is None
    assert [(one.name, one.role) for one in accounts.list()] == [("admin", Role.ADMIN)]
    accounts.accept(str(second), PASSWORD)
    assert accounts.first_link() is None


def test_two_installations_have_no_secret_in_common(tmp_path: Path, clock: SettableClock) -> None:
    made = [Accounts(State(tmp_path / name / "state.sqlite"), clock).first_link() for name in ("one", "other")]
    assert made[0] != made[1]
    assert all(len(str(one)) == 43 for one in made)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("x" * 11, "12 characters"),
        ("aaaaaaaaaaaab", "guessed"),
        ("i am ada lovelace", "guessed"),
        ("x" * 1_001, "most"),
    ],
)
def test_weak_passwords_are_refused(accounts: Accounts, password: str, said: str) -> None:
    accounts.create("ada", Role.VIEWER, OPERATOR)
    link = accounts.link("ada", OPERATOR)
    with pytest.raises(UsageError, match=said):
        accounts.accept(link, password)
    assert accounts.welcomed(link) is not None, "the link can still be used"


@pytest.mark.parametrize("name", ["", "ada lovelace", "-ada", "a" * 101, "ада", "<script>", "a\nb"])
def test_names_are_plain(accounts: Accounts, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        accounts.create(name, Role.VIEWER, OPERATOR)
    assert accounts.create(" Ada@Example.org ", Role.VIEWER, OPERATOR).name == "ada@example.org"
    with pytest.raises(UsageError, match="already"):
        accounts.create("ADA@example.org", Role.ADMIN, OPERATOR)


def test_the_same_work_is_done_for_who_has_no_account(
    state: State, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the name is argon2's
            checked.append(str(hash).rsplit("$", 2)[0])
            return super().verify(hash, password)

    accounts = Accounts(state, clock, Passwords(Counting(time_cost=1, memory_cost=64, parallelism=1)))
    holder(accounts, "ada")
    accounts.create("invited", Role.VIEWER, OPERATOR)
    holder(accounts, "gone")
    accounts.disable("gone", OPERATOR)
    for name in ("ada", "nobody", "invited", "gone", "x" * 1_000, "\ud800"):
        assert accounts.authenticate(name, "wrong password", HERE) is None
    assert len(checked) == 6
    assert len(set(checked)) == 1, "with the same parameters"


def test_passwords_kept_by_weaker_parameters_are_kept_anew(state: State, clock: SettableClock) -> None:
    holder(Accounts(state, clock, Passwords(QUICK)), "ada")
    stronger = Accounts(state, clock, Passwords(PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)))
    for _ in range(2):
        assert stronger.authenticate("ada", PASSWORD, HERE) is not None
    with state.reading() as connection:
        (kept,) = connection.exec_driver_sql("SELECT password FROM accounts").one()
    assert "t=2" in kept


def test_guessing_ends_after_a_few_attempts(accounts: Accounts, clock: SettableClock) -> None:
    holder(accounts, "ada")
    for _ in range(PER_ACCOUNT):
        assert accounts.authenticate("ada", "wrong password", HERE) is None
    with pytest.raises(AttemptsError, match="try again in 900 s"):
        accounts.authenticate("ADA ", PASSWORD, HERE)
    assert accounts.authenticate("ada", PASSWORD, "192.0.2.99") is not None, "its holder is elsewhere"
    clock.advance(WINDOW)
    assert accounts.authenticate("ada", PASSWORD, HERE) is not None


def test_one_address_may_not_try_every_name(clock: SettableClock) -> None:
    attempts = Attempts(clock)
    for number in range(PER_ADDRESS):
        attempts.begin(f"name {number}", f"2001:db8::{number:x}")
    with pytest.raises(AttemptsError):
        attempts.begin("another", "2001:db8::ffff")
    attempts.begin("another", "2001:db8:0:1::1")


def test_success_forgets_what_failed(clock: SettableClock) -> None:
    attempts = Attempts(clock)
    for _ in range(5 * PER_ADDRESS):
        attempts.begin("ada", HERE)
        attempts.succeeded("ada", HERE)


def test_who_was_refused_is_told_by_account_and_never_by_what_was_typed(accounts: Accounts, audit: Audit) -> None:
    holder(accounts, "ada")
    accounts.authenticate("ada", "my secret", HERE)
    accounts.authenticate("my other secret", "", HERE)
    assert [(one.action, one.object) for one in audit.list(2)] == [("sign-in refused", ""), ("sign-in refused", "ada")]
    assert "secret" not in repr(audit.list())
    assert HERE not in repr(audit.list())


def test_a_session_ends_by_itself(accounts: Accounts, sessions: Sessions, clock: SettableClock) -> None:
    plain = sessions.begin(holder(accounts, "ada"), OPERATOR)
    clock.advance(IDLE - 1)
    assert sessions.find(plain) is not None
    clock.advance(IDLE - 1)
    assert sessions.find(plain) is not None, "each request keeps it"
    clock.advance(IDLE)
    assert sessions.find(plain) is None
    plain = sessions.begin(accounts.find("ada").account_id, OPERATOR)
    for _ in range(LONGEST // (6 * HOUR)):
        assert sessions.find(plain) is not None
        clock.advance(6 * HOUR)
    assert sessions.find(plain) is None, "in any case after thirty days"
    assert sessions.list(accounts.find("ada").account_id) == []


def test_what_a_browser_shows_is_found_only_whole(accounts: Accounts, sessions: Sessions) -> None:
    plain = sessions.begin(holder(accounts, "ada"), OPERATOR)
    for wrong in ("", plain[:-1], plain + "A", plain.swapcase(), "\ud800"):
        assert sessions.find(wrong) is None


def test_sessions_end_with_the_right_that_they_were_given_for(
    accounts: Accounts, sessions: Sessions, clock: SettableClock
) -> None:
    account_id = holder(accounts, "ada")
    holder(accounts, "root", Role.ADMIN)
    changes: list[Callable[[], object]] = [
        lambda: accounts.set_role("ada", Role.VIEWER, OPERATOR),
        lambda: accounts.disable("ada", OPERATOR),
        lambda: accounts.accept(accounts.link("ada", OPERATOR), "another good password"),
        lambda: accounts.change_password(account_id, "another good password", "and a third one", HERE, OPERATOR),
        lambda: sessions.end_all(account_id, "ada", OPERATOR),
    ]
    for change in changes:
        accounts.enable("ada", OPERATOR)
        plain, other = sessions.begin(account_id, OPERATOR), sessions.begin(accounts.find("root").account_id, OPERATOR)
        assert sessions.find(plain) is not None
        change()
        assert sessions.find(plain) is None
        assert sessions.find(other) is not None, "nobody else's"


def test_one_session_of_several_ends_alone_and_only_by_its_account(accounts: Accounts, sessions: Sessions) -> None:
    account_id, other_id = holder(accounts, "ada"), holder(accounts, "bob")
    plain, kept = sessions.begin(account_id, OPERATOR), sessions.begin(account_id, OPERATOR)
    found = sessions.find(plain)
    assert found is not None
    sessions.end(found.session_id, other_id, OPERATOR)
    assert sessions.find(plain) == found
    sessions.end(found.session_id, account_id, OPERATOR)
    assert sessions.find(plain) is None
    assert sessions.find(kept) is not None


def test_a_wrong_old_password_changes_nothing(accounts: Accounts) -> None:
    account_id = holder(accounts, "ada")
    by = Actor("ada", "studio")
    assert not accounts.change_password(account_id, "wrong password", "another good password", HERE, by)
    assert accounts.authenticate("ada", PASSWORD, HERE) is not None
    assert accounts.change_password(account_id, PASSWORD, "another good password", HERE, by)
    assert accounts.authenticate("ada", PASSWORD, HERE) is None


def test_an_admin_remains(accounts: Accounts) -> None:
    holder(accounts, "root", Role.ADMIN)
    accounts.create("invited", Role.ADMIN, OPERATOR)
    changes: list[Callable[[], object]] = [
        lambda: accounts.disable("root", OPERATOR),
        lambda: accounts.set_role("root", Role.VIEWER, OPERATOR),
    ]
    for change in changes:
        with pytest.raises(UsageError, match="last admin"):
            change()
    holder(accounts, "second", Role.ADMIN)
    accounts.disable("root", OPERATOR)
    assert {one.name: one.state for one in accounts.list()} == {
        "invited": "invited",
        "root": "disabled",
        "second": "active",
    }
    with pytest.raises(UsageError, match="is disabled"):
        accounts.link("root", OPERATOR)


def test_the_audit_tells_who_did_what(accounts: Accounts, audit: Audit, state: State, clock: SettableClock) -> None:
    ada = Actor("ada", "studio")
    holder(accounts, "ada", Role.ADMIN)
    accounts.create("bob", Role.VIEWER, ada)
    accounts.set_role("bob", Role.ANALYST, ada)
    _, key = Keys(state, clock).create_secret("crm", ["people:read"], clock.now() + DAY, by=ada)
    Keys(state, clock).revoke(key.key_id, by=ada)
    Keys(state, clock).revoke(key.key_id, by=ada)
    told = [(one.actor, one.action, one.object, one.detail) for one in audit.list()]
    assert told == [
        ("ada", "key revoked", key.key_id, ""),
        ("ada", "key created", key.key_id, "secret crm people:read"),
        ("ada", "role changed", "bob", "viewer to analyst"),
        ("ada", "account created", "bob", "viewer"),
        ("ada", "password changed", "ada", ""),
        ("operator", "link made", "ada", ""),
        ("operator", "account created", "ada", "admin"),
    ]


def test_who_is_vouched_for_takes_nobodys_account(accounts: Accounts) -> None:
    account_id = holder(accounts, "ada")
    vouched = accounts.vouched("https://id.example", "subject 1", "Ada", Role.ANALYST)
    assert vouched.account_id != account_id
    assert vouched.name == "ada-2"
    assert accounts.vouched("https://id.example", "subject 1", "Renamed", Role.ANALYST) == vouched
    assert accounts.vouched("https://other.example", "subject 1", "", Role.VIEWER).name == "account"
    assert accounts.authenticate("ada-2", "", HERE) is None


READS = {"segments:read", "memberships:read"}


def test_each_role_may_what_it_is_for_and_nothing_else() -> None:
    assert {
        Role.VIEWER: {"segments:read"},
        Role.ANALYST: {*READS, "people:pseudonymised"},
        Role.MARKETER: {*READS, "people:read", "people:write", "segments:write", "events:read", "imports:write"},
        Role.PRIVACY_OFFICER: {*READS, "people:read", "events:read", "audit:read"},
        Role.ADMIN: set(SCOPES) - {"people:pseudonymised"},
    } == ROLES


def test_a_session_remembers_that_it_was_seen_without_writing_at_each_request(
    accounts: Accounts, sessions: Sessions, clock: SettableClock
) -> None:
    account_id = holder(accounts, "ada")
    plain, began = sessions.begin(account_id, OPERATOR), clock.now()
    clock.advance(MINUTE)
    sessions.find(plain)
    assert [one.seen_at for one in sessions.list(account_id)] == [began]
    clock.advance(5 * MINUTE)
    sessions.find(plain)
    assert [one.seen_at for one in sessions.list(account_id)] == [clock.now()]
