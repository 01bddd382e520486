"""What an engine answers: members, and explanations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pyarrow as pa

from kohort.clock import Moment
from kohort.engines.statistics import Statistics

Shown = Decimal | str | bool | datetime | tuple[str, ...] | None


@dataclass(frozen=True)
class Evaluation:
    """The members of every rule at a moment.

    `members` are person ids, sorted, one text array a rule. `population` is the number of people who exist at
    `at`; `statistics` the numbers of the population that were used.
    """

    at: Moment
    members: Mapping[str, pa.StringArray]
    population: int
    statistics: Statistics


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
