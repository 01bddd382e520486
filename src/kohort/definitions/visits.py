"""What a file in `scores/` declares of visits: which events make them up, and what tells where one came from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.clock import DAY, MINUTE, parse_duration
from kohort.definitions.fields import Fields

PAGES: Final = ("page_viewed", "screen_viewed")
WEB_EVENTS: Final = (
    *PAGES,
    "product_viewed",
    "product_list_viewed",
    "products_searched",
    "product_clicked",
    "product_added",
    "product_removed",
    "cart_viewed",
    "checkout_started",
    "promotion_viewed",
    "promotion_clicked",
    "form_submitted",
    "video_started",
    "signed_up",
    "signed_in",
)
"""The events of a site or an application that make up visits where none are declared."""

ORIGINS: Final = {"medium": "utm_medium", "source": "utm_source", "search": "search", "referrer": "referrer"}
"""The properties that tell where a visit came from, unless a score names others."""


class Channel(StrEnum):
    """Where a visit came from; OTHER is a campaign of another medium."""

    DIRECT = "direct"
    SEARCH = "search"
    SOCIAL = "social"
    EMAIL = "email"
    AD = "ad"
    REFERRAL = "referral"
    MESSAGE = "message"
    OTHER = "other"


@dataclass(frozen=True)
class VisitsDefinition:
    """Visits: `events` of a person with pauses of at most `timeout` microseconds between them.

    `pages` are those of the events that show a page. `recent` is how far back `recent_visits` counts. `channel` names
    a property that tells the channel itself; `medium`, `source`, `search` and `referrer` those of a campaign and of the
    page before; `site` the hosts that are the project's own. Traits written: `TRAITS` of `profiles.visits`,
    `prefix` before each.
    """

    name: str
    events: tuple[str, ...] = WEB_EVENTS
    pages: tuple[str, ...] = PAGES
    timeout: int = 30 * MINUTE
    recent: int = 30 * DAY
    channel: str = ""
    medium: str = ORIGINS["medium"]
    source: str = ORIGINS["source"]
    search: str = ORIGINS["search"]
    referrer: str = ORIGINS["referrer"]
    site: tuple[str, ...] = ()
    prefix: str = ""


def visits_of(fields: Fields) -> VisitsDefinition:
    """Read a score of the kind `visits`; raises DefinitionError.

    >>> visits_of(Fields({"timeout": "45 minutes"}, "scores/a.yaml")).timeout // MINUTE
    45
    """
    events = fields.texts("events", default=WEB_EVENTS)
    found = VisitsDefinition(
        name=fields.text("name", default="visits"),
        prefix=fields.text("prefix", default=""),
        events=events,
        pages=fields.texts("pages", default=[one for one in PAGES if one in events]),
        timeout=fields.build("timeout", parse_duration, default="30 minutes"),
        recent=fields.build("recent", parse_duration, default="30 days"),
        channel=fields.text("channel", default=""),
        site=tuple(one.lower() for one in fields.texts("site", default=())),
        **{origin: fields.text(origin, default=usual) for origin, usual in ORIGINS.items()},
    )
    if strangers := [one for one in found.pages if one not in found.events]:
        raise fields.wrong("pages", "some of the events: " + ", ".join(found.events), ", ".join(strangers))
    return found
