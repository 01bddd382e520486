"""How often a score puts who reached a goal above who did not."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from kohort.stats.intervals import Interval, critical_value

Numbers = npt.NDArray[np.float64]


def auc_interval(values: Numbers, reached: npt.NDArray[np.bool_], *, confidence: float = 0.95) -> Interval:
    """Return how often who reached the goal has the greater value: the area under the ROC curve, ties by half.

    Its variance is that of DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, computed by midranks (Sun and
    Xu 2014, IEEE Signal Processing Letters 21:1389). Both arguments have the shape (people,), and both groups somebody.

    >>> auc_interval(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])).estimate
    1.0
    """
    inside, outside = values[reached], values[~reached]
    n, m = len(inside), len(outside)
    together = rankdata(np.concatenate([inside, outside]))
    placed_inside = (together[:n] - rankdata(inside)) / m
    placed_outside = 1 - (together[n:] - rankdata(outside)) / n
    area = float(placed_inside.mean())
    spread = sum(float(one.var(ddof=1)) / len(one) for one in (placed_inside, placed_outside) if len(one) > 1)
    reach = critical_value(confidence) * float(np.sqrt(spread))
    return Interval(area, max(0.0, area - reach), min(1.0, area + reach), n + m)
