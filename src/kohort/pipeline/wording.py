"""How personas speak of the behaviour traits that Kohort itself computes, in English and French."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.learning.traits import TraitKind, TraitLabel
from kohort.learning.wording import Bilingual
from kohort.pipeline.families.wording import FAMILY_LABELS

_AFTER: Final[Mapping[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    "basket_value": (("with large baskets", "aux gros paniers"), ("with small baskets", "aux petits paniers")),
    "items_per_order": (
        ("with many items per order", "avec beaucoup d'articles par commande"),
        ("with few items per order", "avec peu d'articles par commande"),
    ),
    "recency_days": (("not seen for long", "absents depuis longtemps"), ("seen lately", "venus récemment")),
    "interval_days": (("with long pauses", "aux longues pauses"), ("with short pauses", "aux courtes pauses")),
    "interval_variability": (
        ("with an irregular rhythm", "au rythme irrégulier"),
        ("with a regular rhythm", "au rythme régulier"),
    ),
    "interval_trend": (
        ("with longer and longer pauses", "aux pauses de plus en plus longues"),
        ("with shorter and shorter pauses", "aux pauses de plus en plus courtes"),
    ),
    "trend": (("on the rise", "en hausse"), ("on the decline", "en baisse")),
    "places": (("in many stores", "dans plusieurs magasins"), ("in one store", "dans un seul magasin")),
}
"""What is said after a noun of much and of little of a trait, in English and French."""

_BEHAVIOUR: Final[Mapping[str, TraitLabel]] = FAMILY_LABELS | {
    label.name: label
    for label in (
        TraitLabel("orders", "orders", "commandes", "frequent buyers", "acheteurs fréquents",
                   "rare buyers", "acheteurs rares", TraitKind.COUNT),
        TraitLabel("historic_clv", "total spent", "total dépensé", "big spenders", "gros dépensiers",
                   "small spenders", "petits dépensiers", TraitKind.MONEY),
        TraitLabel("basket_value", "basket value", "panier moyen", "large baskets", "gros paniers",
                   "small baskets", "petits paniers", TraitKind.MONEY),
        TraitLabel("items_per_order", "items per order", "articles par commande", "many items per order",
                   "beaucoup d'articles par commande", "few items per order", "peu d'articles par commande",
                   TraitKind.NUMBER),
        TraitLabel("recency_days", "days since the last order", "jours depuis la dernière commande",
                   "not seen for long", "absents depuis longtemps", "seen lately", "venus récemment", TraitKind.DAYS),
        TraitLabel("tenure_days", "days since the first order", "jours depuis la première commande", "customers of old",
                   "clients de longue date", "newcomers", "nouveaux venus", TraitKind.DAYS),
        TraitLabel("interval_days", "days between orders", "jours entre commandes", "long pauses", "longues pauses",
                   "short pauses", "pauses courtes", TraitKind.DAYS),
        TraitLabel("interval_variability", "irregularity", "irrégularité", "irregular rhythm", "rythme irrégulier",
                   "regular rhythm", "rythme régulier", TraitKind.NUMBER),
        TraitLabel("interval_trend", "trend of the intervals", "tendance des intervalles", "longer and longer pauses",
                   "pauses de plus en plus longues", "shorter and shorter pauses", "pauses de plus en plus courtes",
                   TraitKind.NUMBER),
        TraitLabel("trend", "trend of orders", "tendance des commandes", "on the rise", "en hausse",
                   "on the decline", "en baisse", TraitKind.NUMBER),
        TraitLabel("evening_share", "evening orders", "commandes du soir", "evening shoppers", "acheteurs du soir",
                   "daytime shoppers", "acheteurs de journée", TraitKind.SHARE),
        TraitLabel("weekend_share", "weekend orders", "commandes du week-end", "weekend shoppers",
                   "acheteurs du week-end", "weekday shoppers", "acheteurs de semaine", TraitKind.SHARE),
        TraitLabel("places", "stores visited", "magasins visités", "many stores", "plusieurs magasins",
                   "one store", "un seul magasin", TraitKind.COUNT),
    )
}  # fmt: skip
BEHAVIOUR_LABELS: Final[Mapping[str, TraitLabel]] = {
    name: replace(label, high_after=Bilingual(*_AFTER[name][0]), low_after=Bilingual(*_AFTER[name][1]))
    if name in _AFTER
    else label
    for name, label in _BEHAVIOUR.items()
}
"""The wording of the traits of `kohort.profiles`; shares of a project's own are worded in its scores file."""


def trait_labels(definition: ClustersDefinition) -> dict[str, TraitLabel]:
    """Return the wording of every trait: Kohort's own, then what the definition says.

    >>> trait_labels(ClustersDefinition("persona", ("orders",)))["orders"].en
    'orders'
    """
    own = {
        one.trait: TraitLabel(
            one.trait, one.name["en"], one.name["fr"], one.high["en"], one.high["fr"], one.low["en"], one.low["fr"],
            TraitKind(one.kind), _bilingual(one.high_after), _bilingual(one.low_after),
        )
        for one in definition.wording
    }  # fmt: skip
    return {**BEHAVIOUR_LABELS, **own}


def _bilingual(words: Mapping[str, str] | None) -> Bilingual | None:
    return None if words is None else Bilingual(words["en"], words["fr"])


def rfm_labels(name: str) -> dict[str, TraitLabel]:
    """Return the wording of the traits of an RFM score.

    >>> rfm_labels("rfm")["rfm_recency"].fr
    'score de récence'
    """
    words = {
        "recency": ("recency score", "score de récence"),
        "frequency": ("frequency score", "score de fréquence"),
        "monetary": ("monetary score", "score de montant"),
        "score": ("RFM score", "score RFM"),
        "cell": ("RFM group", "groupe RFM"),
    }
    return {
        f"{name}_{axis}": TraitLabel(
            name=f"{name}_{axis}",
            en=en,
            fr=fr,
            high_en=f"high {en}",
            high_fr=f"{fr} élevé",
            low_en=f"low {en}",
            low_fr=f"{fr} bas",
            high_after=Bilingual(f"with a high {en}", f"au {fr} élevé"),
            low_after=Bilingual(f"with a low {en}", f"au {fr} bas"),
        )
        for axis, (en, fr) in words.items()
    }


def known_labels(scores: Sequence[ScoreDefinition]) -> dict[str, TraitLabel]:
    """Return the wording of every trait that has one: Kohort's own, and those of a project's scores.

    >>> known_labels([])["recency_days"].en
    'days since the last order'
    """
    found = dict(BEHAVIOUR_LABELS)
    for one in scores:
        if isinstance(one, ClustersDefinition):
            found |= trait_labels(one)
        elif isinstance(one, RfmDefinition):
            found |= rfm_labels(one.name)
    return found
