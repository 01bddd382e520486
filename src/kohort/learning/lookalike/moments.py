"""The moments at which people are looked at: for members when they entered, for others drawn so that it tells nothing.

Each member is compared with people of whom as much could be known at that moment: risk-set sampling, also called
incidence density sampling (Lubin and Gail 1984, Biometrics 40:63; Langholz and Goldstein 1996, Statistical Science
11:35). Without it the moment alone tells both sides apart, by everything that grows with time.
"""

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Moments = npt.NDArray[np.int64]
"""Microseconds since 1970 UTC, or the places of such moments, shape (people,) or (moments,)."""
Eligible = npt.NDArray[np.bool_]
"""Who could be looked at when, shape (moments, people)."""


def moments_looked_at(entries: Moments, most: int) -> tuple[Moments, Moments]:
    """Return at most so many moments, rising, and for each entry the place of the last of them that is not after it.

    `entries` are microseconds, shape (people,). Where there are more than `most` different ones, they are cut in their
    order into parts of about as many, and each part is looked at at its first: so nothing after an entry is looked at.
    Raises UsageError for less than one moment, or no entry.

    >>> moments, places = moments_looked_at(np.array([50, 10, 20, 40, 30, 60]), 3)
    >>> moments.tolist(), places.tolist()
    ([10, 30, 50], [2, 0, 0, 1, 1, 2])
    """
    if most < 1 or not len(entries):
        raise UsageError(f"moments to look at take one entry and one moment; got {len(entries)} entries and {most}")
    moments = np.unique(entries)
    if len(moments) > most:
        moments = np.unique(np.sort(entries)[np.arange(most) * len(entries) // most])
    return moments, np.searchsorted(moments, entries, side="right") - 1


def worth_comparing(members: Moments, others: Moments) -> Eligible:
    """Return at which moments people are compared, bool of shape (moments,), by how many members entered at each.

    `others` counts who else could be looked at then. Others are used as often at a moment as members, of all, entered
    at it, so a moment before hardly anybody was known leaves few of them: of S kept moments, the sum of `members` over
    the sum of `members / others`. Kept are those of most others such that 1 / members + 1 / others, which is what the
    difference of two means is uncertain by, is least; none where nobody can be compared.

    >>> worth_comparing(np.array([10, 50, 50]), np.array([1, 900, 1000])).tolist()
    [False, True, True]
    >>> worth_comparing(np.array([10, 50, 50]), np.array([400, 900, 1000])).tolist()
    [True, True, True]
    """
    kept = np.zeros(len(members), dtype=np.bool_)
    usable = np.flatnonzero((members > 0) & (others > 0))
    if not len(usable):
        return kept
    order = usable[np.argsort(-others[usable], kind="stable")]
    inside = members[order].cumsum()
    beside = inside / (members[order] / others[order]).cumsum()
    kept[order[: 1 + int(np.argmin(1 / inside + 1 / beside))]] = True
    return kept


def drawn_like(members: Moments, eligible: Eligible, *, seed: int) -> Moments:
    """Return the place of the moment at which each person is looked at, -1 for not at all; shape (people,).

    `members` counts who entered at each moment. A person is given one moment at random, and used if eligible then.
    Moments are given in proportion to `members` over how many are eligible: so each moment has its share of members
    among the others, and those of one moment are drawn evenly of all who are eligible at it. None is looked at twice.

    >>> known_since = np.arange(1_000) % 4  # one in four comes at each of four moments
    >>> eligible = known_since[None, :] <= np.arange(4)[:, None]
    >>> found = drawn_like(np.array([30, 30, 20, 20]), eligible, seed=0)
    >>> np.round(np.bincount(found[found >= 0]) / (found >= 0).sum(), 1).tolist()
    [0.3, 0.3, 0.2, 0.2]
    """
    counts = eligible.sum(axis=1)
    odds = np.divide(members, counts, out=np.zeros(len(members)), where=counts > 0)
    if not odds.sum():
        return np.full(eligible.shape[1], -1, dtype=np.int64)
    places = np.random.default_rng(seed).choice(len(odds), size=eligible.shape[1], p=odds / odds.sum())
    used = eligible[places, np.arange(eligible.shape[1])]
    return np.where(used, places, -1).astype(np.int64)
