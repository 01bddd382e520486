"""People by the period in which they came: how many are active later, and in which cluster they are then."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.intervals import Interval, wilson_interval


@dataclass(frozen=True)
class CohortCell:
    """Those who came in the period `cohort`, `since` periods later: how many they are, and what they do.

    `active` is the share who did anything in that period; `shares` those in each cluster at its end, of the people who
    are in one (empty where nobody is). All with Wilson intervals.
    """

    cohort: int
    since: int
    people: int
    active: Interval
    shares: tuple[Interval, ...]


def cohort_table(
    came: npt.NDArray[np.int64], active: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64], k: int
) -> tuple[CohortCell, ...]:
    """Return a cell for each period in which people came and each from then on, in that order.

    `came`, int64 of shape (people,), is the period in which each came; `active`, shape (people, periods), whether they
    did anything in it; `clusters`, int64 of shape (people, periods), the cluster at its end, -1 for none. `k` is the
    number of clusters. Raises UsageError if the shapes disagree.

    >>> came = np.array([0, 0, 1])
    >>> active = np.array([[True, False], [True, True], [False, True]])
    >>> clusters = np.array([[0, 0], [0, 1], [-1, 1]])
    >>> cells = cohort_table(came, active, clusters, 2)
    >>> [(cell.cohort, cell.since, cell.people, cell.active.estimate) for cell in cells]
    [(0, 0, 2, 1.0), (0, 1, 2, 0.5), (1, 0, 1, 1.0)]
    """
    people, periods = active.shape
    if clusters.shape != active.shape or came.shape != (people,):
        raise UsageError("a cohort table needs one row a person and one column a period of activity and of clusters")
    cells = []
    for cohort in range(periods):
        own = came == cohort
        size = int(own.sum())
        if not size:
            continue
        for period in range(cohort, periods):
            known = clusters[own, period]
            known = known[known >= 0]
            counts = np.bincount(known, minlength=k) if known.size else np.empty(0, dtype=np.int64)
            cells.append(
                CohortCell(
                    cohort,
                    period - cohort,
                    size,
                    wilson_interval(int(active[own, period].sum()), size),
                    tuple(wilson_interval(int(count), known.size) for count in counts),
                )
            )
    return tuple(cells)
