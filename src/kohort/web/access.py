"""Letting in who may do what is asked: a secret key with its scopes, or an account with those of its role."""

from typing import Protocol

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import SecretKey
from kohort.web.http import Request


class SecretKeys(Protocol):
    """Finds secret keys."""

    def find_secret(self, plain: str) -> SecretKey | None:
        """Return what a key allows, None for one that is unknown, expired or revoked."""


class Allowed(Protocol):
    """Whoever may do something: a key, or somebody signed in."""

    @property
    def name(self) -> str:
        """What they are called."""

    @property
    def scopes(self) -> frozenset[str]:
        """What they may do."""


def check_scope(keys: SecretKeys, request: Request, scope: str) -> None:
    """Raise RequestRefusedError unless the header Authorization bears a secret key that has the scope."""
    check_key(check_authorization(keys, request.header(b"authorization")), scope)


def check_authorization(keys: SecretKeys, authorization: str) -> SecretKey:
    """Return the key that `authorization`, a header, bears; raises RequestRefusedError (401) for none."""
    scheme, _, plain = authorization.partition(" ")
    key = keys.find_secret(plain.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise RequestRefusedError(401, "invalid_secret_key", "send a secret key: Authorization: Bearer sk_…")
    return key


def check_key(shown: Allowed, *scopes: str) -> None:
    """Raise RequestRefusedError (403) unless a key, or somebody signed in, has one of the scopes."""
    if not shown.scopes.intersection(scopes):
        remedy = "make one with: kohort keys create --kind secret"
        if not isinstance(shown, SecretKey):
            remedy = "an admin can give the account another role"
        problem = f'"{shown.name}" has not the scope {" or ".join(scopes)}; {remedy}'
        raise RequestRefusedError(403, "scope_missing", problem)
