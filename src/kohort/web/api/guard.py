"""What an endpoint asks of who comes: a secret key, or a session, with a scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from kohort.project import Project
from kohort.web.access import check_key
from kohort.web.callers import COOKIE, Caller, caller_of, check_forgery

_BEARER: Final = HTTPBearer(
    scheme_name="secret key", description="Made with: kohort keys create --kind secret", auto_error=False
)
_COOKIE: Final = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    description="Somebody signed in; what changes something also needs the header X-CSRF-Token.",
    auto_error=False,
)


def needs(project: Project, *scopes: str) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency that gives who asks.

    It raises RequestRefusedError unless they are known and have one of the scopes, and, where a session is to change
    something, unless a page of ours asks.
    """

    async def check(
        request: Request,
        _key: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        _session: Annotated[str | None, Security(_COOKIE)],
    ) -> Caller:
        caller = await run_in_threadpool(caller_of, project, request)
        check_key(caller, *scopes)
        if caller.session is not None:
            await check_forgery(request, caller.session.csrf)
        return caller

    return check
