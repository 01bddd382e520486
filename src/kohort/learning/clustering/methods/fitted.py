"""What every method returns, and the names of the methods."""

from dataclasses import dataclass
from enum import StrEnum

from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.wording import Bilingual


class Method(StrEnum):
    """A way to find clusters."""

    K_MEANS = "k_means"
    GAUSSIAN_MIXTURE = "gaussian_mixture"
    BAYESIAN_MIXTURE = "bayesian_mixture"
    WARD = "ward"
    COMPLETE = "complete"
    AVERAGE = "average"
    DBSCAN = "dbscan"
    HDBSCAN = "hdbscan"


METHOD_NAMES = {
    Method.K_MEANS: Bilingual("k-means", "k-moyennes"),
    Method.GAUSSIAN_MIXTURE: Bilingual("Gaussian mixture", "mélange gaussien"),
    Method.BAYESIAN_MIXTURE: Bilingual("Bayesian mixture", "mélange bayésien"),
    Method.WARD: Bilingual("hierarchical, Ward", "hiérarchique, Ward"),
    Method.COMPLETE: Bilingual("hierarchical, complete linkage", "hiérarchique, lien complet"),
    Method.AVERAGE: Bilingual("hierarchical, average linkage", "hiérarchique, lien moyen"),
    Method.DBSCAN: Bilingual("DBSCAN", "DBSCAN"),
    Method.HDBSCAN: Bilingual("HDBSCAN", "HDBSCAN"),
}


@dataclass(frozen=True)
class Fitted:
    """Clusters found in points: the assigner that gives anybody theirs, and how many people it was fitted on."""

    assigner: Assigner
    people: int
