"""What every method returns, and how people call the methods."""

from dataclasses import dataclass

from kohort.definitions.clusters import Method
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.wording import Bilingual

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
