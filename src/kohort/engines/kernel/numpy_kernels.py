"""The kernels in numpy alone: what small projects run, so that they need not wait for a compiler to load."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, NO_CODE, Moments, Places, Values
from kohort.engines.kernel.bounds import RANGES
from kohort.engines.kernel.steps import Following, Steps, Stream

Chosen = NDArray[np.bool_] | None
Whole = NDArray[Any]


def add_counts(people: Places, chosen: Chosen, counts: Whole) -> None:
    """Add to `counts`, shape (people in the block,), the number of each person's rows."""
    found = people if chosen is None else people[chosen]
    counts += np.bincount(found, minlength=len(counts)).astype(counts.dtype)


def add_totals(people: Places, values: Values, chosen: Chosen, totals: NDArray[np.int64]) -> None:
    """Add to `totals` each person's values, those that are there; wraps around beyond 64 bits."""
    there = values != MISSING
    if chosen is not None:
        there &= chosen
    np.add.at(totals, people[there], values[there])


def take_greatest(people: Places, values: Values, chosen: Chosen, greatest: NDArray[np.int64]) -> None:
    """Raise `greatest`, which holds `MISSING` where nothing was found yet, to each person's greatest value."""
    np.maximum.at(greatest, *((people, values) if chosen is None else (people[chosen], values[chosen])))


def put(people: Places, values: Values, into: NDArray[np.int64]) -> None:
    """Put each row's value at its person's place: of a person's rows the last stays."""
    into[people] = values


def take_first(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """Put into `rows` each person's first row of those from the row `start` on, whatever it held."""
    numbers = np.arange(start, start + len(people), dtype=np.int32)
    if chosen is not None:
        people, numbers = people[chosen], numbers[chosen]
    rows[people[::-1]] = numbers[::-1]


def take_last(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """Put into `rows`, where it holds `NO_CODE`, each person's last row of those from the row `start` on."""
    new = rows[people] == NO_CODE
    if chosen is not None:
        new &= chosen
    numbers = np.arange(start, start + len(people), dtype=np.int32)
    rows[people[new]] = numbers[new]


def within(values: Values, bounds: Values) -> NDArray[np.uint8]:
    """Return for each pair of `bounds`, shape (pairs, 2) of the values' own type, which values lie between them.

    Packed bits, shape (pairs, bytes).
    """
    bits = np.empty((len(bounds), (len(values) + 7) // 8), np.uint8)
    _, greatest = RANGES[values.dtype.itemsize]
    for place, (low, high) in enumerate(bounds):
        inside = values >= low if high == greatest else (values >= low) & (values <= high)
        bits[place] = np.packbits(inside, bitorder="little")
    return bits


@dataclass(frozen=True)
class _ByPerson:
    """Rows in the order of people, then time; `keys` are those two made one number."""

    people: Places
    ts: Moments
    keys: NDArray[np.int64]

    def of(self, chosen: NDArray[Any]) -> "_ByPerson":
        return _ByPerson(self.people[chosen], self.ts[chosen], self.keys[chosen])

    def latest_before(self, others: "_ByPerson") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return for each of `others` the place of the same person's latest row before it, and if there is one."""
        place = np.searchsorted(self.keys, others.keys, side="left") - 1
        known = place >= 0
        known[known] = self.people[place[known]] == others.people[known]
        return place, known

    def first_after(self, others: "_ByPerson") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return for each of `others` the place of the same person's first row after it, and if there is one."""
        place = np.searchsorted(self.keys, others.keys, side="right")
        known = place < len(self.keys)
        known[known] = self.people[place[known]] == others.people[known]
        return place, known


def did_steps(steps: Steps, at: int, size: int) -> NDArray[np.bool_]:
    """Return which of `size` people have done the steps in order at the moment `at`, shape (size,)."""
    times = np.unique(np.concatenate([one.ts for one in steps.streams]))
    streams = [_by_person(one, times) for one in steps.streams]
    reached, begins = streams[0], streams[0].ts
    for step in steps.later:
        rows = streams[step.stream]
        before, met = reached.latest_before(rows)
        met[met] &= _in_time(step, steps.limit, rows.ts[met], reached.ts[before[met]], begins[before[met]])
        for absent in step.absent:
            between, there = streams[absent].latest_before(rows)
            there &= met
            met[there] = streams[absent].ts[between[there]] <= reached.ts[before[there]]
        reached, begins = rows.of(met), begins[before[met]]
    met = np.ones(len(reached.ts), np.bool_)
    for never in steps.never:
        after, there = streams[never.stream].first_after(reached)
        met &= reached.ts <= at - never.within
        met[there] &= streams[never.stream].ts[after[there]] - reached.ts[there] > never.within
    done = np.zeros(size, np.bool_)
    done[reached.people[met]] = True
    return done


def _by_person(stream: Stream, times: Moments) -> _ByPerson:
    keys = stream.people.astype(np.int64) * (len(times) + 1) + np.searchsorted(times, stream.ts)
    order = np.argsort(keys, kind="stable")
    return _ByPerson(stream.people[order], stream.ts[order], keys[order])


def _in_time(step: Following, limit: int | None, ts: Moments, ends: Moments, begins: Moments) -> NDArray[np.bool_]:
    met = np.ones(len(ts), np.bool_)
    if step.within is not None:
        met &= ts - ends <= step.within
    if limit is not None:
        met &= ts - begins <= limit
    return met
