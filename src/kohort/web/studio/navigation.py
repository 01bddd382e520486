"""The ways through the studio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kohort.governance.keys import (
    ACCOUNTS_WRITE,
    AUDIT_READ,
    EVENTS_READ,
    PEOPLE_PSEUDONYMISED,
    PEOPLE_READ,
    SEGMENTS_READ,
)
from kohort.web.studio.visiting import Visitor


def marked(text: str) -> str:
    """Return a text that a catalog translates where it is shown."""
    return text


@dataclass(frozen=True)
class Way:
    """A link of the navigation: `label` is English, and translated where it is shown; `here` while one is there."""

    path: str
    label: str
    scopes: tuple[str, ...]
    here: bool = False


_: Final[Callable[[str], str]] = marked
_WAYS: Final = (
    Way("/", _("Home"), ()),
    Way("/segments", _("Segments"), (SEGMENTS_READ,)),
    Way("/build", _("Builder"), (SEGMENTS_READ,)),
    Way("/changes", _("Changes"), (SEGMENTS_READ,)),
    Way("/people", _("People"), (PEOPLE_READ, PEOPLE_PSEUDONYMISED)),
    Way("/discover", _("Discover"), (SEGMENTS_READ,)),
    Way("/importance", _("What matters"), (SEGMENTS_READ,)),
    Way("/events", _("Events"), (EVENTS_READ,)),
    Way("/sources", _("Sources"), (SEGMENTS_READ,)),
    Way("/quality", _("Quality"), (SEGMENTS_READ,)),
    Way("/accounts", _("Accounts"), (ACCOUNTS_WRITE,)),
    Way("/audit", _("Audit"), (AUDIT_READ,)),
)


def navigation(path: str, visitor: Visitor) -> list[Way]:
    """Return the links that a visitor may follow; that of the page at `path` is marked."""
    return [
        Way(one.path, one.label, one.scopes, here=_is_in(path, one.path)) for one in _WAYS if visitor.may(*one.scopes)
    ]


def _is_in(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith((f"{place}/", f"{place}.")))
