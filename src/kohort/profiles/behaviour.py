"""Behavioural and transactional traits: what a person's occurrences of one event say about their habits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import DAY, Moment
from kohort.definitions.values import MICRO, ValueType

EVENING_FROM: Final = 17
_WEEKEND_FROM: Final = 5
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TRAITS: Final = {
    "orders": ValueType.NUMBER,
    "historic_clv": ValueType.NUMBER,
    "basket_value": ValueType.NUMBER,
    "recency_days": ValueType.NUMBER,
    "tenure_days": ValueType.NUMBER,
    "interval_days": ValueType.NUMBER,
    "interval_variability": ValueType.NUMBER,
    "trend": ValueType.NUMBER,
    "evening_share": ValueType.NUMBER,
    "weekend_share": ValueType.NUMBER,
    "usual_hour": ValueType.NUMBER,
    "usual_weekday": ValueType.TEXT,
    "items_per_order": ValueType.NUMBER,
    "places": ValueType.NUMBER,
}
"""The traits that `behaviour_traits` may write; `items_per_order` and `places` only where the event says them."""


@dataclass(frozen=True)
class _Groups:
    """Rows grouped by person: the first row of each person, how many each has, and the person of each row."""

    starts: np.ndarray
    counts: np.ndarray
    index: np.ndarray

    def total(self, values: np.ndarray) -> np.ndarray:
        """Add up `values`, one a row, by person."""
        total: np.ndarray = np.add.reduceat(values, self.starts)
        return total


def behaviour_traits(
    orders: pa.Table, *, at: Moment, zone: str, trend: int, shares: Sequence[str], items: bool, place: bool
) -> pa.Table:
    """Return one row a person with their habits as of `at`.

    `orders` holds person_id, ts and value (micros), one column for each of `shares` (micros), and `items` and
    `place` where asked for, sorted by person and time, nothing after `at`. `zone` is the IANA time zone in which
    hours and weekdays are told; `trend` is a stretch in microseconds.

    Numbers are micros. `orders` counts, `historic_clv` adds up what was spent so far (the historic customer lifetime
    value), `basket_value` is spending per order, `interval_days` the mean time between orders and
    `interval_variability` its coefficient of variation (missing below two and three orders), `trend` is
    (a - b) / (a + b) with a the orders of the last stretch and b those of the stretch before (missing if both are 0),
    a share is the sum of its column divided by `historic_clv` (missing where that is 0).

    >>> day = DAY
    >>> table = pa.table({"person_id": ["a", "a"], "ts": [0, 2 * day], "value": [1_000_000, 3_000_000]})
    >>> traits = behaviour_traits(table, at=3 * day, zone="UTC", trend=day, shares=[], items=False, place=False)
    >>> [traits.column(name)[0].as_py() for name in ("orders", "historic_clv", "interval_days", "recency_days")]
    [2000000, 4000000, 2000000, 1000000]
    """
    if orders.num_rows == 0:
        return _empty(shares, items=items, place=place)
    people = pc.dictionary_encode(orders.column("person_id").combine_chunks())
    index = people.indices.to_numpy()
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    groups = _Groups(starts, np.diff(np.append(starts, len(index))), index)
    ts = orders.column("ts").to_numpy()
    value = _filled(orders, "value")
    revenue = groups.total(value)
    columns = {
        "orders": _micros(groups.counts),
        "historic_clv": revenue,
        "basket_value": _mean(revenue, groups.counts),
        "recency_days": _micros((at - ts[starts + groups.counts - 1]) / DAY),
        "tenure_days": _micros((at - ts[starts]) / DAY),
        **_intervals(ts, groups),
        "trend": _trend(ts, groups, at, trend),
        **_habits(ts, groups, zone),
    }
    if items:
        columns["items_per_order"] = _mean(groups.total(_filled(orders, "items")), groups.counts)
    if place:
        columns["places"] = _micros(_distinct(orders.column("place"), groups))
    for name in shares:
        columns[name] = _ratio(groups.total(_filled(orders, name)), revenue)
    return pa.table({"person_id": people.dictionary, **columns})


def trait_types(shares: Sequence[str], *, items: bool, place: bool) -> dict[str, ValueType]:
    """Return the traits that `behaviour_traits` writes, with their types.

    >>> "places" in trait_types(["discount_share"], items=True, place=False)
    False
    """
    absent = ({"items_per_order"} if not items else set()) | ({"places"} if not place else set())
    kept = {name: kind for name, kind in TRAITS.items() if name not in absent}
    return kept | dict.fromkeys(shares, ValueType.NUMBER)


def _empty(shares: Sequence[str], *, items: bool, place: bool) -> pa.Table:
    types = trait_types(shares, items=items, place=place)
    arrow = {name: pa.string() if kind is ValueType.TEXT else pa.int64() for name, kind in types.items()}
    return pa.schema([("person_id", pa.string()), *arrow.items()]).empty_table()


def _filled(table: pa.Table, name: str) -> np.ndarray:
    values: np.ndarray = pc.fill_null(table.column(name), 0).to_numpy()
    return values


def _micros(values: np.ndarray) -> pa.Array:
    missing = ~np.isfinite(values)
    return pa.array(np.rint(np.where(missing, 0, values) * MICRO).astype(np.int64), mask=missing)


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Divide whole numbers exactly, rounding half to even."""
    quotient, rest = np.divmod(total, count)
    up = (2 * rest > count) | ((2 * rest == count) & (quotient % 2 == 1))
    mean: np.ndarray = quotient + up
    return mean


def _ratio(part: np.ndarray, whole: np.ndarray) -> pa.Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _micros(part / whole)


def _intervals(ts: np.ndarray, groups: _Groups) -> dict[str, pa.Array]:
    gaps = np.diff(ts, prepend=ts[0]) / DAY
    gaps[groups.starts] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = groups.total(gaps) / (groups.counts - 1)
        mean[groups.counts < 2] = np.nan  # noqa: PLR2004 - an interval needs two orders
        deviation = gaps - np.repeat(mean, groups.counts)
        deviation[groups.starts] = 0.0
        spread = np.sqrt(groups.total(deviation**2) / (groups.counts - 2))
        variability = spread / mean
    return {"interval_days": _micros(mean), "interval_variability": _micros(variability)}


def _trend(ts: np.ndarray, groups: _Groups, at: Moment, stretch: int) -> pa.Array:
    late = groups.total((ts > at - stretch).astype(np.int64))
    early = groups.total(((ts > at - 2 * stretch) & (ts <= at - stretch)).astype(np.int64))
    return _ratio(late - early, late + early)


def _habits(ts: np.ndarray, groups: _Groups, zone: str) -> dict[str, pa.Array]:
    local = pa.array(ts, pa.timestamp("us", tz=zone))
    hour, weekday = pc.hour(local).to_numpy(), pc.day_of_week(local).to_numpy()
    usual_weekday = _most_frequent(weekday, groups, len(_WEEKDAYS))
    return {
        "evening_share": _ratio(groups.total((hour >= EVENING_FROM).astype(np.int64)), groups.counts),
        "weekend_share": _ratio(groups.total((weekday >= _WEEKEND_FROM).astype(np.int64)), groups.counts),
        "usual_hour": _micros(_most_frequent(hour, groups, 24)),
        "usual_weekday": pa.array([_WEEKDAYS[day] for day in usual_weekday]),
    }


def _most_frequent(values: np.ndarray, groups: _Groups, kinds: int) -> np.ndarray:
    """Return each person's most frequent value in 0..kinds-1, the smallest of equals."""
    table = np.bincount(groups.index * kinds + values, minlength=len(groups.starts) * kinds)
    most: np.ndarray = table.reshape(-1, kinds).argmax(axis=1)
    return most


def _distinct(values: pa.ChunkedArray, groups: _Groups) -> np.ndarray:
    codes = pc.dictionary_encode(values.combine_chunks()).indices
    known = codes.is_valid().to_numpy(zero_copy_only=False)
    pairs = np.unique(np.stack([groups.index[known], pc.fill_null(codes, 0).to_numpy()[known]]), axis=1)
    return np.bincount(pairs[0], minlength=len(groups.starts))
