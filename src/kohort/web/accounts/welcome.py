"""The link by which the holder of an account chooses a password, and is in."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from kohort.errors import AccountError, UnknownNameError
from kohort.governance.accounts import Account
from kohort.web.accounts.sign_in import begin
from kohort.web.accounts.visitors import NOBODY
from kohort.web.api.asking import Desk
from kohort.web.callers import check_origin
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.pages import Visit

_GONE, _WRONG = 404, 422
Link = Annotated[str, Path(max_length=200)]


def mount_welcome(router: APIRouter, desk: Desk) -> None:
    """Add `/welcome/{link}`: to look at it uses nothing up."""
    accounts = desk.project.accounts

    @router.get("/welcome/{link}")
    def welcome(request: Request, link: Link) -> Response:
        return _page(request, desk, accounts.welcomed(link))

    @router.post("/welcome/{link}")
    def accept(request: Request, link: Link, body: Body) -> Response:
        check_origin(request)
        form = posted(body)
        password = form.get("password", "")
        account = accounts.welcomed(link)
        if account is None or password != form.get("repeated", ""):
            return _page(request, desk, account, "password_repeated")
        try:
            return begin(request, desk, accounts.accept(link, password), "/")
        except AccountError as error:
            return _page(request, desk, account, error.code)
        except UnknownNameError:  # another was faster
            return _page(request, desk, None)


def _page(request: Request, desk: Desk, account: Account | None, problem: str = "") -> Response:
    visit = Visit(request, NOBODY, desk)
    status = _GONE if account is None else _WRONG if problem else 200
    return visit.draws("accounts/welcome", status, account=account, problem=problem)
