"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from kohort.errors import AttemptsError
from kohort.governance.accounts import Account
from kohort.governance.audit import Actor
from kohort.web.accounts.visitors import NOBODY, local_path
from kohort.web.api.asking import Desk
from kohort.web.callers import check_origin, forget_session, keep_session, session_of
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.pages import Pages, Visit, Visiting

_WRONG, _TOO_OFTEN = 401, 429


def mount_sign_in(router: APIRouter, desk: Desk) -> None:
    """Add `/sign-in`, where people are nobody yet."""

    @router.get("/sign-in")
    def sign_in(request: Request, asked: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
        if session_of(desk.project, request) is not None:
            return RedirectResponse(local_path(asked), 303)
        return sign_in_page(request, desk, asked)

    @router.post("/sign-in")
    def signed_in(request: Request, body: Body) -> Response:
        check_origin(request)
        form = posted(body)
        name, path = form.get("name", ""), form.get("next", "/")
        try:
            account = desk.project.accounts.authenticate(name, form.get("password", ""), address_of(request))
        except AttemptsError as error:
            answer = sign_in_page(request, desk, path, name, problem="too_often", status=_TOO_OFTEN)
            answer.headers["retry-after"] = str(error.wait)
            return answer
        if account is None:
            return sign_in_page(request, desk, path, name, problem="wrong", status=_WRONG)
        return begin(request, desk, account, path)


def mount_sign_out(pages: Pages) -> None:
    """Add `/sign-out`."""

    @pages.action("/sign-out")
    def sign_out(visit: Visiting, body: Body) -> Response:
        sessions, visitor = visit.project.sessions, visit.visitor
        by = Actor(visitor.name, "studio")
        session = session_of(visit.project, visit.request)
        if posted(body).get("everywhere"):
            sessions.end_all(visitor.account_id, visitor.name, by)
        elif session is not None:
            sessions.end(session.session_id, visitor.account_id, by)
        answer = RedirectResponse("/sign-in", 303)
        forget_session(answer)
        return answer


def begin(request: Request, desk: Desk, account: Account, path: str) -> Response:
    """Begin a session of an account and go on at a path; one that the browser had ends."""
    by, sessions = Actor(account.name, "studio"), desk.project.sessions
    before = session_of(desk.project, request)
    if before is not None:
        sessions.end(before.session_id, before.account_id, Actor(before.name, "studio"))
    answer = RedirectResponse(local_path(path), 303)
    keep_session(answer, sessions.begin(account.account_id, by))
    return answer


def address_of(request: Request) -> str:
    """Return where a request comes from, as far as is known."""
    return request.client.host if request.client is not None else ""


def sign_in_page(
    request: Request, desk: Desk, path: str, typed: str = "", *, problem: str = "", status: int = 200
) -> Response:
    """Return the page to sign in; `typed` is the name that was, `problem` why it failed."""
    visit = Visit(request, NOBODY, desk)
    organisation = desk.project.settings.oidc is not None
    return visit.draws(
        "accounts/sign_in", status, problem=problem, typed=typed[:100], next=local_path(path), organisation=organisation
    )
