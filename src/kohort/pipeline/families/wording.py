"""How the traits of families that Kohort computes are called, in English and French."""

from collections.abc import Mapping
from typing import Final

from kohort.learning.traits import TraitKind, TraitLabel
from kohort.learning.wording import Bilingual
from kohort.profiles.visits import CHANNELS

_CHANNELS: Final[Mapping[str, tuple[str, str]]] = {
    "direct": ("direct visits", "visites directes"),
    "search": ("visits from search engines", "visites depuis un moteur de recherche"),
    "social": ("visits from social networks", "visites depuis les réseaux sociaux"),
    "email": ("visits from e-mails", "visites depuis un e-mail"),
    "ad": ("visits from ads", "visites depuis une publicité"),
    "referral": ("visits from other sites", "visites depuis d'autres sites"),
    "message": ("visits from messages", "visites depuis un message"),
    "other": ("visits from elsewhere", "visites venues d'ailleurs"),
}
_NAMES: Final[Mapping[str, tuple[str, str, TraitKind]]] = {
    "visits": ("visits", "visites", TraitKind.COUNT),
    "recent_visits": ("recent visits", "visites récentes", TraitKind.COUNT),
    "visit_minutes": ("minutes per visit", "minutes par visite", TraitKind.NUMBER),
    "site_minutes": ("minutes on the site", "minutes sur le site", TraitKind.NUMBER),
    "pages_per_visit": ("pages per visit", "pages par visite", TraitKind.NUMBER),
    "bounce_share": ("visits of a single event", "visites d'un seul événement", TraitKind.SHARE),
    "last_visit_days": ("time since the last visit", "temps depuis la dernière visite", TraitKind.DAYS),
    "visit_interval_days": ("time between visits", "temps entre visites", TraitKind.DAYS),
    "visit_interval_variability": ("irregularity of visits", "irrégularité des visites", TraitKind.NUMBER),
    "visit_interval_trend": ("trend of time between visits", "tendance du temps entre visites", TraitKind.NUMBER),
    "visit_evening_share": ("evening visits", "visites du soir", TraitKind.SHARE),
    "visit_weekend_share": ("weekend visits", "visites du week-end", TraitKind.SHARE),
    "visit_channel": ("usual channel of visits", "canal de visite habituel", TraitKind.NUMBER),
    **{f"visit_{one}_share": (*_CHANNELS[one], TraitKind.SHARE) for one in CHANNELS},
    "messages_sent": ("messages sent", "messages envoyés", TraitKind.COUNT),
    "messages_opened": ("messages opened", "messages ouverts", TraitKind.COUNT),
    "messages_clicked": ("messages clicked", "messages cliqués", TraitKind.COUNT),
    "messages_answered": ("messages answered", "messages suivis d'une réponse", TraitKind.COUNT),
    "messages_converted": ("messages followed by a conversion", "messages suivis d'une conversion", TraitKind.COUNT),
    "open_rate": ("open rate", "taux d'ouverture", TraitKind.SHARE),
    "click_rate": ("click rate", "taux de clic", TraitKind.SHARE),
    "response_rate": ("response rate", "taux de réponse", TraitKind.SHARE),
    "contact_conversion_rate": ("conversion rate after a message", "taux de conversion après message", TraitKind.SHARE),
    "last_response_days": ("time since the last answer", "temps depuis la dernière réponse", TraitKind.DAYS),
    "preferred_channel": ("preferred channel", "canal préféré", TraitKind.NUMBER),
    "age_years": ("age", "âge", TraitKind.NUMBER),
    "age_band": ("age band", "tranche d'âge", TraitKind.NUMBER),
    "generation": ("generation", "génération", TraitKind.NUMBER),
    "devices": ("devices", "appareils", TraitKind.COUNT),
    "main_device": ("main device", "appareil principal", TraitKind.NUMBER),
    "device_type": ("type of the main device", "type de l'appareil principal", TraitKind.NUMBER),
    "os": ("operating system", "système d'exploitation", TraitKind.NUMBER),
    "os_version": ("version of the system", "version du système", TraitKind.NUMBER),
    "browser": ("browser", "navigateur", TraitKind.NUMBER),
    "browser_version": ("version of the browser", "version du navigateur", TraitKind.NUMBER),
    "mobile_share": ("use of a phone", "usage du téléphone", TraitKind.SHARE),
    "bot": ("bot", "robot", TraitKind.NUMBER),
    "engagement_index": ("engagement index", "indice d'engagement", TraitKind.NUMBER),
}


def _label(name: str, en: str, fr: str, kind: TraitKind) -> TraitLabel:
    return TraitLabel(
        name,
        en,
        fr,
        f"above-average {en}",
        f"{fr} au-dessus de la moyenne",
        f"below-average {en}",
        f"{fr} au-dessous de la moyenne",
        kind,
        Bilingual(f"with above-average {en}", f"avec {fr} au-dessus de la moyenne"),
        Bilingual(f"with below-average {en}", f"avec {fr} au-dessous de la moyenne"),
    )


FAMILY_LABELS: Final = {name: _label(name, *words) for name, words in _NAMES.items()}
"""The wording of every trait that a score of a family writes, by its name."""
