"""Answers about clusters: how they were chosen, what was compared, and how features became points."""

from msgspec import Struct

from kohort.client.answers.discovery import Words


class Candidate(Struct, frozen=True):
    """What one number of clusters was worth."""

    k: int
    inertia_share: float | None
    silhouette: float | None
    silhouette_error: float | None
    silhouette_squared: float | None
    weakest_stability: float | None
    mean_stability: float | None
    smallest_share: float | None
    border_density: float | None
    ellipse_gap: float | None
    copula_gap: float | None
    ellipse_gap_error: float | None
    copula_gap_error: float | None
    tighter_than_ellipse: float | None
    tighter_than_chance: float | None


class MapPoint(Struct, frozen=True):
    """A sampled person on the map."""

    x: float
    y: float
    cluster: int


class Loading(Struct, frozen=True):
    """How much a trait pulls along the two axes of the map."""

    trait: Words
    x: float
    y: float


class ClusterMap(Struct, frozen=True):
    """Sampled people on the first two principal components."""

    points: tuple[MapPoint, ...]
    explained: tuple[float, ...]
    loadings: tuple[Loading, ...]


class ClusterPicture(Struct, frozen=True):
    """The same people as another method places them, `tsne` or `umap`; distances say nothing there."""

    method: str
    points: tuple[MapPoint, ...]


class ComparedMethod(Struct, frozen=True):
    """One method's best clustering, measured on the same people as those of the others."""

    method: str
    name: Words
    taken: bool
    k: int
    outside: float | None
    sizes: tuple[float, ...]
    silhouette: float | None
    silhouette_error: float | None
    silhouette_squared: float | None
    stability: tuple[float, ...]
    weakest: float | None
    gap: float | None
    gap_error: float | None
    beyond_chance: float | None
    valley: float | None
    density: float | None
    certainty: float | None
    better: float | None
    better_error: float | None
    same: dict[str, float]
    holds: bool
    words: Words
    seconds: float


class DendrogramMerge(Struct, frozen=True):
    """Two branches that meet: numbers count the leaves first, then the merges in their order."""

    left: int
    right: int
    height: float
    people: int


class Dendrogram(Struct, frozen=True):
    """The top of a tree of merges, the highest last."""

    method: str
    leaves: tuple[int, ...]
    merges: tuple[DendrogramMerge, ...]
    people: int
    cophenetic: float | None
    cophenetic_people: int


class NeighbourDistances(Struct, frozen=True):
    """The curve from which DBSCAN reads its radius."""

    neighbours: int
    distances: tuple[float, ...]
    eps: float


class PreparedFeature(Struct, frozen=True):
    """One feature, and how and why it came onto the common scale."""

    label: Words
    how: Words
    why: Words | None
    skewness_before: float | None
    skewness: float | None
    missing: float | None


class Preparation(Struct, frozen=True):
    """How features became points, and what was left out."""

    features: tuple[PreparedFeature, ...]
    left_out: tuple[Words, ...]
    warnings: tuple[Words, ...]
    reduction: Words | None
    most_skewed: float
    digest: str


class Clusters(Struct, frozen=True):
    """What the newest search for clusters found."""

    verdict: str
    words: Words
    k: int | None
    elbow: int | None
    gradual: bool
    required_stability: float
    candidates: tuple[Candidate, ...]
    map: ClusterMap | None
    pictures: tuple[ClusterPicture, ...]
    method: str
    methods: tuple[ComparedMethod, ...]
    dendrograms: tuple[Dendrogram, ...]
    distances: NeighbourDistances | None
    preparation: Preparation | None
