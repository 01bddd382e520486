"""Who a visitor of the studio is, by the session that their browser shows."""

import re
from typing import Final

from fastapi import Request

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.sessions import Session
from kohort.project import Project
from kohort.rules.languages import Language
from kohort.web.callers import session_of
from kohort.web.studio.visiting import Doorkeeper, Visitor

NOBODY: Final = Visitor("", "", "", frozenset(), None, "")
"""Who is not signed in."""
# A path of ours: one slash, since two begin the name of another host, as does a slash and a backslash.
_LOCAL: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*", re.ASCII)


def doorkeeper_of(project: Project) -> Doorkeeper:
    """Return what tells who a request is from; it raises RequestRefusedError (401) for nobody known."""

    def known(request: Request) -> Visitor:
        session = session_of(project, request)
        if session is None:
            raise RequestRefusedError(401, "not_signed_in", "sign in first")
        return visitor_of(session)

    return known


def visitor_of(session: Session) -> Visitor:
    """Return the visitor whose session this is."""
    language = None if session.language is None else Language(session.language)
    return Visitor(session.account_id, session.name, session.role.value, session.scopes, language, session.csrf)


def local_path(asked: str) -> str:
    r"""Return where to go on after signing in: `asked` if it is a path of this server, the start otherwise.

    >>> [local_path(one) for one in ("/segments?at=1", "//evil.example", "https://evil.example", "/\\evil.example")]
    ['/segments?at=1', '/', '/', '/']
    """
    return asked if _LOCAL.fullmatch(asked) else "/"
