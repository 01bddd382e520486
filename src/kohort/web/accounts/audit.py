"""The audit, for who looks after privacy."""

from collections.abc import Callable
from typing import Final

from fastapi import Response

from kohort.governance.keys import AUDIT_READ
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visiting

_AUDIT: Final = ("at", "actor", "door", "action", "object", "detail")
_: Final[Callable[[str], str]] = marked
ACTIONS: Final = (
    _("account created"),
    _("account disabled"),
    _("account enabled"),
    _("key created"),
    _("key revoked"),
    _("link made"),
    _("model promoted"),
    _("model taken back to"),
    _("password changed"),
    _("role changed"),
    _("sign-in refused"),
    _("signed in"),
    _("signed out"),
    _("signed out everywhere"),
)
"""What the audit tells of, for the catalogs."""
DOORS: Final = (_("api"), _("command line"), _("server"), _("studio"))
"""How the audit says that somebody came."""


class AuditLine(Answer):
    """Who did what to which account or key."""

    seq: int
    at: IsoMoment
    actor: str
    door: str
    action: str
    object: str
    detail: str


class AuditLines(Answer):
    """The newest lines of the audit."""

    lines: list[AuditLine]


def mount_audit(pages: Pages) -> None:
    """Add `/audit`."""

    @pages.page("/audit", AUDIT_READ, listed=True)
    def audit(visit: Visiting) -> Response:
        page = AuditLines(lines=[AuditLine.model_validate(one) for one in visit.project.audit.list()])
        return visit.shows("accounts/audit", page, Listed.of(_AUDIT, page.lines))
