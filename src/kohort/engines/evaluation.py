"""What an engine answers: members, and explanations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.engines.bits import arrow_mask, mask_of, size_of
from kohort.engines.plan import Bits
from kohort.engines.statistics import Statistics

Shown = Decimal | str | bool | datetime | tuple[str, ...] | None


class Members(Mapping[str, pa.StringArray]):
    """The members of each rule: person ids, sorted, made of its bits only when they are asked for.

    `people` are sorted ids; `bits` say who of them is inside, by rule, packed in Arrow's order, the
    last byte filled with zeros.

    >>> import numpy as np
    >>> members = Members(pa.array(["ada", "bob", "eve"]), {"buyers": np.packbits([1, 0, 1], bitorder="little")})
    >>> members["buyers"].to_pylist(), members.size("buyers")
    (['ada', 'eve'], 2)
    """

    def __init__(self, people: pa.StringArray, bits: Mapping[str, Bits]) -> None:
        self.people, self.bits = people, bits

    def __getitem__(self, name: str) -> pa.StringArray:
        return self.people.filter(arrow_mask(self.bits[name], len(self.people)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.bits)

    def __len__(self) -> int:
        return len(self.bits)

    def first(self, name: str, most: int) -> list[str]:
        """Return the first ids of a rule's members, at most `most`.

        >>> Members(pa.array(["ada", "bob"]), {"all": np.array([3], np.uint8)}).first("all", 1)
        ['ada']
        """
        places = np.flatnonzero(mask_of(self.bits[name], len(self.people)))[:most]
        return [str(self.people[int(place)]) for place in places]

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


@dataclass(frozen=True)
class Explanation:
    """Why a person is in or out: one node a part of the rule, in the rule's order.

    `sentence` is the part in words, `holds` whether it is true of the person. Of a leaf, `value` is the
    person's value, None where it is missing: a decimal for numbers, days and scores, a datetime in UTC for
    moments. `scored` is what a score was computed from. `thresholds` are the numbers of the population that were used,
    found from `population` people as of `statistics_at`. The leaves, combined as the rule says, give `holds`
    of the whole.
    """

    sentence: str
    holds: bool
    parts: tuple["Explanation", ...] = ()
    value: Shown = None
    scored: Shown = None
    thresholds: tuple[Decimal, ...] = ()
    population: int | None = None
    statistics_at: Moment | None = None
