"""The conditions on one feature, answered for a block of people at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kohort.engines.criteria import Criterion
from kohort.engines.kernel.bounds import bounds_of
from kohort.engines.kernel.choice import Kernels
from kohort.engines.kernel.found import Found
from kohort.engines.plan import Bits, Feature
from kohort.engines.predicates import Present, Within
from kohort.rules.nodes import Basic


class Room:
    """Room for sets of people, all in one piece: the operating system hands that out far more cheaply than many."""

    def __init__(self, sets: int, size: int) -> None:
        self._sets, self._taken = np.empty((sets, size), np.uint8), 0

    def take(self, sets: int) -> Bits:
        """Return room for so many sets more, shape (sets, bytes), not filled yet."""
        self._taken += sets
        return self._sets[self._taken - sets : self._taken]


class Questions:
    """The criteria on one feature and where their answers go: one bit a person each.

    Those that only compare, most of them, are answered together: the values are looked at once.
    """

    def __init__(
        self, feature: Feature, criteria: Mapping[Basic, Criterion], bits: dict[Basic, Bits], room: Room
    ) -> None:
        together: dict[Basic, Within] = {}
        self._others: list[_Question] = []
        for condition, criterion in criteria.items():
            match criterion:
                case Criterion((_,), Within(negated=False) as predicate, in_population=False):
                    together[condition] = predicate
                case _:
                    if condition not in bits:
                        (bits[condition],) = room.take(1)
                    its = bits[condition]
                    self._others.append(_Question(its, criterion, first=feature == criterion.features[0]))
        self._compared = tuple(together.values())
        self._answers = room.take(len(together))
        bits |= dict(zip(together, self._answers, strict=True))

    def answer(self, found: Found, start: int, kernels: Kernels) -> None:
        """Answer for a block of people, of which the first stands at the byte `start`."""
        if self._compared:
            values = found.column.values
            holds = kernels.within(values, bounds_of(self._compared, found.unit, values.dtype.itemsize))
            self._answers[:, start : start + holds.shape[1]] = holds
        for question in self._others:
            question.answer(found, start, kernels)


@dataclass(frozen=True)
class _Question:
    """A criterion and where its answers go; of several features, those after the first add to its answers."""

    bits: Bits
    criterion: Criterion
    first: bool

    def answer(self, found: Found, start: int, kernels: Kernels) -> None:
        predicate = self.criterion.predicate
        look = found.holds_in_population if self.criterion.in_population else found.holds
        holds = look(predicate, kernels)
        place = self.bits[start : start + len(holds)]
        if self.first:
            place[:] = holds
        elif predicate == Present(negated=True):
            place &= holds
        else:
            place |= holds
