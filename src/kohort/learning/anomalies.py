"""People who are unlike others by several traits at once, though perhaps by none of them alone."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.stats.fences import MAD_TO_DEVIATION

Values = npt.NDArray[np.float64]

MOST_COMPARED: Final = 50_000
"""People whose local density is found: beyond, it takes minutes."""

_TREES: Final = 200
_NEIGHBOURS: Final = 20
_FEWEST: Final = 3


@dataclass(frozen=True, eq=False)
class AnomalyScores:
    """How unlike others each person is, float64 of shape (people,), and who is beyond the limit, bool of that shape."""

    scores: Values
    flags: npt.NDArray[np.bool_]


def forest_anomalies(table: FeatureTable, *, limit: float = 0.6, seed: int = 0) -> AnomalyScores:
    """Score people by how few random cuts part them from all others: near 1 unlike anybody, about 0.5 like others.

    Liu, Ting and Zhou 2008, Isolation Forest, ICDM, equation 2; 200 trees of 256 people. A missing value takes the
    median. Raises UsageError for fewer than three people, or if no feature tells any apart.

    >>> table = FeatureTable(tuple(map(str, range(50))), ("orders", "basket"), np.vstack(
    ...     [np.random.default_rng(1).normal(size=(49, 2)), [[12.0, -9.0]]]))
    >>> np.flatnonzero(forest_anomalies(table, limit=0.7).flags).tolist()
    [49]
    """
    points = _on_one_scale(table)
    model = IsolationForest(n_estimators=_TREES, random_state=seed, n_jobs=1).fit(points)
    scores: Values = -model.score_samples(points)
    return AnomalyScores(scores, scores > limit)


def local_anomalies(table: FeatureTable, *, limit: float = 1.5) -> AnomalyScores:
    """Score people by how much emptier it is around them than around their 20 nearest: 1 is as elsewhere.

    Breunig et al. 2000, LOF, SIGMOD 29:93. A missing value takes the median. Raises UsageError for more than
    `MOST_COMPARED` people, fewer than three, or if no feature tells any apart.

    >>> table = FeatureTable(tuple(map(str, range(50))), ("orders", "basket"), np.vstack(
    ...     [np.random.default_rng(1).normal(size=(49, 2)), [[12.0, -9.0]]]))
    >>> np.flatnonzero(local_anomalies(table, limit=3.0).flags).tolist()
    [49]
    """
    people = len(table.person_ids)
    if people > MOST_COMPARED:
        raise UsageError(
            f"the local density around {people:,} people would be compared, of at most {MOST_COMPARED:,}; take the "
            "method isolation forest, which costs the same for each"
        )
    points = _on_one_scale(table)
    model = LocalOutlierFactor(min(_NEIGHBOURS, people - 1), n_jobs=1)
    with threadpool_limits(limits=1):
        scores: Values = -model.fit(points).negative_outlier_factor_
    return AnomalyScores(scores, scores > limit)


def _on_one_scale(table: FeatureTable) -> Values:
    """Return features in robust deviations from their medians: whoever is far out must not shrink the scale."""
    if len(table.person_ids) < _FEWEST:
        raise UsageError(f"anomalies are found among {_FEWEST} people or more; got {len(table.person_ids)}")
    columns = [_column(values) for values in table.values.T]
    kept = [one for one in columns if one is not None]
    if not kept:
        raise UsageError(f"no feature of {', '.join(table.names)} tells people apart; name others")
    return np.column_stack(kept)


def _column(values: Values) -> Values | None:
    known = values[~np.isnan(values)]
    if not known.size or known.min() == known.max():
        return None
    median = float(np.median(known))
    apart = np.where(np.isnan(values), 0.0, values - median)
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(known - median))) or float(known.std())
    scaled: Values = apart / spread
    return scaled
