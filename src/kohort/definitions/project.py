"""What `kohort.yaml` declares: the project as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from kohort.clock import DAY, Moment, parse_duration, parse_moment, zone_of
from kohort.definitions.api import ApiLimits, api_limits_of
from kohort.definitions.collecting import CollectLimits, collect_limits_of
from kohort.definitions.consent import ConsentDefinition, consent_definition_of
from kohort.definitions.duplicates import Linkage, linkage_of
from kohort.definitions.fields import Fields
from kohort.definitions.guards import DEFAULT_GUARDS, Guards, guards_of
from kohort.definitions.identity import IdentityDefinition, identity_definition_of
from kohort.definitions.journal import DEFAULT_LIMITS, JournalLimits, journal_limits_of
from kohort.definitions.kafka import KafkaDefinition, kafka_definition_of
from kohort.definitions.live import LiveSettings, live_settings_of
from kohort.definitions.places import PlacesSettings, places_settings_of
from kohort.definitions.privacy import PrivacyDefinition, privacy_definition_of
from kohort.definitions.quality import QualitySettings, quality_settings_of
from kohort.definitions.schedule import NO_SCHEDULE, Schedule, schedule_of
from kohort.definitions.signing_in import OidcDefinition, oidc_definition_of
from kohort.definitions.stores import StoreDefinition, stores_of
from kohort.errors import DefinitionError, ProjectError

LANGUAGES: Final = ("en", "fr")

FORMAT: Final = 1
"""The format of a project's folder that this version of Kohort writes and reads."""


@dataclass(frozen=True)
class OutcomeDefinition:
    """What counts as success later: each of `events` within `horizon` microseconds after the split.

    `events` maps an event to the words for who did it, by language ("ordered", "ont commandé").
    """

    events: Mapping[str, Mapping[str, str]]
    horizon: int = 56 * DAY


@dataclass(frozen=True)
class ProjectDefinition:
    """A project's settings.

    `as_of` is the moment at which rules are evaluated when none is asked for; None means the present. `revenue` names
    the event and its property that count as revenue, ("order_completed", "total") for one. `memory` bounds what DuckDB
    may use. `language` is that of the rules' sentences. `licence` is the remark on the data that a report carries.
    `periods` gives the first and the last day of campaign periods, by the names that rules call them. `guards` are the
    limits that segments should keep; `journal` are those of the disk, `collect` those of what is sent to the collector,
    `api` those of what is asked of the API.
    `schedule` tells when `kohort serve` runs what is stale, `live` whether it keeps memberships up live. `stores` are
    where else rules can run, by name. `identity` says how people are told apart, `consent` what they are asked for.
    `kafka` is where the journal stands instead, or what else goes there. `privacy` says what is personal.
    `oidc` is who else vouches for people. `quality` is what counts how much in the reliability of sources. `country` is
    that of phone numbers that name none: two capitals, or empty. `duplicates` is how people who may be one are found,
    `places` what people's places are found by.
    """

    name: str
    zone: ZoneInfo
    currency: str = "EUR"
    country: str = ""
    language: str = "en"
    as_of: Moment | None = None
    revenue: tuple[str, str] | None = None
    outcome: OutcomeDefinition | None = None
    memory: str = "4GB"
    licence: str = ""
    periods: Mapping[str, tuple[date, date]] = field(default_factory=dict)
    guards: Guards = DEFAULT_GUARDS
    collect: CollectLimits = field(default_factory=CollectLimits)
    api: ApiLimits = field(default_factory=ApiLimits)
    schedule: Schedule = NO_SCHEDULE
    live: LiveSettings = field(default_factory=LiveSettings)
    journal: JournalLimits = DEFAULT_LIMITS
    stores: Mapping[str, StoreDefinition] = field(default_factory=dict)
    identity: IdentityDefinition = field(default_factory=IdentityDefinition)
    consent: ConsentDefinition = field(default_factory=ConsentDefinition)
    kafka: KafkaDefinition | None = None
    privacy: PrivacyDefinition = field(default_factory=PrivacyDefinition)
    oidc: OidcDefinition | None = None
    quality: QualitySettings = field(default_factory=QualitySettings)
    duplicates: Linkage = field(default_factory=Linkage)
    places: PlacesSettings = field(default_factory=PlacesSettings)


def project_definition_of(document: object, file: str) -> ProjectDefinition:
    """Read the content of `kohort.yaml`.

    Raises DefinitionError with the file and field of what is wrong, ProjectError if a newer Kohort wrote it.

    >>> sale = {"name": "shop", "periods": {"sale": {"from": "2026-07-01", "to": "2026-07-31"}}}
    >>> project_definition_of(sale, "kohort.yaml").periods["sale"][1].isoformat()
    '2026-07-31'
    >>> project_definition_of({"format": 1, "name": "shop", "time_zone": "Europe/Paris"}, "kohort.yaml").zone.key
    'Europe/Paris'
    """
    fields = Fields(document, file)
    version = fields.integer("format", default=FORMAT)
    if version > FORMAT:
        raise ProjectError(
            f"{file} says format {version}, and this Kohort reads up to format {FORMAT}; "
            'install a newer Kohort: pip install --upgrade "kohort"'
        )
    zone = fields.build("time_zone", zone_of, default="UTC")
    as_of = fields.text("as_of", default="")
    definition = ProjectDefinition(
        name=fields.text("name"),
        zone=zone,
        currency=fields.text("currency", default="EUR"),
        country=_country(fields),
        language=_language(fields),
        as_of=fields.build("as_of", lambda text: parse_moment(text, zone)) if as_of else None,
        revenue=_revenue(fields),
        outcome=_outcome(fields),
        memory=fields.text("memory", default="4GB"),
        licence=fields.text("licence", default=""),
        periods=_periods(fields),
        guards=DEFAULT_GUARDS.refined(guards_of(fields.inner("guards"))),
        collect=collect_limits_of(fields.inner("collect")),
        api=api_limits_of(fields.inner("api")),
        schedule=schedule_of(fields.inner("schedule")),
        live=live_settings_of(fields.inner("live")),
        journal=journal_limits_of(fields.inner("journal")),
        stores=stores_of(fields.inner("stores")),
        identity=identity_definition_of(fields.inner("identity")),
        consent=consent_definition_of(fields.inner("consent")),
        kafka=kafka_definition_of(fields.inner("kafka")),
        privacy=privacy_definition_of(fields.inner("privacy")),
        oidc=oidc_definition_of(fields.inner("sign_in")),
        quality=quality_settings_of(fields.inner("quality")),
        duplicates=linkage_of(fields.inner("duplicates")),
        places=places_settings_of(fields.inner("places")),
    )
    fields.refuse_unknown()
    _check_journal(fields, definition)
    return definition


def _check_journal(fields: Fields, definition: ProjectDefinition) -> None:
    if definition.kafka is not None and definition.kafka.journal is not None and fields.value("journal") is not None:
        raise DefinitionError(
            f"{fields.place('journal')}: these limits are of files, and kafka keeps the journal in a topic; "
            "take one of both out"
        )


def _country(fields: Fields) -> str:
    country = fields.text("country", default="")
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):  # noqa: PLR2004 - ISO 3166-1
        raise fields.wrong("country", "two capitals such as FR", country)
    return country


def _language(fields: Fields) -> str:
    language = fields.text("language", default="en")
    if language not in LANGUAGES:
        raise fields.wrong("language", "one of " + ", ".join(LANGUAGES), language)
    return language


def _revenue(fields: Fields) -> tuple[str, str] | None:
    text = fields.text("revenue", default="")
    if not text:
        return None
    event, dot, name = text.partition(".")
    if not (event and dot and name):
        raise fields.wrong("revenue", 'an event and its property, such as "order_completed.total"', text)
    return event, name


def _outcome(fields: Fields) -> OutcomeDefinition | None:
    inner = fields.inner("outcome")
    if inner is None:
        return None
    events = inner.inner("events")
    if events is None or not events.names():
        raise inner.wrong("events", "events, each with the words for who did it in en and fr", None)
    outcome = OutcomeDefinition(
        {name: _words(events, name) for name in events.names()},
        inner.build("horizon", parse_duration, default="56 days"),
    )
    inner.refuse_unknown()
    return outcome


def _periods(fields: Fields) -> Mapping[str, tuple[date, date]]:
    inner = fields.inner("periods")
    if inner is None:
        return {}
    return {name: _period(inner, name) for name in inner.names()}


def _period(periods: Fields, name: str) -> tuple[date, date]:
    ends = periods.inner(name)
    if ends is None:
        raise periods.wrong(name, "the days from and to, both included", None)
    first, last = (ends.build(end, date.fromisoformat) for end in ("from", "to"))
    if first > last:
        raise ends.wrong("to", f"a day from {first.isoformat()} on", last.isoformat())
    ends.refuse_unknown()
    return first, last


def _words(events: Fields, name: str) -> Mapping[str, str]:
    words = events.inner(name)
    if words is None:
        raise events.wrong(name, "the words for who did it in en and fr", None)
    return {"en": words.text("en"), "fr": words.text("fr")}


def project_document(name: str, time_zone: str) -> Mapping[str, object]:
    """Return what `kohort init` writes into `kohort.yaml`.

    >>> project_document("shop", "UTC")["format"]
    1
    """
    return {"format": FORMAT, "name": name, "time_zone": time_zone, "currency": "EUR"}
