"""What an engine answers: members, and explanations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.engines.bits import arrow_mask, mask_of, size_of
from kohort.engines.plan import Bits
from kohort.engines.statistics import Statistics
from kohort.rules.nodes import Rule

Shown = Decimal | str | bool | datetime | tuple[str, ...] | None


class Members(Mapping[str, pa.StringArray]):
    """The members of each rule: person ids, sorted, made of its bits only when they are asked for.

    `people` are ids, sorted from each of `runs` on up to the next one; `bits` say who of them is inside, by rule,
    packed in Arrow's order, the last byte filled with zeros.

    >>> import numpy as np
    >>> members = Members(pa.array(["ada", "bob", "eve"]), {"buyers": np.packbits([1, 0, 1], bitorder="little")})
    >>> members["buyers"].to_pylist(), members.size("buyers")
    (['ada', 'eve'], 2)
    """

    def __init__(self, people: pa.StringArray, bits: Mapping[str, Bits], runs: Sequence[int] = (0,)) -> None:
        self.people, self.bits, self._runs = people, bits, runs

    def __getitem__(self, name: str) -> pa.StringArray:
        inside = self.people.filter(arrow_mask(self.bits[name], len(self.people)))
        return inside if len(self._runs) == 1 else inside.sort()

    def __iter__(self) -> Iterator[str]:
        return iter(self.bits)

    def __len__(self) -> int:
        return len(self.bits)

    def first(self, name: str, most: int) -> list[str]:
        """Return the first ids of a rule's members, at most `most`.

        >>> Members(pa.array(["ada", "bob"]), {"all": np.array([3], np.uint8)}).first("all", 1)
        ['ada']
        """
        return self.first_of(self.bits[name], most)

    def first_of(self, bits: Bits, most: int) -> list[str]:
        """Return the first ids of those in a set, at most `most`.

        >>> Members(pa.array(["bob", "ada"]), {}, (0, 1)).first_of(np.array([3], np.uint8), 1)
        ['ada']
        """
        inside = np.flatnonzero(mask_of(bits, len(self.people)))
        edges = [*np.searchsorted(inside, self._runs).tolist(), len(inside)]
        first = [place for low, high in pairwise(edges) for place in inside[low : min(high, low + most)].tolist()]
        return sorted(str(self.people[place]) for place in first)[:most]

    def size(self, name: str) -> int:
        """Return the number of a rule's members."""
        return size_of(self.bits[name])


@dataclass(frozen=True)
class Evaluation:
    """The members of every rule at a moment.

    `members` are person ids, sorted, one text array a rule. `existing` says who of `members.people` exists at `at`, in
    bits as theirs, the last byte filled with zeros; `statistics` are the numbers of the population that were used.

    >>> import numpy as np
    >>> ada = np.packbits([1, 0], bitorder="little")
    >>> Evaluation(5, Members(pa.array(["ada", "bob"]), {"buyers": ada}), ada, Statistics()).population
    1
    """

    at: Moment
    members: Members
    existing: Bits
    statistics: Statistics

    @property
    def population(self) -> int:
        """The number of people who exist at `at`."""
        return size_of(self.existing)


class RuleEngine(Protocol):
    """What evaluates rules, wherever the data are."""

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return the members of each rule as of `at`, with `pinned` statistics where it has them."""


@dataclass(frozen=True)
class Fact:
    """An event that a person did, or a trait that was set, at a moment; `value` is that of `property`, or the trait.

    `mark` says how a trait's value was made that nobody told, such as "imputed by mice"; it is "" for all others.
    """

    name: str
    at: Moment
    property: str | None = None
    value: Shown = None
    mark: str = ""


@dataclass(frozen=True)
class Doing:
    """An event that the person would do `times` times, with the values of properties that it needs.

    >>> Doing("order_completed", properties=(("total", Decimal("12.5")),)).times
    1
    """

    event: str
    times: int = 1
    properties: tuple[tuple[str, Shown], ...] = ()


@dataclass(frozen=True)
class Setting:
    """A trait that would take a value; None: be removed."""

    trait: str
    value: Shown


@dataclass(frozen=True)
class Outlook:
    """What would change a membership soonest; the population's numbers are taken to stay as they are.

    `time_alone` is the moment at which it changes if nothing is done, None if it does not up to `looked_until`.
    `single_change` is the least that would change it now, None if nothing was found that does by itself.
    """

    time_alone: Moment | None
    looked_until: Moment
    single_change: Doing | Setting | None


@dataclass(frozen=True)
class Explanation:
    """Why a person is in or out: one node a part of the rule, in the rule's order.

    `sentence` is the part in words, `holds` whether it is true of the person. Of a leaf, `value` is the
    person's value, None where it is missing: a decimal for numbers, days and scores, a datetime in UTC for
    moments. `scored` is what a score was computed from. `thresholds` are the numbers of the population that were used,
    found from `population` people as of `statistics_at`. `facts` are the events or trait values that the value comes
    from, the most telling few of `facts_in_all`. The leaves, combined as the rule says, give `holds` of the whole.

    Of the whole, `since` is the moment since when it has been so, None where that is not known or always was;
    `outlook` is what would change it.
    """

    sentence: str
    holds: bool
    parts: tuple["Explanation", ...] = ()
    value: Shown = None
    scored: Shown = None
    thresholds: tuple[Decimal, ...] = ()
    population: int | None = None
    statistics_at: Moment | None = None
    facts: tuple[Fact, ...] = ()
    facts_in_all: int = 0
    since: Moment | None = None
    outlook: Outlook | None = None
