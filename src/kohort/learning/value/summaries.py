"""From purchases to what the models of value read: how often, how lately, for how long, and for how much.

Fader, Hardie and Lee 2005, "Counting your customers" the easy way, Marketing Science 24:275: frequency is the number of
repeat purchases, recency the *age at the last purchase* (not the time since), T the age at the end. Purchases of one
person on one day are one, and the first day is no repeat.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.errors import UsageError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DAYS_A_WEEK: Final = 7
"""Ages are in weeks, as in the papers."""


@dataclass(frozen=True, eq=False)
class Purchases:
    """One entry a purchase, each array of shape (purchases,).

    `person` holds whole numbers, int64; `day` days since 1970 in the time zone of the business, int64; `amount`
    money in any unit, float64, NaN where it is not known. A negative amount is a return.
    """

    person: Integers
    day: Integers
    amount: Floats


@dataclass(frozen=True)
class Merged:
    """How many purchases were left out or merged: `returns` are negative, `free` cost nothing, `unknown` have no price.

    `returns` are no purchases. Free ones and those of unknown price are, but say nothing of what a purchase is worth.
    `same_day` were merged with another one of the same person and day.
    """

    purchases: int
    returns: int
    free: int
    unknown: int
    same_day: int


@dataclass(frozen=True, eq=False)
class Histories:
    """What everybody bought up to a day, each array of shape (people,), by person.

    `frequency` is the number of days with a repeat purchase (int64), `recency` the age at the last purchase and `age`
    the age at the end, in weeks; `valued` is the number of repeat purchases with an amount above zero and
    `mean_value` their mean, zero where there are none.
    """

    person: Integers
    frequency: Integers
    recency: Floats
    age: Floats
    valued: Integers
    mean_value: Floats

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, eq=False)
class Future:
    """What each of some people did after a day: the number of days with a purchase, and what they spent."""

    purchases: Integers
    spent: Floats


def merge_days(purchases: Purchases) -> tuple[Purchases, Merged]:
    """Return a purchase for each person and day, by person and day, without returns, and what was left out or merged.

    Raises UsageError if the arrays differ in length.

    >>> bought = Purchases(np.array([1, 0, 1, 1]), np.array([3, 5, 3, 4]), np.array([10.0, 7.0, 2.0, -2.0]))
    >>> merged, told = merge_days(bought)
    >>> merged.person.tolist(), merged.day.tolist(), merged.amount.tolist(), told.returns, told.same_day
    ([0, 1], [5, 3], [7.0, 12.0], 1, 1)
    """
    if not len(purchases.person) == len(purchases.day) == len(purchases.amount):
        raise UsageError("each purchase needs a person, a day and an amount")
    unknown, returned = np.isnan(purchases.amount), purchases.amount < 0
    person, day = purchases.person[~returned], purchases.day[~returned]
    amount = np.nan_to_num(purchases.amount[~returned])
    order = np.lexsort((day, person))
    person, day, amount = person[order], day[order], amount[order]
    begins = np.ones(len(person), dtype=bool)
    begins[1:] = (person[1:] != person[:-1]) | (day[1:] != day[:-1])
    starts = np.nonzero(begins)[0]
    sums = np.add.reduceat(amount, starts) if len(starts) else amount
    told = Merged(
        purchases=len(purchases.person),
        returns=int(returned.sum()),
        free=int((purchases.amount == 0).sum()),
        unknown=int(unknown.sum()),
        same_day=len(person) - len(starts),
    )
    return Purchases(person[starts], day[starts], sums), told


def histories_of(merged: Purchases, until: int) -> Histories:
    """Return the history up to the end of the day `until` of everybody who had bought by then.

    `merged` has a purchase for each person and day, as `merge_days` returns it.

    >>> bought = Purchases(np.array([0, 0, 0, 1]), np.array([0, 7, 21, 14]), np.array([9.0, 10.0, 20.0, 5.0]))
    >>> found = histories_of(bought, 28)
    >>> found.frequency.tolist(), found.recency.tolist(), found.age.tolist(), found.mean_value.tolist()
    ([2, 0], [3.0, 0.0], [4.0, 2.0], [15.0, 0.0])
    """
    known = merged.day <= until
    person, day, amount = merged.person[known], merged.day[known], merged.amount[known]
    begins = np.ones(len(person), dtype=bool)
    begins[1:] = person[1:] != person[:-1]
    starts = np.nonzero(begins)[0]
    ends = np.append(starts[1:], len(person)) - 1 if len(starts) else starts
    paid = ~begins & (amount > 0)
    whose = np.cumsum(begins) - 1
    valued = np.bincount(whose[paid], minlength=len(starts))
    spent = np.bincount(whose[paid], weights=amount[paid], minlength=len(starts))
    return Histories(
        person=person[starts],
        frequency=(ends - starts).astype(np.int64),
        recency=(day[ends] - day[starts]) / DAYS_A_WEEK,
        age=(until - day[starts]) / DAYS_A_WEEK,
        valued=valued.astype(np.int64),
        mean_value=spent / np.maximum(1, valued),
    )


def future_of(merged: Purchases, person: Integers, after: int, until: int) -> Future:
    """Return what people (sorted) did after the day `after`, up to the end of the day `until`.

    >>> bought = Purchases(np.array([0, 0, 1, 2]), np.array([0, 7, 8, 9]), np.array([9.0, 10.0, 20.0, 5.0]))
    >>> found = future_of(bought, np.array([0, 1]), 6, 8)
    >>> found.purchases.tolist(), found.spent.tolist()
    ([1, 1], [10.0, 20.0])
    """
    inside = (merged.day > after) & (merged.day <= until)
    bought, amount = merged.person[inside], merged.amount[inside]
    places = np.minimum(np.searchsorted(person, bought), max(0, len(person) - 1))
    mine = person[places] == bought if len(person) else np.zeros(len(bought), dtype=bool)
    places, amount = places[mine], amount[mine]
    counts = np.bincount(places, minlength=len(person)).astype(np.int64)
    return Future(counts, np.bincount(places, weights=amount, minlength=len(person)).astype(np.float64))
