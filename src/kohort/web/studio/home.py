"""Home: what changed since yesterday, what needs somebody, and how to begin."""

from collections.abc import Callable
from typing import Final

from fastapi import Response

from kohort.pipeline.today import Concern, Today
from kohort.rules.languages import Language
from kohort.rules.translate import translate_rule
from kohort.web.studio.models import home as models
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visiting

_COLUMNS: Final = ("name", "size", "entered", "left", "net")
_: Final[Callable[[str], str]] = marked
_CHECKS: Final = {
    "zero amount": _("Amounts of zero in %(subject)s"),
    "negative amount": _("Amounts below zero in %(subject)s"),
    "gap in time": _("Days without a single %(subject)s"),
    "future event": _("Dated after the last evaluation, so that they do not count yet: %(subject)s"),
    "changing type": _("Types that the values of %(subject)s have, of which a rule uses the one that it asks for"),
    "lookup_without_match": _("Rows without a match in the file that is looked up, of %(subject)s"),
    "unholdable_number": _("Numbers that cannot be held, in %(subject)s, and count as missing"),
    "duplicate_rows": _("Rows equal to an earlier one, in %(subject)s, which are all kept"),
    "declared_type": _("Values of another type than tracking.yaml declares, in %(subject)s"),
    "repeated_name": _("Names that come twice in one message, of %(subject)s, of which the last value counts"),
    "refused identifier (blocked)": _("Identifiers seen with blocked values of %(subject)s, which join nobody"),
    "refused identifier (over the limit)": _(
        "Identifiers seen with values of %(subject)s that too many share, which join nobody"
    ),
}
"""What each check has found, before its count."""
_EXAMPLE: Final = "did order_completed in last 30 days"
_GRAVE: Final = frozenset({"stalled", "damage", "wrong", "dead"})


def mount_home(pages: Pages) -> None:
    """Add `/`."""

    @pages.page("/", name="/home", listed=True)
    def home(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found = project.today()
        page = models.Home.model_validate(found)
        return visit.shows(
            "home",
            page,
            Listed.of(_COLUMNS, page.segments),
            today=found,
            moved=sorted((one for one in found.segments if one.entered or one.left), key=lambda one: -abs(one.net)),
            checks=_CHECKS,
            example=translate_rule(_EXAMPLE, Language.EN, visit.language),
            concerns=_in_order(found),
        )


def _in_order(found: Today) -> list[tuple[Concern, bool]]:
    """Return what needs somebody with whether it is grave, the grave first."""
    return sorted(((one, one.kind in _GRAVE) for one in found.concerns), key=lambda one: not one[1])
