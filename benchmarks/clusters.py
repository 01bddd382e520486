"""How long choosing a number of clusters takes, against the textbook loop, in CPU seconds of the same run.

    python benchmarks/clusters.py [people features]

The textbook loop does for each k k-means with ten starts on everyone, the silhouette of everyone, and twenty full
bootstraps with ten starts each, matched one to one. At a million people that takes days, so it is summed from measured
parts: one fit of ten starts and one bootstrap at the k found, and the silhouette of 20,000 people, whose time grows
with the square of their number.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.clustering.kmeans import inertia
from kohort.learning.clustering.match import cluster_stability
from kohort.learning.features.table import Points
from kohort.testing.crowds import crowd_of_groups

Result = TypeVar("Result")
KS = range(2, 13)
BOOTSTRAPS = 20
ASKED = 20_000


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def bootstrap(points: Points, labels: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.float64]:
    sample = points[np.random.default_rng(0).integers(0, len(points), len(points))]
    again = KMeans(k, n_init=10, random_state=1).fit(sample).predict(points).astype(np.int64)
    return cluster_stability(labels, again, k)


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (100_000, 20)
    table, groups = crowd_of_groups(people, features)
    found: Discovery
    found, careful = timed(lambda: discover(table, value=np.arange(people, dtype=np.float64), seed=0, ks=KS))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{people:,} people, {features} features, k {KS.start} to {KS.stop - 1}, {BOOTSTRAPS} bootstraps")
    print(f"kohort      {careful:10.1f} CPU s   peak {memory:.2f} GB   {found.choice.verdict}, k = {found.choice.k}")
    if found.model is None or found.choice.k is None:
        return
    k, member = found.choice.k, groups >= 0
    points = found.preparation.apply(table)
    with threadpool_limits(limits=1):
        full, fit = timed(lambda: KMeans(k, n_init=10, random_state=0).fit(points))
        labels = full.labels_.astype(np.int64)
        _, resampled = timed(lambda: bootstrap(points, labels, k))
        _, asked = timed(lambda: silhouette_score(points[:ASKED], labels[:ASKED]))
    silhouette = asked * (people / min(ASKED, people)) ** 2
    textbook = len(KS) * (fit + silhouette + BOOTSTRAPS * resampled)
    print(
        f"textbook    {textbook:10,.0f} CPU s   {textbook / careful:,.0f} times as long; summed from its parts, each k:"
    )
    many = BOOTSTRAPS * resampled
    print(f"            ten starts {fit:.1f}, silhouette {silhouette:,.1f}, twenty bootstraps {many:.1f}")
    ours = inertia(points, np.array(found.model.centroids))
    print(f"inertia     {ours / full.inertia_:10.6f} of the best of ten full starts")
    for name, one in (("kohort", found.labels), ("textbook", labels)):
        print(f"ARI         {adjusted_rand_score(groups[member], one[member]):10.4f} {name}, people of a group")


if __name__ == "__main__":
    main()
