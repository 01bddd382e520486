"""Behavioural and transactional traits: what a person's occurrences of one event say about their habits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import DAY, Moment
from kohort.definitions.values import ValueType
from kohort.profiles.grouping import (
    EVENING_FROM,
    WEEKEND_FROM,
    Groups,
    Numbers,
    intervals,
    local_times,
    micros,
    ratio,
)

_INTERVALS: Final = ("interval_days", "interval_variability", "interval_trend")
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TRAITS: Final = {
    "orders": ValueType.NUMBER,
    "historic_clv": ValueType.NUMBER,
    "basket_value": ValueType.NUMBER,
    "recency_days": ValueType.NUMBER,
    "tenure_days": ValueType.NUMBER,
    "interval_days": ValueType.NUMBER,
    "interval_variability": ValueType.NUMBER,
    "interval_trend": ValueType.NUMBER,
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
class Split:
    """How what somebody bought divides by the texts of a column: one share a value of `values`, the rest as other.

    `traits` names the share of each value, the last one that of the rest. `by` is the column of what is divided, None
    for the orders themselves; orders that have no text count nowhere.
    """

    column: str
    values: tuple[str, ...]
    traits: tuple[str, ...]
    by: str | None


def behaviour_traits(
    orders: pa.Table,
    *,
    at: Moment,
    zone: str,
    trend: int,
    shares: Sequence[str],
    items: bool,
    place: bool,
    splits: Sequence[Split] = (),
) -> pa.Table:
    """Return one row a person with their habits as of `at`.

    `orders` holds person_id, ts and value (micros), one column for each of `shares` (micros), the texts of `splits`,
    and `items` and `place` where asked for, sorted by person and time, nothing after `at`. `zone` is the IANA time zone
    in which hours and weekdays are told; `trend` is a stretch in microseconds.

    Numbers are micros. `orders` counts, `historic_clv` adds up what was spent so far (the historic customer lifetime
    value), `basket_value` is spending per order, `interval_days` the mean time between orders and
    `interval_variability` its coefficient of variation (missing below two and three orders), `interval_trend` tells
    whether they grow longer (see `intervals`), `trend` is
    (a - b) / (a + b) with a the orders of the last stretch and b those of the stretch before (missing if both are 0),
    a share is the sum of its column divided by `historic_clv` (missing where that is 0), a share of a split what
    its text has of all that have one.

    >>> day = DAY
    >>> table = pa.table({"person_id": ["a", "a"], "ts": [0, 2 * day], "value": [1_000_000, 3_000_000]})
    >>> traits = behaviour_traits(table, at=3 * day, zone="UTC", trend=day, shares=[], items=False, place=False)
    >>> [traits.column(name)[0].as_py() for name in ("orders", "historic_clv", "interval_days", "recency_days")]
    [2000000, 4000000, 2000000, 1000000]
    """
    if orders.num_rows == 0:
        return _empty(trait_types(shares, items=items, place=place, splits=splits))
    people = pc.dictionary_encode(orders.column("person_id").combine_chunks())
    groups = Groups.of(people.indices.to_numpy())
    starts = groups.starts
    ts = orders.column("ts").to_numpy()
    value = _filled(orders, "value")
    revenue = groups.total(value)
    columns = {
        "orders": micros(groups.counts),
        "historic_clv": revenue,
        "basket_value": _mean(revenue, groups.counts),
        "recency_days": micros((at - ts[starts + groups.counts - 1]) / DAY),
        "tenure_days": micros((at - ts[starts]) / DAY),
        **dict(zip(_INTERVALS, intervals(ts, groups), strict=True)),
        "trend": _trend(ts, groups, at, trend),
        **_habits(ts, groups, zone),
    }
    if items:
        columns["items_per_order"] = _mean(groups.total(_filled(orders, "items")), groups.counts)
    if place:
        columns["places"] = micros(_distinct(orders.column("place"), groups))
    for name in shares:
        columns[name] = ratio(groups.total(_filled(orders, name)), revenue)
    for split in splits:
        columns |= _divided(orders, groups, split)
    return pa.table({"person_id": people.dictionary, **columns})


def trait_types(
    shares: Sequence[str], *, items: bool, place: bool, splits: Sequence[Split] = ()
) -> dict[str, ValueType]:
    """Return the traits that `behaviour_traits` writes, with their types.

    >>> "places" in trait_types(["discount_share"], items=True, place=False)
    False
    """
    absent = ({"items_per_order"} if not items else set()) | ({"places"} if not place else set())
    kept = {name: kind for name, kind in TRAITS.items() if name not in absent}
    divided = [trait for split in splits for trait in split.traits]
    return kept | dict.fromkeys([*shares, *divided], ValueType.NUMBER)


def _empty(types: Mapping[str, ValueType]) -> pa.Table:
    arrow = {name: pa.string() if kind is ValueType.TEXT else pa.int64() for name, kind in types.items()}
    return pa.schema([("person_id", pa.string()), *arrow.items()]).empty_table()


def _filled(table: pa.Table, name: str) -> np.ndarray:
    values: np.ndarray = pc.fill_null(table.column(name), 0).to_numpy()
    return values


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Divide whole numbers exactly, rounding half to even."""
    quotient, rest = np.divmod(total, count)
    up = (2 * rest > count) | ((2 * rest == count) & (quotient % 2 == 1))
    mean: np.ndarray = quotient + up
    return mean


def _divided(orders: pa.Table, groups: Groups, split: Split) -> dict[str, pa.Array]:
    texts = orders.column(split.column)
    known = pc.index_in(texts, value_set=pa.array(split.values, pa.string()))
    codes = pc.if_else(pc.is_null(texts), -1, pc.fill_null(known, len(split.values))).to_numpy()
    weights = None if split.by is None else _filled(orders, split.by)
    parts = groups.table(codes, len(split.traits), weights)
    whole = parts.sum(axis=1)
    return {trait: ratio(parts[:, place], whole) for place, trait in enumerate(split.traits)}


def _trend(ts: np.ndarray, groups: Groups, at: Moment, stretch: int) -> pa.Array:
    late = groups.total((ts > at - stretch).astype(np.int64))
    early = groups.total(((ts > at - 2 * stretch) & (ts <= at - stretch)).astype(np.int64))
    return ratio(late - early, late + early)


def _habits(ts: Numbers, groups: Groups, zone: str) -> dict[str, pa.Array]:
    hour, weekday = local_times(ts, zone)
    usual_weekday = groups.most_frequent(weekday, len(_WEEKDAYS))
    return {
        "evening_share": ratio(groups.total((hour >= EVENING_FROM).astype(np.int64)), groups.counts),
        "weekend_share": ratio(groups.total((weekday >= WEEKEND_FROM).astype(np.int64)), groups.counts),
        "usual_hour": micros(groups.most_frequent(hour, 24)),
        "usual_weekday": pa.array([_WEEKDAYS[day] for day in usual_weekday]),
    }


def _distinct(values: pa.ChunkedArray, groups: Groups) -> np.ndarray:
    codes = pc.dictionary_encode(values.combine_chunks()).indices
    known = codes.is_valid().to_numpy(zero_copy_only=False)
    pairs = np.unique(np.stack([groups.index[known], pc.fill_null(codes, 0).to_numpy()[known]]), axis=1)
    return np.bincount(pairs[0], minlength=len(groups.starts))
