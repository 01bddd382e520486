"""The ways through the studio."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    """A link of the navigation: `label` is English, and translated where it is shown; `here` while one is there.

    One that stands `under` another is shown beside the page of that one, and not in the main navigation.
    """

    path: str
    label: str
    scopes: tuple[str, ...]
    under: str = ""
    here: bool = False

    @property
    def group(self) -> str:
        """The path of the way under which it stands, or its own."""
        return self.under or self.path


_: Final[Callable[[str], str]] = marked
_WAYS: Final = (
    Way("/", _("Home"), ()),
    Way("/segments", _("Segments"), (SEGMENTS_READ,)),
    Way("/build", _("Builder"), (SEGMENTS_READ,)),
    Way("/changes", _("Changes"), (SEGMENTS_READ,)),
    Way("/people", _("People"), (PEOPLE_READ, PEOPLE_PSEUDONYMISED)),
    Way("/duplicates", _("Duplicates"), (PEOPLE_READ,), under="/people"),
    Way("/discover", _("Discover"), (SEGMENTS_READ,)),
    Way("/personas", _("Personas"), (SEGMENTS_READ,), under="/discover"),
    Way("/validation", _("Does it hold?"), (SEGMENTS_READ,), under="/discover"),
    Way("/value", _("Value"), (SEGMENTS_READ,), under="/discover"),
    Way("/importance", _("What matters"), (SEGMENTS_READ,), under="/discover"),
    Way("/models", _("Models"), (SEGMENTS_READ,), under="/discover"),
    Way("/events", _("Events"), (EVENTS_READ,)),
    Way("/sources", _("Sources"), (SEGMENTS_READ,)),
    Way("/quality", _("Quality"), (SEGMENTS_READ,), under="/sources"),
    Way("/accounts", _("Accounts"), (ACCOUNTS_WRITE,)),
    Way("/audit", _("Audit"), (AUDIT_READ,), under="/accounts"),
)


@dataclass(frozen=True)
class Navigation:
    """The links that a visitor may follow: of all pages, and of those beside the one that they look at, if any."""

    main: tuple[Way, ...]
    beside: tuple[Way, ...]


def navigation(path: str, visitor: Visitor) -> Navigation:
    """Return the links that a visitor may follow; that of the page at `path` is marked.

    Where somebody may see a page but not the one that it stands under, it is in the main navigation.
    """
    ways = [replace(one, here=_is_in(path, one.path)) for one in _WAYS if visitor.may(*one.scopes)]
    there = {one.path for one in ways}
    here = {one.group for one in ways if one.here}
    main = [replace(one, here=one.group in here) for one in ways if one.group == one.path or one.group not in there]
    beside = [one for one in ways if one.group in here and one.group in there]
    return Navigation(tuple(main), tuple(beside) if len(beside) > 1 else ())


def _is_in(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith((f"{place}/", f"{place}.")))
