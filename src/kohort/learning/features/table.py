"""What a model learns from: one row of numbers per person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kohort.errors import UnknownNameError, UsageError

Points = npt.NDArray[np.float64]
"""People as points, float64 of shape (people, features) on one scale."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Numbers about people: `values` is float64 of shape (people, features); NaN means missing.

    Raises UsageError if the shapes disagree, a name or a person comes twice, or a value is infinite.

    >>> table = FeatureTable(("ann", "bob"), ("orders", "basket"), np.array([[3.0, 20.0], [1.0, np.nan]]))
    >>> table.column("orders").tolist()
    [3.0, 1.0]
    """

    person_ids: tuple[str, ...]
    names: tuple[str, ...]
    values: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (len(self.person_ids), len(self.names))
        if self.values.shape != expected:
            raise UsageError(f"a feature table of {expected} people and features holds values of {self.values.shape}")
        if len(set(self.names)) < len(self.names) or len(set(self.person_ids)) < len(self.person_ids):
            raise UsageError("a feature table names a feature or a person twice; merge them before learning")
        if np.isinf(self.values).any():
            raise UsageError("a feature table holds an infinite value; write NaN for what is missing")

    def sample(self, people: int, *, seed: int) -> "FeatureTable":
        """Return at most so many people, drawn by `seed` and in the order of this table.

        >>> everyone = FeatureTable(("ann", "bob", "cy"), ("orders",), np.array([[3.0], [1.0], [2.0]]))
        >>> len(everyone.sample(2, seed=0).person_ids), everyone.sample(9, seed=0) is everyone
        (2, True)
        """
        if len(self.person_ids) <= people:
            return self
        drawn = np.sort(np.random.default_rng(seed).permutation(len(self.person_ids))[:people])
        return FeatureTable(tuple(self.person_ids[row] for row in drawn), self.names, self.values[drawn])

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return one feature of everyone, shape (people,); raises UnknownNameError if there is none of that name."""
        if name not in self.names:
            raise UnknownNameError("feature", name, self.names)
        column: npt.NDArray[np.float64] = self.values[:, self.names.index(name)]
        return column
