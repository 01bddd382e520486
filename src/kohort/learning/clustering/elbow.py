"""The elbow of an inertia curve, found by rule instead of by eye."""

from collections.abc import Sequence

import numpy as np


def elbow(ks: Sequence[int], inertias: Sequence[float]) -> int | None:
    """Return the k where a falling, convex curve bends most, or None if it has no bend.

    Kneedle (Satopää et al. 2011, ICDCS Workshops): both axes scaled to 0–1, the k farthest below the straight line
    from the first point to the last. Fewer than three points, or a curve that does not fall, have no bend.

    >>> elbow([2, 3, 4, 5, 6], [100.0, 40.0, 35.0, 31.0, 28.0])
    3
    >>> elbow([2, 3, 4], [3.0, 2.0, 1.0]) is None
    True
    """
    height = np.asarray(inertias, dtype=np.float64)
    if len(ks) < 3 or height[0] <= height[-1]:  # noqa: PLR2004 - two points are a line
        return None
    across = (np.asarray(ks, dtype=np.float64) - ks[0]) / (ks[-1] - ks[0])
    below_line = 1 - across - (height - height[-1]) / (height[0] - height[-1])
    best = int(np.argmax(below_line))
    return ks[best] if below_line[best] > np.finfo(np.float64).eps * height.size else None
