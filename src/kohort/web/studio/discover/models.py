"""What the page of discoveries tells, as data."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.segment.models import Estimate


class Text(Answer):
    """The same in both languages."""

    en: str
    fr: str


class TypicalTrait(Answer):
    """A trait that sets a persona apart: typical values here and elsewhere; `effect` is Hedges' g."""

    label: Text
    effect: Estimate
    here: Text
    elsewhere: Text


class TypicalCategory(Answer):
    """A category that is more or less frequent here than elsewhere."""

    label: Text
    here: Estimate
    elsewhere: Estimate
    lift: Estimate


class Persona(Answer):
    """A cluster as people speak of it; see `kohort.reports.data.PersonaCard`."""

    cluster: int
    name: Text
    sentences: list[Text]
    people: int
    share_of_people: float
    share_of_value: float | None
    stability: Estimate = Field(description="Mean Jaccard similarity over bootstraps.")
    gradual: bool
    traits: list[TypicalTrait]
    categories: list[TypicalCategory]
    example: str | None = Field(description="The person id of a typical person; null for who may not know of people.")
    history: Text | None
    rule: str = Field(description="The rule that its people fulfil, in the language of the page.")
    identity: str = Field(description="What it is called by for good.")
    nearest: str | None = Field(description="The rule of traits that comes nearest, in the language of the page.")


class Discoveries(Answer):
    """The newest search for clusters; without one, `at` and all that follows are null or empty."""

    scores: list[str] = Field(description="The clusters scores that are declared.")
    score: str | None
    at: IsoMoment | None = Field(description="The moment of the data on which it was made.")
    verdict: str | None
    words: Text | None
    k: int | None
    elbow: int | None
    gradual: bool
    required_stability: float | None
    people: int
    personas: list[Persona]


class CandidateK(Answer):
    """What a number of clusters was worth; see `kohort.reports.data.CandidateRow`."""

    k: int
    inertia_share: float
    silhouette: float
    silhouette_error: float
    silhouette_squared: float
    weakest_stability: float
    mean_stability: float
    smallest_share: float
    border_density: float
    ellipse_gap: float
    copula_gap: float
    tighter_than_ellipse: float
    tighter_than_chance: float


class Curves(Answer):
    """How the number of clusters of k-means was chosen; `k` is null where another `method` found the clusters."""

    score: str
    at: IsoMoment
    method: str
    k: int | None
    elbow: int | None
    required_stability: float
    candidates: list[CandidateK]


class Point(Answer):
    """A sampled person on the map, without any id."""

    x: float
    y: float
    cluster: int


class Pull(Answer):
    """How much a trait pulls along the two axes."""

    trait: Text
    x: float
    y: float


class ClusterPlane(Answer):
    """Sampled people on a map, one of `maps`: by principal components unless another is asked for.

    `explained` is the share of variance along each component; other maps have neither that nor pulls.
    """

    score: str
    at: IsoMoment
    map: str
    maps: list[str]
    points: list[Point]
    explained: tuple[float, float] | None
    loadings: list[Pull]


class RfmCellShare(Answer):
    """A named cell: the rule that its people fulfil, in the language of the page."""

    key: str
    name: Text
    size: int
    share: float
    revenue_share: float
    rule: str


class RfmScores(Answer):
    """People by recency and frequency; `people[r][f]` have the scores r + 1 and f + 1. Mean values are in micros."""

    score: str | None
    at: IsoMoment | None
    people: list[list[int]]
    mean_value: list[list[int | None]]
    cells: list[RfmCellShare]
