"""Who asks: a program that shows a secret key, or somebody who is signed in."""

import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.audit import Actor
from kohort.governance.sessions import Session
from kohort.project import Project
from kohort.web.access import check_authorization

COOKIE: Final = "__Host-kohort"
"""The cookie of a session. Its prefix binds it to this host: no other may set it, and it is never sent in the clear.

Browsers take 127.0.0.1 and localhost for safe as they are, so that it works there without TLS.
"""
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_FORM: Final = 2**20
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 1_000


@dataclass(frozen=True)
class Caller:
    """Who asks. `key_id` is that of the key, or the account; `session` is None for a program."""

    key_id: str
    name: str
    scopes: frozenset[str]
    session: Session | None = None

    @property
    def actor(self) -> Actor:
        """Who the audit says that it was."""
        return Actor(self.name, "api" if self.session is None else "studio")


def caller_of(project: Project, request: HTTPConnection, *, active: bool = True) -> Caller:
    """Return who asks; raises RequestRefusedError (401) for nobody known. A key that is shown comes before a cookie.

    What goes on without anybody there is not `active`, and keeps no session alive.
    """
    authorization = request.headers.get("authorization", "")
    if not authorization and (session := session_of(project, request, active=active)) is not None:
        return Caller(session.account_id, session.name, session.scopes, session)
    key = check_authorization(project.keys, authorization)
    return Caller(key.key_id, key.name, key.scopes)


def session_of(project: Project, request: HTTPConnection, *, active: bool = True) -> Session | None:
    """Return the session that a browser shows, None for none or one that has ended."""
    plain = request.cookies.get(COOKIE, "")
    return project.sessions.find(plain, active=active) if plain else None


def keep_session(answer: Response, plain: str) -> None:
    """Have the browser keep a session until it is closed, or ends here."""
    answer.set_cookie(COOKIE, plain, path="/", secure=True, httponly=True, samesite="lax")


def forget_session(answer: Response) -> None:
    """Have the browser forget its session."""
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


async def check_forgery(request: Request, csrf: str) -> None:
    """Raise RequestRefusedError (403) for a request that another page may have made a browser send.

    What changes nothing may come from anywhere; anything else must come from a page of ours, and hold the session's
    token: in the header X-CSRF-Token, or in the field `csrf` of a form of at most a megabyte.
    """
    if request.method in _READING:
        return
    check_origin(request)
    shown = request.headers.get("x-csrf-token") or await _form_token(request)
    if not hmac.compare_digest(shown.encode(errors="surrogatepass"), csrf.encode()):
        problem = "the page that sent this is out of date; load it anew, then try again"
        raise RequestRefusedError(403, "csrf_token_wrong", problem)


def check_origin(request: Request) -> None:
    """Raise RequestRefusedError (403) unless the browser says that a page of ours sends this."""
    site = request.headers.get("sec-fetch-site")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site != "same-origin" if site is not None else request.headers.get("origin") != own:
        raise RequestRefusedError(403, "cross_site", "only a page of this server may send this")


async def _form_token(request: Request) -> str:
    kind, length = request.headers.get("content-type", ""), request.headers.get("content-length", "")
    if not kind.startswith(_FORM) or not (length.isdecimal() and int(length) <= _LONGEST_FORM):
        return ""
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=_MOST_FIELDS)).get("csrf", "")
    except ValueError:
        return ""
