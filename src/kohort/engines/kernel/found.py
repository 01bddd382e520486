"""A feature's values as they were found for a block of people, and the questions about them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.bits import mask_of, packed
from kohort.engines.columns import MISSING, Column
from kohort.engines.kernel.bounds import bounds_of
from kohort.engines.kernel.choice import Kernels
from kohort.engines.kernel.masks import holds
from kohort.engines.plan import Bits
from kohort.engines.predicates import Predicate, Present, Within


@dataclass(frozen=True)
class Found:
    """The values of a feature, one a person of the block; whoever has none has the column's `missing`.

    A value counts `unit` times: a number of events is one micro million times. `matched` says who has a matching event
    at all, where whoever has none has a 0.
    """

    column: Column
    unit: int = 1
    matched: NDArray[Any] | None = None

    def holds_in_population(self, predicate: Predicate, kernels: Kernels) -> Bits:
        """Return the same of those only who belong to the feature's population; others have no value."""
        if self.matched is None:
            return self.holds(predicate, kernels)
        (inside,) = kernels.within(self.matched, bounds_of((Within(low=1),), 1, self.matched.dtype.itemsize))
        found = self.holds(predicate, kernels)
        return np.asarray(found | ~inside if predicate == Present(negated=True) else found & inside)

    def in_population(self) -> "Found":
        """Return the same with the values of those only who belong to the feature's population."""
        if self.matched is None:
            return self
        values = np.where(self.matched > 0, self.column.values.astype(np.int64), MISSING)
        return replace(self, column=Column(values), matched=None)

    def population_values(self, inside: Bits | None, *, everyone: bool) -> NDArray[np.int64]:
        """Return the values, in the feature's unit, of those who have one and are `inside` (None: anybody).

        Unless it is the population of `everyone`, whoever has no matching event is outside.
        """
        chosen = np.asarray(self.column.present() if everyone or self.matched is None else self.matched > 0)
        if not everyone and self.matched is not None and self.matched is not self.column.values:
            chosen &= self.column.present()
        if inside is not None:
            chosen &= mask_of(inside, len(chosen))
        return self.column.values[chosen].astype(np.int64) * self.unit

    def values(self) -> NDArray[np.int64]:
        """Return the values in the feature's unit, `MISSING` where there is none, shape (people,).

        >>> Found(Column(np.array([3, MISSING])), unit=10).values().tolist() == [30, MISSING]
        True
        """
        values = self.column.values.astype(np.int64)
        return values if self.unit == 1 else np.where(values == MISSING, MISSING, values * self.unit)

    def holds(self, predicate: Predicate, kernels: Kernels) -> Bits:
        """Return for whom a predicate on the value, in the feature's unit, holds, as packed bits.

        >>> from kohort.engines.kernel import numpy_kernels
        >>> Found(Column(np.array([3, 0, 5])), unit=10).holds(Within(low=25, high=39), numpy_kernels).tolist()
        [1]
        """
        if not isinstance(predicate, Within):
            return packed(holds(predicate, self.column))
        values = self.column.values
        (inside,) = kernels.within(values, bounds_of((predicate,), self.unit, values.dtype.itemsize))
        return np.asarray(packed(self.column.present()) & ~inside if predicate.negated else inside)
