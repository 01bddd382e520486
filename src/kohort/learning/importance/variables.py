"""What is known of people before they reach a goal or not, a column a variable, and the goal itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Numbers = npt.NDArray[np.float64]

MOST_CATEGORIES: Final = 20
"""Of a variable with more of them the rarest become one."""
REST: Final = "…"
"""What the rarest categories are called together."""
_MOSTLY_ITS_OWN: Final = 0.5


@dataclass(frozen=True, eq=False)
class Variable:
    """A number or a category of everyone: `values` is float64 of shape (people,), NaN where it is missing.

    Of a category they are places in `categories`, which is None for a number.
    """

    name: str
    values: Numbers
    categories: tuple[str, ...] | None = None

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether it is known, of everyone; shape (people,)."""
        return ~np.isnan(self.values)

    def of(self, people: npt.NDArray[np.int64]) -> "Variable":
        """Return it of some people, given by their places."""
        return Variable(self.name, self.values[people], self.categories)


def category_of(
    name: str, texts: Sequence[str | None], *, most: int = MOST_CATEGORIES, fewest: int = 1
) -> Variable | None:
    """Return a variable of texts, the most frequent first; None where hardly two people have the same.

    Categories of fewer than `fewest` people are among the rest, so that they tell of nobody in particular.

    >>> found = category_of("city", ["Brest", "Lyon", "Lyon", None, "Brest", "Lyon"])
    >>> found.categories, found.values.tolist()
    (('Lyon', 'Brest'), [1.0, 0.0, 0.0, nan, 1.0, 0.0])
    >>> category_of("name", ["Ann", "Bob", "Cid", "Dan"]) is None
    True
    """
    counts = Counter(one for one in texts if one is not None)
    if len(counts) > most and len(counts) > _MOSTLY_ITS_OWN * counts.total():
        return None
    if len(counts) == counts.total() > 2:  # noqa: PLR2004 - two people may well differ
        return None
    ordered = sorted(counts, key=lambda one: (-counts[one], one))
    common = sum(counts[one] >= fewest for one in ordered)
    kept = ordered if len(ordered) <= min(most, common) else [*ordered[: min(most - 1, common)], REST]
    return Variable(name, coded(texts, kept), tuple(kept))


def coded(texts: Sequence[str | None], categories: Sequence[str]) -> Numbers:
    """Return texts as places in `categories`; others are the rest, or missing where there is none.

    >>> coded(["Lyon", "Nice", None], ["Lyon", "…"]).tolist(), coded(["Nice"], ["Lyon"]).tolist()
    ([0.0, 1.0, nan], [nan])
    """
    places = {one: float(place) for place, one in enumerate(categories)}
    rest = places.get(REST, np.nan)
    return np.array([np.nan if one is None else places.get(one, rest) for one in texts], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """People as of a moment, their `variables`, and what they did after it.

    `goal` is float64 of shape (people,): 1 or 0 for who reached it, or an amount from 0 on (`is_amount`). Raises
    UsageError if the shapes disagree, a name comes twice, or the goal is anything else.
    """

    variables: tuple[Variable, ...]
    goal: Numbers
    is_amount: bool

    def __post_init__(self) -> None:
        names = [one.name for one in self.variables]
        if len({*names}) < len(names):
            raise UsageError("a variable comes twice; name each once")
        if any(one.values.shape != self.goal.shape for one in self.variables):
            raise UsageError(f"variables are not of the {len(self.goal)} people whose goal is given")
        proper = (self.goal >= 0).all() if self.is_amount else np.isin(self.goal, (0.0, 1.0)).all()
        if not (np.isfinite(self.goal).all() and proper):
            wanted = "an amount from 0 on" if self.is_amount else "0 or 1"
            raise UsageError(f"a goal is {wanted} for everyone; it holds something else")

    def __len__(self) -> int:
        return len(self.goal)

    def of(self, people: npt.NDArray[np.int64]) -> "Snapshot":
        """Return the same of some people, given by their places."""
        return Snapshot(tuple(one.of(people) for one in self.variables), self.goal[people], self.is_amount)

    def some(self, most: int, seed: int) -> "Snapshot":
        """Return at most so many people, drawn with a seed, in their order."""
        if len(self) <= most:
            return self
        return self.of(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))

    def only(self, names: Sequence[str]) -> "Snapshot":
        """Return the same with some variables, in the order of `names`."""
        by_name = {one.name: one for one in self.variables}
        return Snapshot(tuple(by_name[name] for name in names), self.goal, self.is_amount)
