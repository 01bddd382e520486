"""What the members of a group are worth: what they spent, their share of all, and per person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kohort.stats.intervals import Interval, mean_interval, ratio_of_means
from kohort.stats.summaries import Summary


@dataclass(frozen=True)
class Worth:
    """Revenue of the members and of everybody, in micros of the currency, and per person with intervals.

    `share` is the members' part of everybody's revenue, None where nobody spent anything; `ratio` what a member spent
    over what another person did, None where that says nothing. `per_member` and `per_other` are None without people.
    """

    members: int
    people: int
    revenue: int
    revenue_of_all: int
    share: float | None
    per_member: Interval | None
    per_other: Interval | None
    ratio: Interval | None


def worth_of(spent: npt.NDArray[np.int64], inside: npt.NDArray[np.bool_]) -> Worth:
    """Return the worth of those whom `inside` marks; `spent`, shape (people,), is in micros.

    >>> found = worth_of(np.array([30, 10, 0, 0]), np.array([True, True, False, False]))
    >>> found.revenue, found.share, found.per_member.estimate
    (40, 1.0, 20.0)
    """
    revenue, total = int(spent[inside].sum()), int(spent.sum())
    groups = [Summary.of(spent[mask].astype(np.float64)) for mask in (inside, ~inside)]
    per_member, per_other = (mean_interval(one) if one.size else None for one in groups)
    return Worth(
        members=groups[0].size,
        people=len(spent),
        revenue=revenue,
        revenue_of_all=total,
        share=revenue / total if total else None,
        per_member=per_member,
        per_other=per_other,
        ratio=ratio_of_means(*groups),
    )
