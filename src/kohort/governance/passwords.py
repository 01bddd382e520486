"""Passwords: hashed with Argon2id, and guessing them is slow for who knows no account too."""

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kohort.errors import AccountError

SHORTEST: Final = 12
LONGEST: Final = 1_000
_FEWEST_DIFFERENT: Final = 5


def check_password(password: str, name: str) -> None:
    """Raise AccountError for a password that would be guessed, or that holds the `name` of its account.

    >>> check_password("correct horse battery", "ada")
    >>> check_password("short", "ada")
    Traceback (most recent call last):
    kohort.errors.AccountError: a password has 12 characters at least; three or four words that do not belong ...
    """
    advice = "three or four words that do not belong together make a good one"
    if len(password) < SHORTEST:
        raise AccountError("password_short", f"a password has {SHORTEST} characters at least; {advice}")
    if len(password) > LONGEST:
        raise AccountError("password_long", f"a password has {LONGEST:,} characters at most")
    if len(set(password)) < _FEWEST_DIFFERENT or name.casefold() in password.casefold():
        problem = f"this password would be guessed: it repeats itself, or the account's name; {advice}"
        raise AccountError("password_guessable", problem)


@dataclass(frozen=True)
class Passwords:
    """Hashes passwords and checks them, one at a time: each takes 64 MiB for some tens of milliseconds.

    >>> passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    >>> kept = passwords.hashed("correct horse battery")
    >>> passwords.fits(kept, "correct horse battery"), passwords.fits(kept, "wrong"), passwords.fits(None, "any")
    (True, False, False)
    """

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def hashed(self, password: str) -> str:
        """Return what is kept of a password: its hash, the salt and the parameters."""
        with self._one_at_a_time:
            return self.hasher.hash(_encoded(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is the one that was kept; None is nobody's, and costs the same work."""
        with self._one_at_a_time:
            try:
                return self.hasher.verify(self._nobodys if kept is None else kept, _encoded(password[:LONGEST]))
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a password was kept by weaker parameters than today's."""
        return self.hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self.hasher.hash(secrets.token_bytes(32))


def _encoded(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
