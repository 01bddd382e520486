"""Few columns instead of many: principal components (Pearson 1901, Phil. Mag. 2:559)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.features.products import sums_in_order
from kohort.learning.features.table import Points

USUAL_VARIANCE: Final = 0.9


@dataclass(frozen=True)
class PrincipalComponents:
    """Directions in which people differ most: `loadings` has one tuple per component with a number per column.

    `centre` is the mean of each column; `explained` the share of all variance along each component.
    """

    centre: tuple[float, ...]
    loadings: tuple[tuple[float, ...], ...]
    explained: tuple[float, ...]
    method: str = "pca"

    @property
    def components(self) -> int:
        """How many columns are left."""
        return len(self.loadings)

    def apply(self, points: Points) -> Points:
        """Return `points`, shape (people, columns), on the components: shape (people, components)."""
        centred = points - np.array(self.centre)
        return sums_in_order(centred, np.array(self.loadings).T, np.zeros(self.components))

    def inverse(self, reduced: Points) -> Points:
        """Return the points, shape (people, columns), nearest to what they were before: the rest of it is lost."""
        points: Points = reduced @ np.array(self.loadings) + np.array(self.centre)
        return points

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "PrincipalComponents":
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        loadings = tuple(tuple(component) for component in record["loadings"])
        whole = {**record, "centre": tuple(record["centre"]), "loadings": loadings}
        return cls(**{**whole, "explained": tuple(record["explained"])})


def fit_components(
    points: Points, *, components: int | None = None, variance: float | None = None
) -> PrincipalComponents:
    """Find the principal components of `points`, shape (people, columns), each with its largest loading positive.

    As many as `components`, or as few as explain the share `variance`, 0.9 if neither is given.

    Raises UsageError for more components than columns, or fewer than two people.

    >>> fit_components(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), variance=0.99).explained
    (1.0,)
    """
    people, columns = points.shape
    if people < 2 or (components or 1) > columns:  # noqa: PLR2004 - one person has no variance
        raise UsageError(f"{components or 1} principal components need as many columns and two people; got {columns}")
    centre = points.mean(axis=0)
    # Of the covariance, columns × columns: the singular values of all people would take people × columns more room.
    centred = points - centre
    variances, directions = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-variances, kind="stable")
    variances, loadings = np.maximum(variances[order], 0.0), directions[:, order].T
    shares = variances / (variances.sum() or 1.0)
    reached = np.cumsum(shares) < (USUAL_VARIANCE if variance is None else variance) - 1e-12
    count = min(int(reached.sum()) + 1, columns) if components is None else components
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1)
    loadings = loadings * np.where(largest < 0, -1.0, 1.0)
    return PrincipalComponents(
        tuple(centre.tolist()),
        tuple(tuple(component) for component in loadings[:count].tolist()),
        tuple(round(share, 12) for share in shares[:count].tolist()),
    )
