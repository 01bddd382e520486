"""What an endpoint asks of who comes: a secret key with a scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kohort.governance.keys import SecretKey
from kohort.web.access import SecretKeys, check_authorization

_BEARER: Final = HTTPBearer(
    scheme_name="secret key", description="Made with: kohort keys create --kind secret", auto_error=False
)


def needs(keys: SecretKeys, *scopes: str) -> Callable[..., Awaitable[SecretKey]]:
    """Return a dependency that gives the secret key of a request.

    It raises RequestRefusedError unless there is one, and it has one of the scopes.
    """

    async def check(
        request: Request, _described: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> SecretKey:
        return check_authorization(keys, authorization_of(request), *scopes)

    return check


def authorization_of(request: Request) -> str:
    """Return the header Authorization, "" where it is missing."""
    return request.headers.get("authorization", "")
