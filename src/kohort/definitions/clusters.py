"""What a file in `scores/` declares of clusters: by which traits people are grouped, and how personas speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kohort.clock import parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.preparation import PreparationDefinition, preparation_of
from kohort.definitions.retraining import NEVER, RetrainingDefinition, retraining_of


class Method(StrEnum):
    """A way to find clusters; see `kohort.learning.clustering.methods`."""

    K_MEANS = "k_means"
    GAUSSIAN_MIXTURE = "gaussian_mixture"
    BAYESIAN_MIXTURE = "bayesian_mixture"
    WARD = "ward"
    COMPLETE = "complete"
    AVERAGE = "average"
    HDBSCAN = "hdbscan"
    DBSCAN = "dbscan"


METHODS: Final = (Method.K_MEANS, Method.GAUSSIAN_MIXTURE, Method.WARD, Method.HDBSCAN)
"""Those that are compared unless a score names others."""


class Picture(StrEnum):
    """How a map of people is drawn; see `kohort.learning.features.projection`."""

    PCA = "pca"
    TSNE = "tsne"
    UMAP = "umap"


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
class CutOffDefinition:
    """Each person's own moment: `after` microseconds from their first `event`."""

    event: str
    after: int


@dataclass(frozen=True)
class ClustersDefinition:
    """Clusters of people by `features` (traits of another score), for `kohort discover`.

    Traits written: `{name}` (the persona's name), `{name}_number` and `{name}_id`, which stays when clusters are looked
    for anew. `wording` says how a persona speaks of a trait. `profile` lists traits that describe a
    persona without forming the clusters (demographics, for one). `preparation` says how features become points. With
    `as_of`, features are those of each person at a moment of their own, otherwise of everybody at the same. `methods`
    are compared, k-means always among them. A cluster holds at least `smallest_share` of the people and at least
    `smallest_people`. `silhouette` is a guide that is shown and never decides. `maps` are drawn of the clusters, that
    of principal components always among them. Clusters are followed over the last `follow_months` months whenever they
    are found and whenever a month has ended, and never by themselves if it is 0. `retrain` says when a new model is
    proposed.
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
    methods: tuple[Method, ...] = METHODS
    smallest_share: float = 0.01
    smallest_people: int = 50
    silhouette: float = 0.5
    as_of: CutOffDefinition | None = None
    maps: tuple[Picture, ...] = (Picture.PCA,)
    follow_months: int = 0
    retrain: RetrainingDefinition = NEVER


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
        methods=_methods(fields),
        smallest_share=_share(fields, "smallest_share", default=0.01),
        smallest_people=_people(fields),
        silhouette=_share(fields, "silhouette", default=0.5),
        as_of=_cut_off(fields.inner("as_of")),
        maps=_maps(fields),
        follow_months=_months(fields),
        retrain=retraining_of(fields.inner("retrain")),
    )


def _methods(fields: Fields) -> tuple[Method, ...]:
    asked = fields.texts("methods", default=METHODS)
    for one in asked:
        if one not in tuple(Method):
            raise fields.wrong("methods", "of " + ", ".join(Method), one)
    return tuple(Method(one) for one in dict.fromkeys((Method.K_MEANS, *asked)))


def _maps(fields: Fields) -> tuple[Picture, ...]:
    asked = fields.texts("maps", default=())
    for one in asked:
        if one not in tuple(Picture):
            raise fields.wrong("maps", "of " + ", ".join(Picture), one)
    return tuple(Picture(one) for one in dict.fromkeys((Picture.PCA, *asked)))


def _share(fields: Fields, name: str, default: float) -> float:
    share = fields.number(name, default=default)
    if not 0 <= share < 1:
        raise fields.wrong(name, "a share of at least 0 and below 1", share)
    return share


def _people(fields: Fields) -> int:
    people = fields.integer("smallest_people", default=50)
    if people < 1:
        raise fields.wrong("smallest_people", "at least 1", people)
    return people


def _months(fields: Fields) -> int:
    months = fields.integer("follow_months", default=0)
    if months < 0 or months == 1:
        raise fields.wrong("follow_months", "at least 2, or 0 for none", months)
    return months


def _cut_off(fields: Fields | None) -> CutOffDefinition | None:
    if fields is None:
        return None
    cut_off = CutOffDefinition(fields.text("event"), fields.build("after", parse_duration))
    fields.refuse_unknown()
    return cut_off


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
