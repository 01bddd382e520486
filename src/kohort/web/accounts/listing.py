"""All accounts, for who looks after them."""

from collections.abc import Callable
from typing import Final

from fastapi import Response
from pydantic import Field
from starlette.responses import RedirectResponse

from kohort.errors import AccountError, UnknownNameError
from kohort.governance.accounts import welcome_address
from kohort.governance.audit import Actor
from kohort.governance.keys import ACCOUNTS_WRITE
from kohort.governance.roles import Role, role_of
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_UNKNOWN, _WRONG = 404, 422
_COLUMNS: Final = ("name", "role", "state", "created_at", "sessions")


class ListedAccount(Answer):
    """An account."""

    name: str
    role: str
    state: str = Field(description="active, invited or disabled.")
    created_at: IsoMoment
    sessions: int = Field(description="In how many browsers its holder is signed in.")


class AccountList(Answer):
    """Every account, by name."""

    accounts: list[ListedAccount]


def mount_account_list(pages: Pages) -> None:
    """Add `/accounts`, and what is changed there."""

    @pages.page("/accounts", ACCOUNTS_WRITE, listed=True)
    def accounts(visit: Visiting) -> Response:
        page = _accounts(visit)
        return visit.shows(
            "accounts/list", page, Listed.of(_COLUMNS, page.accounts), roles=list(Role), problem="", link="", of=""
        )

    @pages.action("/accounts", ACCOUNTS_WRITE)
    def create(visit: Visiting, body: Body) -> Response:
        form = posted(body)
        name = form.get("name", "")

        def change(by: Actor) -> str:
            made = visit.project.accounts.create(name, role_of(form.get("role", "")), by)
            return visit.project.accounts.link(made.name, by)

        return _changed(visit, name.strip().lower(), change)

    @pages.action("/accounts/{name}/link", ACCOUNTS_WRITE)
    def link(visit: Visiting, name: str) -> Response:
        return _changed(visit, name, lambda by: visit.project.accounts.link(name, by))

    @pages.action("/accounts/{name}/role", ACCOUNTS_WRITE)
    def change_role(visit: Visiting, name: str, body: Body) -> Response:
        asked = posted(body).get("role", "")
        return _changed(visit, name, lambda by: visit.project.accounts.set_role(name, role_of(asked), by))

    @pages.action("/accounts/{name}/disable", ACCOUNTS_WRITE)
    def disable(visit: Visiting, name: str) -> Response:
        return _changed(visit, name, lambda by: visit.project.accounts.disable(name, by))

    @pages.action("/accounts/{name}/enable", ACCOUNTS_WRITE)
    def enable(visit: Visiting, name: str) -> Response:
        return _changed(visit, name, lambda by: visit.project.accounts.enable(name, by))

    @pages.action("/accounts/{name}/sign-out", ACCOUNTS_WRITE)
    def sign_out(visit: Visiting, name: str) -> Response:
        def change(by: Actor) -> None:
            visit.project.sessions.end_all(visit.project.accounts.find(name).account_id, name, by)

        return _changed(visit, name, change)


def _changed(visit: Visit, name: str, change: Callable[[Actor], str | None]) -> Response:
    """Make a change and show the list anew, with the link where one was made, or with what speaks against it."""
    try:
        made = change(Actor(visit.visitor.name, "studio"))
    except UnknownNameError:
        return _list(visit, "account_unknown", name, status=_UNKNOWN)
    except AccountError as error:
        return _list(visit, error.code, name, status=_WRONG)
    if made is None:
        return RedirectResponse("/accounts", 303)
    # Shown in the answer itself, which nothing stores.
    address = f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
    return _list(visit, "", name, link=welcome_address(address, made))


def _list(visit: Visit, problem: str, of: str, link: str = "", status: int = 200) -> Response:
    roles = list(Role)
    answer = visit.draws("accounts/list", status, page=_accounts(visit), roles=roles, problem=problem, link=link, of=of)
    answer.headers["cache-control"] = "no-store"
    return answer


def _accounts(visit: Visit) -> AccountList:
    sessions = visit.project.sessions
    return AccountList(
        accounts=[
            ListedAccount(
                name=one.name,
                role=one.role.value,
                state=one.state,
                created_at=one.created_at,  # type: ignore[arg-type] # the model writes it out
                sessions=len(sessions.list(one.account_id)),
            )
            for one in visit.project.accounts.list()
        ]
    )
