"""Signing in with one's organisation: there and back again."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import MissingExtraError, RemoteError
from kohort.governance.audit import SERVER
from kohort.storage.secrets import secret_of
from kohort.web.accounts.pending import PATIENCE, Pending
from kohort.web.accounts.sign_in import begin, sign_in_page
from kohort.web.accounts.visitors import local_path
from kohort.web.api.asking import Desk

if TYPE_CHECKING:
    from kohort.activation.destinations.checked import CheckedClient
    from kohort.web.accounts.vouching import Provider, Voucher

COOKIE: Final = "__Host-kohort-sign-in"
_BACK: Final = "/sign-in/organisation/back"
_SEALED: Final = "sign-in"
_FORBIDDEN, _FAILED = 403, 502
Given = Annotated[str, Query(max_length=4_000)]


def mount_organisation(router: APIRouter, desk: Desk, client: "CheckedClient | None" = None) -> None:
    """Add `/sign-in/organisation`, and where who has signed in there comes back to."""

    @cache
    def provider() -> "Provider":
        return _provider(desk, client)

    @router.get("/sign-in/organisation")
    async def leave(request: Request, asked: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
        try:
            address, pending = await provider().begin(_back(request), local_path(asked))
        except RemoteError as error:
            return await _failed(request, desk, error)
        answer = RedirectResponse(address, 303)
        sealed = desk.project.pseudonyms.of(msgspec.json.encode(pending).decode(), _SEALED)
        # Lax, since it is the other server that leads back here.
        answer.set_cookie(COOKIE, sealed, max_age=600, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    @router.get(_BACK)
    async def back(request: Request, code: Given = "", state: Given = "") -> Response:
        pending = _pending(request, desk, state)
        try:
            if pending is None or not code:
                raise RemoteError("nobody began to sign in so, or they did not end it")  # noqa: TRY301 - one way to fail
            voucher = await provider().finish(_back(request), pending, code)
        except RemoteError as error:
            answer = await _failed(request, desk, error)
        else:
            answer = await run_in_threadpool(_let_in, request, desk, voucher, pending.path)
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer


def _provider(desk: Desk, client: "CheckedClient | None") -> "Provider":
    declared = desk.project.settings.oidc
    if declared is None:
        raise RequestRefusedError(404, "not_found", "kohort.yaml names no organisation to sign in with")
    try:
        from kohort.web.accounts.vouching import Provider  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("oidc", "signing in with OpenID Connect") from error
    # What asks other servers is loaded where one is asked.
    from kohort.activation.destinations.checked import CheckedClient  # noqa: PLC0415

    secret = "" if declared.client_secret is None else secret_of(declared.client_secret)
    return Provider(declared, secret, desk.project.clock, client or CheckedClient(declared.allow_private))


def _pending(request: Request, desk: Desk, state: str) -> Pending | None:
    sealed = desk.project.pseudonyms.text_of(request.cookies.get(COOKIE, ""), _SEALED)
    pending = None if sealed is None else msgspec.json.decode(sealed, type=Pending)
    if pending is None or pending.state != state:
        return None
    return pending if 0 <= desk.project.clock.now() - pending.began < PATIENCE else None


def _let_in(request: Request, desk: Desk, voucher: "Voucher", path: str) -> Response:
    if voucher.role is None:
        return sign_in_page(request, desk, path, problem="not_invited", status=_FORBIDDEN)
    account = desk.project.accounts.vouched(voucher.issuer, voucher.subject, voucher.name, voucher.role)
    if account.state == "disabled":
        return sign_in_page(request, desk, path, problem="not_invited", status=_FORBIDDEN)
    return begin(request, desk, account, path)


async def _failed(request: Request, desk: Desk, error: RemoteError) -> Response:
    """Show the page to sign in; why it failed is told in the audit, which holds nothing that was sent."""
    await run_in_threadpool(desk.project.audit.note, SERVER, "sign-in refused", "", str(error))
    return await run_in_threadpool(lambda: sign_in_page(request, desk, "/", problem="vouching", status=_FAILED))


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}{_BACK}"
