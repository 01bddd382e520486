"""Changes of membership: what a live engine gives, to be written to a log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Places
from kohort.engines.live.flips import Cause


@dataclass(frozen=True)
class Change:
    """A person enters or leaves a rule at the moment from which that is so; `retracts`: no, they did not."""

    person: int
    rule: int
    moment: Moment
    enters: bool
    cause: Cause
    retracts: bool


@dataclass(frozen=True)
class Changes:
    """Changes of membership, one a row: people and rules by number, `causes` values of `Cause`.

    Where `retracts`, the change of the same person, rule, moment and direction that was given earlier is not true.

    >>> [len(Changes.none().moments), list(Changes.none())]
    [0, []]
    """

    people: Places
    rules: Places
    moments: Moments
    enters: NDArray[np.bool_]
    causes: NDArray[np.int8]
    retracts: NDArray[np.bool_]

    @staticmethod
    @cache
    def none() -> "Changes":
        """Return no changes."""
        nobody, never = np.zeros(0, np.int32), np.zeros(0, np.bool_)
        return Changes(nobody, nobody, np.zeros(0, np.int64), never, np.zeros(0, np.int8), never)

    @staticmethod
    def joined(parts: Sequence["Changes"]) -> "Changes":
        """Return all changes of several parts, in their order."""
        parts = [part for part in parts if len(part.moments)]
        if len(parts) <= 1:
            return parts[0] if parts else Changes.none()
        return Changes(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS))

    def __len__(self) -> int:
        return len(self.moments)

    def __iter__(self) -> Iterator[Change]:
        for one in zip(*(getattr(self, name).tolist() for name in _COLUMNS), strict=True):
            person, rule, moment, enters, cause, retracts = one
            yield Change(person, rule, moment, enters, Cause(cause), retracts)

    def of(self, chosen: NDArray[Any] | slice) -> "Changes":
        """Return the changes that `chosen`, a mask, places or a slice, names."""
        return Changes(*(getattr(self, name)[chosen] for name in _COLUMNS))

    def in_order(self) -> "Changes":
        """Return the changes in the order of moments, people and rules; of these what is not true comes first."""
        return self.of(np.lexsort((~self.retracts, self.rules, self.people, self.moments)))

    def without(self, others: "Changes") -> "Changes":
        """Return those that are not among `others`, whatever caused them."""
        return self.of(~_are_among(self, others)) if len(others) else self

    def standing(self) -> "Changes":
        """Return those of which it was not said afterwards that they are not true."""
        return self.of(~self.retracts).without(self.of(self.retracts)) if self.retracts.any() else self

    def undoing(self, given: "Changes") -> "Changes":
        """Return these, given after others of the same moment, with corrections of those that they take back."""
        opposite = replace(self, enters=~self.enters)
        undone = _are_among(opposite, given)
        return Changes.joined([opposite.of(undone).retracted(), self.of(~undone)]).in_order()

    def corrections(self, after: "Changes") -> "Changes":
        """Return what is to be said, after these were, so that `after` is what has been said."""
        return Changes.joined([self.without(after).retracted(), after.without(self)])

    def retracted(self) -> "Changes":
        """Return the corrections that say that these are not true."""
        return replace(self, retracts=np.ones(len(self), np.bool_))


_COLUMNS = tuple(one.name for one in fields(Changes))


def _are_among(some: Changes, others: Changes) -> NDArray[np.bool_]:
    """Return which of some changes are among others, whatever caused them."""
    both = Changes.joined([some, others])
    keys = np.stack([both.people, both.rules, both.moments, both.enters], axis=1).astype(np.int64)
    _, place = np.unique(keys, axis=0, return_inverse=True)
    place = place.reshape(-1)
    return np.asarray(np.isin(place[: len(some)], place[len(some) :]))
