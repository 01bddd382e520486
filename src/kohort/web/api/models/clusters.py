"""What a search for clusters found: how it chose, what was compared, and how features became points."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from kohort.web.api.models.answer import Answer
from kohort.web.api.models.discovery import Number, Words


class Candidate(Answer):
    """What one number of clusters was worth; see `kohort.reports.data.CandidateRow`."""

    k: int
    inertia_share: Number
    silhouette: Number
    silhouette_error: Number
    silhouette_squared: Number
    weakest_stability: Number
    mean_stability: Number
    smallest_share: Number
    border_density: Number
    ellipse_gap: Number = Field(description="The difference of mean log inertia against one ellipse.")
    copula_gap: Number = Field(description="The same against chance combinations of the same traits.")
    ellipse_gap_error: Number = Field(description="A standard error; null in searches of before it was kept.")
    copula_gap_error: Number
    tighter_than_ellipse: Number = Field(description="How much less inertia is left than in one ellipse, as a share.")
    tighter_than_chance: Number


class MapPoint(Answer):
    """A sampled person on the map."""

    x: float
    y: float
    cluster: int = Field(description="From 0.")


class Loading(Answer):
    """How much a trait pulls along the two axes of the map."""

    trait: Words
    x: float
    y: float


class ClusterMap(Answer):
    """Sampled people on the first two principal components."""

    points: list[MapPoint]
    explained: list[float] = Field(description="The share of the variance along each axis.")
    loadings: list[Loading]


class ClusterPicture(Answer):
    """The same people as another method places them; distances, sizes and the number of groups say nothing there."""

    method: str = Field(description="tsne or umap.")
    points: list[MapPoint]


class ComparedMethod(Answer):
    """One method's best clustering, measured on the same people; see `kohort.reports.method_data.MethodRow`."""

    method: str
    name: Words
    taken: bool = Field(description="Whether the personas are its clusters.")
    k: int = Field(description="How many clusters it found; 0 for a method that was not run.")
    outside: Number = Field(description="The share of people in no cluster.")
    sizes: list[float] = Field(description="Shares of all people, the largest first.")
    silhouette: Number
    silhouette_error: Number
    silhouette_squared: Number
    stability: list[float] = Field(description="The mean Jaccard similarity of each cluster.")
    weakest: Number = Field(description="That of the least stable cluster.")
    gap: Number = Field(description="How much more it is worth than in crowds without clusters, in its own measure.")
    gap_error: Number
    beyond_chance: Number = Field(description="The gap in its standard errors.")
    valley: Number = Field(
        description="People at the border of the least separated pair per one at the emptier centre."
    )
    density: Number = Field(description="Density validity, from -1 to 1.")
    certainty: Number = Field(description="The mean probability of the cluster that people are put in, of mixtures.")
    better: Number
    better_error: Number
    same: Annotated[dict[str, float], BeforeValidator(dict)] = Field(
        description="The adjusted Rand index with each other method."
    )
    holds: bool
    words: Words = Field(description="How it fared, in a few words.")
    seconds: float


class DendrogramMerge(Answer):
    """Two branches that meet: numbers count the leaves first, then the merges in their order."""

    left: int
    right: int
    height: float
    people: int


class Dendrogram(Answer):
    """The top of a tree of merges, the highest last."""

    method: str
    leaves: list[int] = Field(description="How many people each leaf holds.")
    merges: list[DendrogramMerge]
    people: int = Field(description="How many people the tree was grown on.")
    cophenetic: Number = Field(description="The correlation of the heights at which people meet with their distances.")
    cophenetic_people: int


class NeighbourDistances(Answer):
    """The curve from which DBSCAN reads its radius."""

    neighbours: int = Field(description="Of which neighbour.")
    distances: list[float] = Field(description="Ascending, at even ranks.")
    eps: float = Field(description="The radius: where the curve bends upwards.")


class PreparedFeature(Answer):
    """One feature, and how and why it came onto the common scale."""

    label: Words
    how: Words
    why: Words | None
    skewness_before: Number
    skewness: Number = Field(description="On the common scale.")
    missing: Number = Field(description="The share of people without a value.")


class Preparation(Answer):
    """How features became points."""

    features: list[PreparedFeature]
    left_out: list[Words] = Field(description="What was left out, and why.")
    warnings: list[Words]
    reduction: Words | None
    most_skewed: float
    digest: str = Field(description="SHA-256 of the parameters.")


class Clusters(Answer):
    """What the newest search for clusters found."""

    verdict: str
    words: Words = Field(description="The verdict in sentences.")
    k: int | None = Field(description="How many clusters there are; null for none.")
    elbow: int | None
    gradual: bool = Field(description="Whether the clusters are parts of a continuum.")
    required_stability: float = Field(description="The least mean Jaccard similarity that a cluster needed.")
    candidates: list[Candidate]
    map: ClusterMap | None
    pictures: list[ClusterPicture] = Field(description="Other maps that were asked for.")
    method: str = Field(description="The method that found the clusters.")
    methods: list[ComparedMethod] = Field(description="All that were compared; empty where k-means alone was tried.")
    dendrograms: list[Dendrogram]
    distances: NeighbourDistances | None
    preparation: Preparation | None
