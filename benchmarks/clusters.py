"""How long discovering clusters takes, against the textbook loop, in CPU seconds of the same run.

    python benchmarks/clusters.py [people features]

The textbook loop does for each k what notebooks do: k-means with ten starts on everyone, a silhouette sampled from
10,000 people, and twenty full bootstraps with ten starts each, matched one to one.
"""

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
from kohort.learning.clustering.match import matched_jaccard
from kohort.learning.features.scaling import fit_scaler
from kohort.learning.features.table import FeatureTable

Result = TypeVar("Result")
KS = range(2, 11)
BOOTSTRAPS = 20
GROUPS = 6


def population(people: int, features: int) -> tuple[FeatureTable, npt.NDArray[np.int64]]:
    """Return people of six unequal groups with heavy-tailed noise, a third of the features skewed like money."""
    random = np.random.default_rng(0)
    groups = random.choice(GROUPS, people, p=random.dirichlet(np.full(GROUPS, 12.0)))
    centres = random.normal(0, 2.2, (GROUPS, features))
    values = centres[groups] + random.standard_t(3, (people, features))
    skewed = features // 3
    values[:, :skewed] = np.exp(np.clip(values[:, :skewed], -12, 12) / 1.5)
    names = tuple(f"feature_{one}" for one in range(features))
    return FeatureTable(tuple(map(str, range(people))), names, values), groups


def textbook(table: FeatureTable) -> None:
    points = fit_scaler(table).apply(table)
    random = np.random.default_rng(0)
    for k in KS:
        labels = KMeans(k, n_init=10, random_state=0).fit_predict(points)
        silhouette_score(points, labels, sample_size=min(10_000, len(points)), random_state=0)
        for bootstrap in range(BOOTSTRAPS):
            sample = points[random.integers(0, len(points), len(points))]
            again = KMeans(k, n_init=10, random_state=bootstrap).fit(sample).predict(points)
            matched_jaccard(labels, again, k)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (20_000, 12)
    table, groups = population(people, features)
    found: Discovery
    found, careful = timed(lambda: discover(table, value=np.arange(people, dtype=np.float64), seed=0))
    agreement = adjusted_rand_score(groups, found.labels) if found.model else float("nan")
    print(f"{people:,} people, {features} features, k {KS.start} to {KS.stop - 1}, {BOOTSTRAPS} bootstraps")
    print(f"kohort    {careful:8.1f} CPU s   {found.choice.verdict}, k = {found.choice.k}, ARI {agreement:.3f}")
    with threadpool_limits(limits=1):
        _, naive = timed(lambda: textbook(table))
    print(f"textbook  {naive:8.1f} CPU s   {naive / careful:.1f} times as long")


if __name__ == "__main__":
    main()
