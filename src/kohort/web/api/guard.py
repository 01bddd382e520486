"""What an endpoint asks of who comes: a secret key with a scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kohort.web.access import SecretKeys, check_authorization

_BEARER: Final = HTTPBearer(
    scheme_name="secret key", description="Made with: kohort keys create --kind secret", auto_error=False
)


def needs(keys: SecretKeys, scope: str) -> Callable[..., Awaitable[None]]:
    """Return a dependency that raises RequestRefusedError unless the request has a secret key with the scope."""

    async def check(
        request: Request, _described: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> None:
        check_authorization(keys, authorization_of(request), scope)

    return check


def authorization_of(request: Request) -> str:
    """Return the header Authorization, "" where it is missing."""
    return request.headers.get("authorization", "")
