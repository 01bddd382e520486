"""Visits, against a loop over one person's events at a time, and where they came from, by a table."""

from collections import Counter
from itertools import pairwise
from statistics import fmean, stdev
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, MINUTE, datetime_of
from kohort.definitions.visits import Channel
from kohort.profiles.channels import channel_of_referrer, channel_of_search, channel_of_source, channel_of_word
from kohort.profiles.visits import CHANNELS, visit_traits, visits_in

AT = 1_700_000_000_000_000
ZONE = "Europe/Paris"
Event = tuple[int, int, bool, int]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 60 * 24 * 3) | st.integers(0, 90),
        st.booleans(),
        st.integers(-1, len(CHANNELS) - 1),
    ),
    max_size=30,
)


def traits_of(rows: list[Event]) -> dict[int, dict[str, object]]:
    people, ts, pages, channels = (np.array([row[place] for row in rows]) for place in range(4))
    visits = visits_in(people, ts.astype(np.int64), pages.astype(bool), channels.astype(np.int64), timeout=30 * MINUTE)
    traits = visit_traits(visits, at=AT, zone=ZONE, recent=DAY)
    who = list(dict.fromkeys(visits.people.tolist()))
    return {
        person: {name: column[place].as_py() for name, column in traits.items()} for place, person in enumerate(who)
    }


def visits_by_hand(own: list[Event]) -> list[list[Event]]:
    visits: list[list[Event]] = []
    for event in own:
        if visits and event[1] - visits[-1][-1][1] <= 30 * MINUTE:
            visits[-1].append(event)
        else:
            visits.append([event])
    return visits


def near(found: object, expected: float | None) -> bool:
    return found is None if expected is None else isinstance(found, int) and abs(found - expected * 1e6) <= 2


@given(EVENTS)
def test_each_trait_is_what_a_loop_over_the_events_finds(said: list[Event]) -> None:
    rows = sorted((person, AT - minutes * MINUTE, page, channel) for person, minutes, page, channel in said)
    found = traits_of(rows)
    assert set(found) == {row[0] for row in rows}
    for person, traits in found.items():
        visits = visits_by_hand([row for row in rows if row[0] == person])
        minutes = [(visit[-1][1] - visit[0][1]) / MINUTE for visit in visits]
        begins = [visit[0][1] for visit in visits]
        days = [(later - earlier) / DAY for earlier, later in pairwise(begins)]
        half = len(days) // 2
        before, after = (fmean(days[:half]), fmean(days[-half:])) if half else (0, 0)
        local = [datetime_of(begin, ZoneInfo(ZONE)) for begin in begins]
        channels = [next((row[3] for row in visit if row[3] >= 0), CHANNELS.index(Channel.DIRECT)) for visit in visits]
        assert traits["visits"] == len(visits) * 10**6
        assert traits["recent_visits"] == sum(begin > AT - DAY for begin in begins) * 10**6
        assert near(traits["visit_minutes"], fmean(minutes))
        assert near(traits["site_minutes"], sum(minutes))
        assert near(traits["pages_per_visit"], fmean(sum(row[2] for row in visit) for visit in visits))
        assert near(traits["bounce_share"], fmean(len(visit) == 1 for visit in visits))
        assert near(traits["last_visit_days"], (AT - visits[-1][-1][1]) / DAY)
        assert near(traits["visit_interval_days"], fmean(days) if days else None)
        assert near(traits["visit_interval_variability"], stdev(days) / fmean(days) if len(days) > 1 else None)
        assert near(traits["visit_interval_trend"], (after - before) / (after + before) if half else None)
        assert near(traits["visit_evening_share"], fmean(one.hour >= 17 for one in local))
        assert near(traits["visit_weekend_share"], fmean(one.weekday() >= 5 for one in local))
        for place, channel in enumerate(CHANNELS):
            assert near(traits[f"visit_{channel}_share"], fmean(one == place for one in channels))
        counted = Counter(channels)
        assert traits["visit_channel"] == CHANNELS[min(one for one in counted if counted[one] == max(counted.values()))]


def test_thirty_minutes_of_silence_are_one_visit_and_a_microsecond_more_are_two() -> None:
    for pause, visits in ((30 * MINUTE, 1), (30 * MINUTE + 1, 2)):
        (traits,) = traits_of([(0, AT - pause, True, -1), (0, AT, True, -1)]).values()
        assert traits["visits"] == visits * 10**6


@pytest.mark.parametrize(
    ("medium", "source", "search", "referrer", "channel"),
    [
        ("", "", "", "", None),
        ("cpc", "google", "", "https://www.google.com/", "ad"),
        ("", "google", "", "", "search"),
        ("Email", "facebook", "", "", "email"),
        ("qr", "", "", "", "other"),
        ("", "leaflet", "", "https://www.bing.com/", "other"),
        ("", "", "?utm_medium=social&utm_source=x", "", "social"),
        ("", "", "utm_source=newsletter", "", "email"),
        ("", "", "?q=tea&gclid=abc", "https://www.google.com/", "ad"),
        ("", "", "?q=tea", "https://duckduckgo.com/", "search"),
        ("", "", "", "https://search.yahoo.co.jp/search", "search"),
        ("", "", "", "https://mail.yahoo.com/", "email"),
        ("", "", "", "https://t.co/abc", "social"),
        ("", "", "", "https://l.facebook.com/l.php", "social"),
        ("", "", "", "https://google.example.org/", "referral"),
        ("", "", "", "https://shop.example.com/cart", None),
        ("", "", "", "https://notexample.com/", "referral"),
        ("", "", "", "http://[broken", None),
        ("sms", "", "", "", "message"),
    ],
)
def test_where_a_visit_came_from(medium: str, source: str, search: str, referrer: str, channel: str | None) -> None:
    told = (
        channel_of_word(medium)
        or channel_of_source(source)
        or channel_of_search(search)
        or channel_of_referrer(referrer, ("example.com",))
    )
    assert told == channel
