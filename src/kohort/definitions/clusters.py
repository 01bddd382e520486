"""What a file in `scores/` declares of clusters: by which traits people are grouped, and how personas speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.preparation import PreparationDefinition, preparation_of

VALUE_KINDS: Final = ("count", "days", "money", "share", "number")


@dataclass(frozen=True)
class TraitWording:
    """How a persona speaks of a trait: its name, and who has much or little of it, each by language.

    `kind` tells how a value is written: count, days, money, share or number. `high_after` and `low_after` say it after
    a noun ("with little fresh food"), None where `high` and `low` are nouns for people themselves ("bargain hunters").
    """

    trait: str
    kind: str
    name: Mapping[str, str]
    high: Mapping[str, str]
    low: Mapping[str, str]
    high_after: Mapping[str, str] | None = None
    low_after: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ClustersDefinition:
    """Clusters of people by `features` (traits of another score), for `kohort discover`.

    Traits written: `{name}` (the persona's name), `{name}_number` and `{name}_id`, which stays when clusters are looked
    for anew. `wording` says how a persona speaks of a trait. `profile` lists traits that describe a
    persona without forming the clusters (demographics, for one). `preparation` says how features become
    points.
    """

    name: str
    features: tuple[str, ...]
    profile: tuple[str, ...] = ()
    smallest: int = 2
    largest: int = 10
    bootstraps: int = 20
    seed: int = 0
    wording: tuple[TraitWording, ...] = ()
    preparation: PreparationDefinition = field(default_factory=PreparationDefinition)


def clusters_of(fields: Fields) -> ClustersDefinition:
    """Read a score of the kind `clusters`; raises DefinitionError with the field of what is wrong."""
    features = fields.texts("features")
    return ClustersDefinition(
        name=fields.text("name", default="persona"),
        features=features,
        profile=fields.texts("profile", default=()),
        smallest=fields.integer("smallest", default=2),
        largest=fields.integer("largest", default=10),
        bootstraps=fields.integer("bootstraps", default=20),
        seed=fields.integer("seed", default=0),
        wording=_wording(fields.inner("wording")),
        preparation=preparation_of(fields, features),
    )


def _wording(fields: Fields | None) -> tuple[TraitWording, ...]:
    return tuple(_trait_wording(name, fields) for name in fields.names()) if fields else ()


def _trait_wording(name: str, wordings: Fields) -> TraitWording:
    fields = wordings.inner(name)
    if fields is None:
        raise wordings.wrong(name, "name, high and low, each in en and fr", None)
    kind = fields.text("kind", default="number")
    if kind not in VALUE_KINDS:
        raise fields.wrong("kind", "one of " + ", ".join(VALUE_KINDS), kind)
    after = [fields.languages(part) if fields.value(part) else None for part in ("high_after", "low_after")]
    wording = TraitWording(name, kind, *(fields.languages(part) for part in ("name", "high", "low")), *after)
    fields.refuse_unknown()
    return wording
