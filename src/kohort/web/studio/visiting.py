"""Who looks at the studio."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from kohort.collection.acceptance import RequestRefusedError
from kohort.rules.languages import Language


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in: their account, what they may do, and the token that forms they send must hold.

    `language` is what they chose, None where their browser decides.
    """

    account_id: str
    name: str
    role: str
    scopes: frozenset[str]
    language: Language | None
    csrf: str

    def may(self, *scopes: str) -> bool:
        """Return whether they have one of the scopes; without any, everybody may.

        >>> Visitor("a_1", "Ada", "viewer", frozenset({"segments:read"}), None, "").may("segments:write")
        False
        """
        return not scopes or not self.scopes.isdisjoint(scopes)


Doorkeeper = Callable[[Request], Visitor]
"""What tells who a request is from; it raises RequestRefusedError for nobody known."""


def check_scopes(visitor: Visitor, scopes: tuple[str, ...]) -> None:
    """Raise RequestRefusedError for a visitor who has none of the scopes that a page needs."""
    if not visitor.may(*scopes):
        raise RequestRefusedError(403, "forbidden", f"this page needs the right {' or '.join(scopes)}", where=None)
