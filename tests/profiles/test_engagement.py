"""Engagement, against a loop over one person's events at a time."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR
from kohort.definitions.engagement import ContactChannel
from kohort.profiles.engagement import (
    Contacts,
    Role,
    Terms,
    contacts_in,
    engagement_index,
    engagement_traits,
    shrunk_rate,
)

AT = 1_700_000_000_000_000
WINDOW, HORIZON = 2 * DAY, 4 * DAY
CHANNELS = (ContactChannel("email", "sent", "opened", "clicked"), ContactChannel("letter", "posted", "read"))
TERMS = Terms((True, False), WINDOW, HORIZON)
Event = tuple[int, int, int, int, int]
"""Person, moment, role, channel and key."""
EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 24 * 8), st.sampled_from(Role), st.integers(0, 1), st.integers(-1, 1)),
    max_size=25,
).map(
    lambda said: sorted(
        (
            who,
            AT - hours * HOUR,
            int(role),
            -1 if role is Role.CONVERTED else channel,
            -1 if role is Role.CONVERTED else key,
        )
        for who, hours, role, channel, key in said
    )
)


@dataclass
class Message:
    at: int
    channel: int
    key: int
    answers: set[int] = field(default_factory=set)


def counted(rows: list[Event]) -> Contacts:
    columns = [np.array([row[place] for row in rows], np.int64) for place in range(5)]
    people, ts, roles, channels, keys = columns
    return contacts_in(people, ts, roles, channels, keys, at=AT, terms=TERMS)


def messages_by_hand(own: list[Event]) -> list[Message]:
    messages: list[Message] = []
    for _, ts, role, channel, key in own:
        if role == Role.SENT:
            messages.append(Message(ts, channel, key))
        elif role == Role.CONVERTED:
            for one in messages:
                if ts - one.at <= HORIZON:
                    one.answers.add(role)
        else:
            last = next((one for one in reversed(messages) if (one.channel, one.key) == (channel, key)), None)
            if last is not None and ts - last.at <= WINDOW:
                last.answers.add(role)
    return messages


@given(EVENTS)
def test_each_count_is_what_a_loop_over_the_events_finds(rows: list[Event]) -> None:
    found = counted(rows)
    for place, person in enumerate(dict.fromkeys(row[0] for row in rows)):
        own = [row for row in rows if row[0] == person]
        messages = messages_by_hand(own)
        timely = [one for one in messages if AT - one.at >= WINDOW]
        ripe = [one for one in messages if AT - one.at >= HORIZON]
        for channel in range(2):
            its = [one.answers for one in timely if one.channel == channel]
            deep = {Role.CLICKED, Role.REPLIED} if channel == 0 else set(Role) - {Role.CONVERTED}
            assert found.sent[place, channel] == len(its)
            assert found.opened[place, channel] == sum(bool(one & {Role.OPENED, Role.CLICKED}) for one in its)
            assert found.clicked[place, channel] == sum(Role.CLICKED in one for one in its)
            assert found.answered[place, channel] == sum(bool(one & deep) for one in its)
        assert found.ripe[place] == len(ripe)
        assert found.converted[place] == sum(Role.CONVERTED in one.answers for one in ripe)
        answers = [row[1] for row in own if row[2] not in {Role.SENT, Role.CONVERTED}]
        assert found.last[place] == max(answers, default=-1)


@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_a_trait_is_of_everybody_together_however_they_are_cut(parts: list[list[Event]]) -> None:
    kept = [rows for rows in parts if rows]
    if not kept:
        return
    apart = [(place * 10 + row[0], *row[1:]) for place, rows in enumerate(kept) for row in rows]
    weights = {"open": 1.0, "click": 2.0, "conversion": 3.0, "recency": 1.0}
    whole, joined = (
        engagement_traits(one, CHANNELS, at=AT, prior=10, weights=weights, trim=0.05)
        for one in (counted(apart), Contacts.joined([counted(rows) for rows in kept]))
    )
    assert whole == joined
    for index, sent in zip(joined["engagement_index"].to_pylist(), joined["messages_sent"].to_pylist(), strict=True):
        assert (index is None) == (sent == 0)
        assert index is None or 0 <= index <= 100 * 10**6


def test_one_of_one_is_not_everything() -> None:
    hits, trials = np.array([1, 90, 5, 0]), np.array([1, 100, 50, 0])
    rates = shrunk_rate(hits, trials, 10)
    everybody = 96 / 151
    assert rates[:3] == pytest.approx(
        [(1 + 10 * everybody) / 11, (90 + 10 * everybody) / 110, (5 + 10 * everybody) / 60]
    )
    assert np.isnan(rates[3])
    assert rates[1] > rates[0] > rates[2]


def test_the_index_is_the_weighted_mean_of_winsorised_ranks() -> None:
    parts = {"open": np.array([0.1, 0.3, 0.3, 0.9]), "recency": np.array([-np.inf, -1.0, -5.0, -2.0])}
    index = engagement_index(parts, {"open": 3, "recency": 1}, np.array([True] * 4), 0.2)
    # Ranks 1/8, 4/8, 4/8, 7/8 and 1/8, 7/8, 3/8, 5/8, cut to [0.2, 0.8] and stretched.
    opens, late = np.array([0, 0.5, 0.5, 1]), np.array([0, 1, (0.375 - 0.2) / 0.6, (0.625 - 0.2) / 0.6])
    assert index == pytest.approx((3 * opens + late) / 4 * 100)
