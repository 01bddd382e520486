"""Letting in who shows a secret key that may do what is asked."""

from typing import Protocol

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import SecretKey
from kohort.web.http import Request


class SecretKeys(Protocol):
    """Finds secret keys."""

    def find_secret(self, plain: str) -> SecretKey | None:
        """Return what a key allows, None for one that is unknown, expired or revoked."""


def check_scope(keys: SecretKeys, request: Request, scope: str) -> None:
    """Raise RequestRefusedError unless the header Authorization bears a secret key that has the scope."""
    check_authorization(keys, request.header(b"authorization"), scope)


def check_authorization(keys: SecretKeys, authorization: str, *scopes: str) -> SecretKey:
    """Return the key that `authorization`, a header, bears.

    Raises RequestRefusedError unless it has one of the scopes.
    """
    scheme, _, plain = authorization.partition(" ")
    key = keys.find_secret(plain.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise RequestRefusedError(401, "invalid_secret_key", "send a secret key: Authorization: Bearer sk_…")
    check_key(key, *scopes)
    return key


def check_key(key: SecretKey, *scopes: str) -> None:
    """Raise RequestRefusedError unless a key has one of the scopes."""
    if not key.scopes.intersection(scopes):
        wanted = " or ".join(scopes)
        problem = f'the key "{key.name}" has not the scope {wanted}; make one with: kohort keys create --kind secret'
        raise RequestRefusedError(403, "scope_missing", problem)
