"""One's own account: language, password, where one is signed in."""

from fastapi import Response
from pydantic import Field
from starlette.responses import RedirectResponse

from kohort.errors import AccountError, AttemptsError
from kohort.governance.audit import Actor
from kohort.web.accounts.sign_in import address_of, begin
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.callers import session_of
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.pages import Pages, Visit, Visiting

_WRONG, _TOO_OFTEN = 422, 429


class OwnSession(Answer):
    """A browser in which somebody is signed in."""

    session_id: str
    created_at: IsoMoment
    seen_at: IsoMoment
    this: bool = Field(description="Whether it is the one that asks.")


class OwnAccount(Answer):
    """Who somebody is here."""

    name: str
    role: str
    scopes: list[str]
    language: str | None = Field(description="Null for that of the browser.")
    has_password: bool = Field(description="Whether they come in by a password; otherwise somebody vouches for them.")
    sessions: list[OwnSession]


def mount_own_account(pages: Pages) -> None:
    """Add `/account`, and what is changed there."""

    @pages.page("/account")
    def account(visit: Visiting) -> Response:
        return _shown(visit)

    @pages.action("/account/language")
    def language(visit: Visiting, body: Body) -> Response:
        try:
            visit.project.accounts.set_language(visit.visitor.account_id, posted(body).get("language") or None)
        except AccountError as error:
            return _shown(visit, error.code, _WRONG)
        return RedirectResponse("/account", 303)

    @pages.action("/account/password")
    def password(visit: Visiting, body: Body) -> Response:
        form = posted(body)
        old, new = form.get("old", ""), form.get("new", "")
        if new != form.get("repeated", ""):
            return _shown(visit, "password_repeated", _WRONG)
        accounts, visitor = visit.project.accounts, visit.visitor
        by = Actor(visitor.name, "studio")
        try:
            changed = accounts.change_password(visitor.account_id, old, new, address_of(visit.request), by)
        except AttemptsError:
            return _shown(visit, "too_often", _TOO_OFTEN)
        except AccountError as error:
            return _shown(visit, error.code, _WRONG)
        if not changed:
            return _shown(visit, "password_old", _WRONG)
        # All sessions have ended, this one too: who has just shown both passwords goes on with a new one.
        return begin(visit.request, visit.desk, accounts.find(visitor.name), "/account")

    @pages.action("/account/sessions/{session_id}/end")
    def end_session(visit: Visiting, session_id: str) -> Response:
        by = Actor(visit.visitor.name, "studio")
        visit.project.sessions.end(session_id, visit.visitor.account_id, by)
        return RedirectResponse("/account", 303)


def _shown(visit: Visit, problem: str = "", status: int = 200) -> Response:
    page = _account(visit)
    if problem:
        return visit.draws("accounts/own", status, page=page, problem=problem)
    return visit.shows("accounts/own", page, problem="")


def _account(visit: Visit) -> OwnAccount:
    visitor, project = visit.visitor, visit.project
    session = session_of(project, visit.request)
    return OwnAccount(
        name=visitor.name,
        role=visitor.role,
        scopes=sorted(visitor.scopes),
        language=None if visitor.language is None else visitor.language.value,
        has_password=project.accounts.find(visitor.name).has_password,
        sessions=[
            OwnSession.model_validate(
                {**vars(one), "this": session is not None and one.session_id == session.session_id}
            )
            for one in project.sessions.list(visitor.account_id)
        ],
    )
