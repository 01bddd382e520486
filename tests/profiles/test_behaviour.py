"""Habits, against plain arithmetic written down once more, one person at a time."""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from statistics import fmean, stdev
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, datetime_of
from kohort.profiles.behaviour import Split, behaviour_traits

AT = 1_700_000_000_000_000
ZONE = "America/New_York"
ORDERS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 400 * 24), st.integers(-500, 5_000), st.sampled_from("xyz")),
    min_size=1,
    max_size=25,
)


def local(ts: int) -> datetime:
    return datetime_of(ts, ZoneInfo(ZONE))


@given(ORDERS)
def test_each_trait_is_what_a_person_with_a_pencil_would_find(said: list[tuple[str, int, int, str]]) -> None:
    rows = sorted((person, AT - hours * HOUR, cents * 10_000, place) for person, hours, cents, place in said)
    table = pa.table(
        dict(zip(("person_id", "ts", "value", "place"), map(list, zip(*rows, strict=True)), strict=True))
        | {"half": [value // 2 for _, _, value, _ in rows]}
    )
    splits = [Split("place", ("x", "y"), ("x_share", "y_share", "rest_share"), None)]
    traits = behaviour_traits(
        table, at=AT, zone=ZONE, trend=90 * DAY, shares=["half"], items=False, place=True, splits=splits
    )
    for found in traits.to_pylist():
        own = [row for row in rows if row[0] == found["person_id"]]
        times, values = [row[1] for row in own], [row[2] for row in own]
        days = [(later - earlier) / DAY for earlier, later in pairwise(times)]
        assert found["orders"] == len(own) * 10**6
        assert found["historic_clv"] == sum(values)
        assert abs(found["basket_value"] - sum(values) / len(own)) <= 0.5
        assert abs(found["recency_days"] - (AT - max(times)) / DAY * 1e6) <= 1
        assert (found["interval_days"] is None) == (len(own) < 2)
        if len(own) >= 2:
            assert abs(found["interval_days"] - fmean(days) * 1e6) <= 1
        known_spread = len(own) >= 3 and fmean(days) > 0
        assert (found["interval_variability"] is None) == (not known_spread)
        if known_spread:
            assert abs(found["interval_variability"] - stdev(days) / fmean(days) * 1e6) <= 2
        half = len(days) // 2
        before, after = (fmean(days[:half]), fmean(days[-half:])) if half else (0, 0)
        longer = None if before + after == 0 else (after - before) / (before + after) * 1e6
        assert found["interval_trend"] is longer if longer is None else abs(found["interval_trend"] - longer) <= 1
        late = sum(ts > AT - 90 * DAY for ts in times)
        early = sum(AT - 180 * DAY < ts <= AT - 90 * DAY for ts in times)
        expected = None if late + early == 0 else (late - early) / (late + early) * 1e6
        assert found["trend"] is expected if expected is None else abs(found["trend"] - expected) <= 1
        hours = [local(ts).hour for ts in times]
        assert abs(found["evening_share"] - fmean(hour >= 17 for hour in hours) * 1e6) <= 1
        assert abs(found["weekend_share"] - fmean(local(ts).weekday() >= 5 for ts in times) * 1e6) <= 1
        counted = Counter(hours)
        assert found["usual_hour"] == min(h for h in hours if counted[h] == max(counted.values())) * 10**6
        assert found["places"] == len({row[3] for row in own}) * 10**6
        by_place = [fmean(row[3] == place for row in own) * 1e6 for place in "xyz"]
        told = (found["x_share"], found["y_share"], found["rest_share"])
        assert all(abs(one - expected) <= 1 for one, expected in zip(told, by_place, strict=True))
        assert (found["half"] is None) == (sum(values) == 0)
