"""What a model learns from: one row of numbers, and of texts, per person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kohort.errors import UnknownNameError, UsageError

Points = npt.NDArray[np.float64]
"""People as points, float64 of shape (people, features) on one scale."""
Texts = tuple[str | None, ...]
"""One text per person, None where it is unknown."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What is known of people: `values` is float64 of shape (people, names), NaN means missing; `texts` by feature.

    Raises UsageError if the shapes disagree, a name or a person comes twice, or a value is infinite.

    >>> table = FeatureTable(("ann", "bob"), ("orders", "basket"), np.array([[3.0, 20.0], [1.0, np.nan]]))
    >>> table.column("orders").tolist()
    [3.0, 1.0]
    """

    person_ids: tuple[str, ...]
    names: tuple[str, ...]
    values: npt.NDArray[np.float64]
    texts: Mapping[str, Texts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.person_ids), len(self.names))
        if self.values.shape != expected:
            raise UsageError(f"a feature table of {expected} people and features holds values of {self.values.shape}")
        if any(len(column) != len(self.person_ids) for column in self.texts.values()):
            raise UsageError(
                f"a feature table of {len(self.person_ids)} people holds texts of more people, or of fewer"
            )
        names = self.features
        if len(set(names)) < len(names) or len(set(self.person_ids)) < len(self.person_ids):
            raise UsageError("a feature table names a feature or a person twice; merge them before learning")
        if np.isinf(self.values).any():
            raise UsageError("a feature table holds an infinite value; write NaN for what is missing")

    @property
    def features(self) -> tuple[str, ...]:
        """The names of numbers and of texts."""
        return (*self.names, *self.texts)

    def sample(self, people: int, *, seed: int) -> "FeatureTable":
        """Return at most so many people, drawn by `seed` and in the order of this table.

        >>> everyone = FeatureTable(("ann", "bob", "cy"), ("orders",), np.array([[3.0], [1.0], [2.0]]))
        >>> len(everyone.sample(2, seed=0).person_ids), everyone.sample(9, seed=0) is everyone
        (2, True)
        """
        if len(self.person_ids) <= people:
            return self
        drawn = np.sort(np.random.default_rng(seed).permutation(len(self.person_ids))[:people])
        rows = drawn.tolist()
        texts = {name: tuple(column[row] for row in rows) for name, column in self.texts.items()}
        return FeatureTable(tuple(self.person_ids[row] for row in rows), self.names, self.values[drawn], texts)

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return one number of everyone, shape (people,); raises UnknownNameError if there is none of that name."""
        if name not in self.names:
            raise UnknownNameError("feature", name, self.names)
        column: npt.NDArray[np.float64] = self.values[:, self.names.index(name)]
        return column

    def text(self, name: str) -> Texts:
        """Return one text of everyone; raises UnknownNameError if there is none of that name."""
        if name not in self.texts:
            raise UnknownNameError("text feature", name, self.texts)
        return self.texts[name]

    def without(self, names: Collection[str]) -> "FeatureTable":
        """Return everyone without some features.

        >>> FeatureTable(("ann",), ("orders", "age"), np.array([[3.0, 40.0]])).without({"age"}).features
        ('orders',)
        """
        kept = [place for place, name in enumerate(self.names) if name not in names]
        texts = {name: column for name, column in self.texts.items() if name not in names}
        return FeatureTable(self.person_ids, tuple(self.names[place] for place in kept), self.values[:, kept], texts)

    def take(self, rows: npt.NDArray[np.int64]) -> "FeatureTable":
        """Return the people of these rows, in that order.

        >>> table = FeatureTable(("ann", "bob"), (), np.empty((2, 0)), {"city": ("Lyon", None)})
        >>> table.take(np.array([1])).person_ids
        ('bob',)
        """
        texts = {name: tuple(column[row] for row in rows) for name, column in self.texts.items()}
        return FeatureTable(tuple(self.person_ids[row] for row in rows), self.names, self.values[rows], texts)
