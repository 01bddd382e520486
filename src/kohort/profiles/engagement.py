"""Behavioural traits of engagement: who opens, clicks and answers what they are sent, and buys after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final

import numpy as np
import pyarrow as pa

from kohort.clock import DAY, Moment
from kohort.definitions.engagement import ContactChannel
from kohort.definitions.values import ValueType
from kohort.profiles.grouping import Groups, Numbers, micros

NEVER: Final = -1

TRAITS: Final = {
    "messages_sent": ValueType.NUMBER,
    "messages_opened": ValueType.NUMBER,
    "messages_clicked": ValueType.NUMBER,
    "messages_answered": ValueType.NUMBER,
    "messages_converted": ValueType.NUMBER,
    "open_rate": ValueType.NUMBER,
    "click_rate": ValueType.NUMBER,
    "response_rate": ValueType.NUMBER,
    "contact_conversion_rate": ValueType.NUMBER,
    "last_response_days": ValueType.NUMBER,
    "preferred_channel": ValueType.TEXT,
    "engagement_index": ValueType.NUMBER,
}
"""The traits that `engagement_traits` writes."""


class Role(IntEnum):
    """What an event says of a message, in the order in which it may happen at one moment."""

    SENT = 0
    OPENED = 1
    CLICKED = 2
    REPLIED = 3
    CONVERTED = 4


@dataclass(frozen=True)
class Contacts:
    """What people were sent and how they answered, one place a person; of channels, shape (people, channels).

    `sent` counts messages that have had their time, `opened`, `clicked` and `answered` those of them that were,
    `ripe` those that have had time for a conversion and `converted` those that had one after them. `last` is the moment
    of the last answer, `NEVER` of none.
    """

    sent: Numbers
    opened: Numbers
    clicked: Numbers
    answered: Numbers
    ripe: Numbers
    converted: Numbers
    last: Numbers

    @staticmethod
    def joined(parts: Sequence["Contacts"]) -> "Contacts":
        """Return the contacts of several groups of people, one after another."""
        return Contacts(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Contacts)))


@dataclass(frozen=True)
class Terms:
    """How long an answer (`window`) and a conversion (`horizon`) may take, in microseconds, and what an answer is.

    `deep` tells of each channel whether its messages can be clicked or replied to: opening one is no answer then.
    """

    deep: tuple[bool, ...]
    window: int
    horizon: int


def contacts_in(
    people: Numbers, ts: Numbers, roles: Numbers, channels: Numbers, keys: Numbers, *, at: Moment, terms: Terms
) -> Contacts:
    """Return what the events of people come to; arrays have a place for each event, sorted by person, time and role.

    `channels` are places in those of `terms` (-1 for a conversion), `keys` which message an event is about. An answer
    belongs to the last message before it of its channel and key, if it comes within the window; to click is to open.
    Messages younger than the window at `at` have not had their time and are not counted; for conversions, younger than
    the horizon.

    >>> one = Terms((False,), window=DAY, horizon=DAY)
    >>> channels, keys = np.zeros(2, int), np.full(2, -1)
    >>> found = contacts_in(np.zeros(2), np.array([0, DAY]), np.array([0, 1]), channels, keys, at=9 * DAY, terms=one)
    >>> found.sent.tolist(), found.opened.tolist()
    ([[1]], [[1]])
    """
    groups = Groups.of(people)
    sent, converts = roles == Role.SENT, roles == Role.CONVERTED
    message = _messages(people, sent, channels, keys)
    answers = (message >= 0) & ~sent & ~converts
    answers[answers] = (ts[answers] - ts[message[answers]]) <= terms.window
    said = {role: np.zeros(len(ts), np.bool_) for role in Role}
    for role in (Role.OPENED, Role.CLICKED, Role.REPLIED):
        said[role][message[answers & (roles == role)]] = True
    opened = said[Role.OPENED] | said[Role.CLICKED]
    deep = np.array([*terms.deep, True])[channels]
    answered = said[Role.CLICKED] | said[Role.REPLIED] | (opened & ~deep)
    timely, ripe = sent & (ts <= at - terms.window), sent & (ts <= at - terms.horizon)

    def by_channel(those: Numbers) -> Numbers:
        return groups.table(np.where(those, channels, -1), len(terms.deep))

    return Contacts(
        sent=by_channel(timely),
        opened=by_channel(timely & opened),
        clicked=by_channel(timely & said[Role.CLICKED]),
        answered=by_channel(timely & answered),
        ripe=groups.total(ripe.astype(np.int64)),
        converted=groups.total((ripe & _followed(people, ts, converts, terms.horizon)).astype(np.int64)),
        last=np.maximum.reduceat(np.where(sent | converts, NEVER, ts), groups.starts) if len(ts) else ts,
    )


def engagement_traits(
    contacts: Contacts,
    channels: Sequence[ContactChannel],
    *,
    at: Moment,
    prior: float,
    weights: Mapping[str, float],
    trim: float,
) -> dict[str, pa.Array]:
    """Return the traits of people, one place for each; numbers are micros.

    A rate is the posterior mean (k + m p) / (n + m) of a binomial share with the prior Beta(m p, m (1 - p)), k of n
    messages, p the share of everybody's and m = `prior` (Gelman et al., Bayesian Data Analysis, section 2.4): who
    opened 1 of 1 is not taken for somebody who opens everything. It is missing for who was sent nothing in a channel
    that tells. The preferred channel is that of the highest such rate of answers, among those with an answer, the first
    of equals. The index is `engagement_index`.

    >>> one = Contacts(*([np.array([[2]])] * 4), np.array([2]), np.array([0]), np.array([0]))
    >>> email = ContactChannel("email", "email_sent", "email_opened")
    >>> found = engagement_traits(one, [email], at=DAY, prior=10, weights={"open": 1}, trim=0)
    >>> found["open_rate"][0].as_py(), found["last_response_days"][0].as_py(), found["preferred_channel"][0].as_py()
    (1000000, 1000000, 'email')
    """
    totals = {
        name: getattr(contacts, name).sum(axis=1).astype(np.int64) for name in ("sent", "opened", "clicked", "answered")
    }
    sent = totals["sent"]
    opening = contacts.sent @ np.array([bool(one.opened or one.clicked) for one in channels], np.int64)
    clicking = contacts.sent @ np.array([bool(one.clicked) for one in channels], np.int64)
    rates = {
        "open": shrunk_rate(totals["opened"], opening, prior),
        "click": shrunk_rate(totals["clicked"], clicking, prior),
        "conversion": shrunk_rate(contacts.converted, contacts.ripe, prior),
        "response": shrunk_rate(totals["answered"], sent, prior),
    }
    silent = contacts.last == NEVER
    days = np.where(silent, np.nan, (at - contacts.last) / DAY)
    # Who never answered comes after everybody who did.
    parts = {**rates, "recency": np.where(silent, -np.inf, -days)}
    index = engagement_index({part: parts[part] for part in weights}, weights, sent > 0, trim)
    by_channel = np.stack(
        [shrunk_rate(contacts.answered[:, one], contacts.sent[:, one], prior) for one in range(len(channels))], axis=1
    )
    preferred = np.where(contacts.answered > 0, by_channel, -1.0)
    names = np.where(preferred.max(axis=1, initial=-1.0) > 0, preferred.argmax(axis=1), -1)
    return {
        **{f"messages_{name}": micros(total) for name, total in totals.items()},
        "messages_converted": micros(contacts.converted),
        "open_rate": micros(rates["open"]),
        "click_rate": micros(rates["click"]),
        "response_rate": micros(rates["response"]),
        "contact_conversion_rate": micros(rates["conversion"]),
        "last_response_days": micros(days),
        "preferred_channel": pa.array([channels[one].name if one >= 0 else None for one in names], pa.string()),
        "engagement_index": micros(index),
    }


def shrunk_rate(hits: Numbers, trials: Numbers, prior: float) -> Numbers:
    """Return each share drawn towards that of all by a prior of `prior` trials, NaN where nothing was tried.

    >>> shrunk_rate(np.array([1, 0]), np.array([1, 3]), 4).round(2).tolist()
    [0.4, 0.14]
    """
    if not trials.sum():
        return np.full(len(trials), np.nan)
    everybody = hits.sum() / trials.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        rate: Numbers = np.where(trials > 0, (hits + prior * everybody) / (trials + prior), np.nan)
    return rate


def engagement_index(
    parts: Mapping[str, Numbers], weights: Mapping[str, float], reached: Numbers, trim: float
) -> Numbers:
    """Return 100 times the weighted mean of the winsorised ranks of `parts`, NaN for who is not `reached`.

    The rank of a value is the share of those reached that are below it, plus half of those that are equal: of a part,
    only those who have it (no NaN). It is cut to [`trim`, 1 - `trim`] and stretched to [0, 1] again. The mean is that
    of the parts that somebody has.

    >>> engagement_index({"open": np.array([0.1, 0.2, 0.3])}, {"open": 1}, np.array([True] * 3), 0.25).round(1).tolist()
    [0.0, 50.0, 100.0]
    """
    total, weighed = np.zeros(len(reached)), np.zeros(len(reached))
    for part, values in parts.items():
        there = reached & ~np.isnan(values)
        _, value, equal = np.unique(values[there], return_inverse=True, return_counts=True)
        upto = np.cumsum(equal)
        rank = ((upto - equal / 2) / max(int(there.sum()), 1))[value]
        total[there] += weights[part] * (np.clip(rank, trim, 1 - trim) - trim) / (1 - 2 * trim)
        weighed[there] += weights[part]
    with np.errstate(divide="ignore", invalid="ignore"):
        index: Numbers = np.where(weighed > 0, 100 * total / weighed, np.nan)
    return index


def _messages(people: Numbers, sent: Numbers, channels: Numbers, keys: Numbers) -> Numbers:
    """Return the place of the last message of the same person, channel and key up to each event, -1 of none."""
    # Events of a person stand in the order of time already, which a stable sort keeps.
    kind = (
        (people.astype(np.int64) * (channels.max(initial=0) + 2) + channels + 1) * (keys.max(initial=0) + 2) + keys + 1
    )
    order = np.argsort(kind, kind="stable")
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(kind[order]) != 0
    place = np.arange(len(order))
    # The last message of all, which is another's where it stands before the stretch of its own kind.
    last = np.maximum.accumulate(np.where(sent[order], place, -1))
    begin = np.maximum.accumulate(np.where(first, place, 0))
    found = np.full(len(order), -1)
    inside = last >= begin
    found[order[inside]] = order[last[inside]]
    return found


def _followed(people: Numbers, ts: Numbers, converts: Numbers, horizon: int) -> Numbers:
    """Return which events are followed by a conversion of the same person within `horizon`."""
    nothing = len(ts)
    following = np.minimum.accumulate(np.where(converts, np.arange(nothing), nothing)[::-1])[::-1]
    found: Numbers = following < nothing
    upto = following[found]
    found[found] = (people[upto] == people[found]) & (ts[upto] - ts[found] <= horizon)
    return found
