"""How personas speak of the behaviour traits that Kohort itself computes, in English and French."""

from collections.abc import Mapping
from typing import Final

from kohort.definitions.clusters import ClustersDefinition
from kohort.learning.traits import TraitKind, TraitLabel
from kohort.pipeline.families.wording import FAMILY_LABELS

BEHAVIOUR_LABELS: Final[Mapping[str, TraitLabel]] = FAMILY_LABELS | {
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
"""The wording of the traits of `kohort.profiles`; shares of a project's own are worded in its scores file."""


def trait_labels(definition: ClustersDefinition) -> dict[str, TraitLabel]:
    """Return the wording of every trait: Kohort's own, then what the definition says.

    >>> trait_labels(ClustersDefinition("persona", ("orders",)))["orders"].en
    'orders'
    """
    own = {
        one.trait: TraitLabel(
            one.trait, one.name["en"], one.name["fr"], one.high["en"], one.high["fr"], one.low["en"], one.low["fr"],
            TraitKind(one.kind),
        )
        for one in definition.wording
    }  # fmt: skip
    return {**BEHAVIOUR_LABELS, **own}


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
            f"{name}_{axis}", en, fr, f"high {en}", f"{fr} élevé", f"low {en}", f"{fr} bas", TraitKind.NUMBER
        )
        for axis, (en, fr) in words.items()
    }
