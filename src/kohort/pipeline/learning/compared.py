"""What comparing methods found, as the rows that people see."""

from kohort.learning.clustering.across import verdict_on
from kohort.learning.clustering.comparison import MethodResult
from kohort.learning.clustering.discovery import Discovery
from kohort.learning.clustering.methods.dbscan import DistanceCurve
from kohort.learning.clustering.methods.fitted import METHOD_NAMES
from kohort.learning.clustering.methods.hierarchy import Dendrogram
from kohort.reports.method_data import DendrogramMerge, DendrogramTop, MethodRow, NeighbourDistances


def method_rows(found: Discovery) -> tuple[MethodRow, ...]:
    """Return one row a method, k-means first; none where methods were not compared."""
    if found.comparison is None:
        return ()
    return tuple(_row(one, found) for one in found.comparison.results)


def _row(result: MethodResult, found: Discovery) -> MethodRow:
    silhouette, gap, better = result.silhouette, result.gap, result.better
    return MethodRow(
        method=result.method.value,
        name=METHOD_NAMES[result.method],
        taken=found.model is not None and result.method is found.method,
        k=result.k,
        outside=result.outside,
        sizes=result.sizes,
        silhouette=None if silhouette is None else silhouette.mean,
        silhouette_error=None if silhouette is None else silhouette.error,
        silhouette_squared=result.silhouette_squared,
        stability=result.stability,
        gap=None if gap is None else gap.gap,
        gap_error=None if gap is None else gap.error,
        valley=result.valley,
        density=result.density,
        certainty=result.certainty,
        better=None if better is None else better.gap,
        better_error=None if better is None else better.error,
        same=tuple((other.value, share) for other, share in result.same),
        holds=result.holds,
        words=verdict_on(result, found.k_means, found.criteria),
        seconds=result.seconds,
    )


def dendrogram_tops(found: Discovery) -> tuple[DendrogramTop, ...]:
    """Return the top of each tree that was grown."""
    return () if found.comparison is None else tuple(_top(one) for one in found.comparison.dendrograms)


def _top(tree: Dendrogram) -> DendrogramTop:
    merges = tuple(DendrogramMerge(one.left, one.right, one.height, one.people) for one in tree.merges)
    return DendrogramTop(tree.method, tree.leaves, merges, tree.people, tree.cophenetic, tree.cophenetic_people)


def neighbour_distances(found: Discovery) -> NeighbourDistances | None:
    """Return the curve from which DBSCAN reads its radius, None where it was not asked for."""
    curve: DistanceCurve | None = None if found.comparison is None else found.comparison.curve
    return None if curve is None else NeighbourDistances(curve.neighbours, tuple(curve.distances.tolist()), curve.eps)
