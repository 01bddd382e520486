"""What the page tells of methods that were compared, and of how features became points, as data."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.clusters import ComparedMethod, Dendrogram, NeighbourDistances, Preparation


class MethodsCompared(Answer):
    """The methods of one search beside one another; `methods` is empty where k-means alone was tried."""

    score: str
    at: IsoMoment
    method: str = Field(description="The method that found the clusters.")
    required_stability: float
    methods: list[ComparedMethod]
    dendrograms: list[Dendrogram]
    distances: NeighbourDistances | None


class Prepared(Answer):
    """How the features of one search became points; null in searches of before that was kept."""

    score: str
    at: IsoMoment
    preparation: Preparation | None
