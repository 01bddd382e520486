"""Technographic traits: the devices, systems and browsers that somebody uses, by the user agents of their events."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa

from kohort.definitions.values import ValueType
from kohort.errors import MissingExtraError
from kohort.profiles.grouping import Groups, Numbers, micros, ratio

TRAITS: Final = {
    "devices": ValueType.NUMBER,
    "main_device": ValueType.TEXT,
    "device_type": ValueType.TEXT,
    "os": ValueType.TEXT,
    "os_version": ValueType.TEXT,
    "browser": ValueType.TEXT,
    "browser_version": ValueType.TEXT,
    "mobile_share": ValueType.NUMBER,
    "bot": ValueType.TEXT,
}
"""The traits that `device_traits` writes."""

_DESKTOPS: Final = frozenset(
    ("Windows", "Mac OS X", "Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "Chrome OS", "FreeBSD", "OpenBSD")
)
_PHONES: Final = frozenset(("iOS", "Windows Phone", "BlackBerry OS", "KaiOS", "Firefox OS", "Symbian OS"))
_TABLETS: Final = frozenset(("iPad", "Kindle", "Kindle Fire", "PlayBook"))


class DeviceType(StrEnum):
    """What sort of device a user agent tells of; OTHER are televisions, programs and what nobody knows."""

    MOBILE = "mobile"
    TABLET = "tablet"
    DESKTOP = "desktop"
    BOT = "bot"
    OTHER = "other"


@dataclass(frozen=True)
class Agent:
    """What a user agent tells; families and major versions are None where it does not say."""

    type: DeviceType
    device: str | None
    os: str | None
    os_version: str | None
    browser: str | None
    browser_version: str | None


def read_agent(text: str) -> Agent:
    """Return what a user agent tells, by the patterns of the project ua-parser.

    A phone is a device with iOS, or with Android whose user agent says Mobile; Android without it is a tablet (Google's
    rule for Chrome), as an iPad is; newer iPads call themselves a Mac and are taken for one.

    Raises MissingExtraError without the extra `[people]`.

    >>> agent = read_agent("Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) Version/17.2 Mobile/1 Safari/604.1")
    >>> str(agent.type), agent.device, agent.os, agent.os_version, agent.browser
    ('mobile', 'iPhone', 'iOS', '17', 'Mobile Safari')
    """
    try:
        from ua_parser import parse  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("people", "reading user agents") from error
    found = parse(text)
    device = found.device.family if found.device else None
    os = found.os.family if found.os else None
    return Agent(
        _type(device, os, text),
        device,
        os,
        found.os.major if found.os else None,
        found.user_agent.family if found.user_agent else None,
        found.user_agent.major if found.user_agent else None,
    )


def device_traits(people: Numbers, agents: Numbers, known: Sequence[Agent]) -> dict[str, pa.Array]:
    """Return the traits of people, one place for each; numbers are micros.

    `people` and `agents`, places in `known`, have a place for each event, sorted by person and time. What bots did
    counts in nothing but `bot`, the bot that was seen most. `devices` counts what differs in device, type or system;
    the main device is that of most events, of equals the one used last. What it runs is what it ran last.

    >>> phone = Agent(DeviceType.MOBILE, "iPhone", "iOS", "17", "Mobile Safari", "17")
    >>> traits = device_traits(np.zeros(2, int), np.zeros(2, int), [phone])
    >>> traits["main_device"].to_pylist(), traits["devices"].to_pylist()
    (['iPhone'], [1000000])
    """
    groups = Groups.of(people)
    bots = np.array([one.type is DeviceType.BOT for one in known], np.bool_)[agents]
    human = ~bots
    things: dict[tuple[DeviceType, str | None, str | None], int] = {}
    numbers = np.array([things.setdefault((one.type, one.device, one.os), len(things)) for one in known], np.int64)
    who, thing = groups.index[human], numbers[agents[human]]
    pairs, place, count = np.unique(who * max(len(things), 1) + thing, return_inverse=True, return_counts=True)
    last = np.zeros(len(pairs), np.int64)
    # Events stand in the order of time, so that what is written last is the last one of the pair.
    last[place] = np.flatnonzero(human)
    owner = pairs // max(len(things), 1)
    order = np.lexsort((last, count, owner))
    main = np.full(len(groups.starts), -1)
    main[owner[order]] = agents[last[order]]
    events = groups.total(human.astype(np.int64))
    mobile = np.array([one.type is DeviceType.MOBILE for one in known], np.bool_)[agents]
    devices = np.bincount(owner, minlength=len(groups.starts)).astype(np.float64)
    return {
        "devices": micros(devices),
        "main_device": _texts(main, [one.device for one in known]),
        "device_type": _texts(main, [str(one.type) for one in known]),
        "os": _texts(main, [one.os for one in known]),
        "os_version": _texts(main, [one.os_version for one in known]),
        "browser": _texts(main, [one.browser for one in known]),
        "browser_version": _texts(main, [one.browser_version for one in known]),
        "mobile_share": ratio(groups.total(mobile.astype(np.int64)), events),
        "bot": _bots(groups, np.where(bots, agents, -1), known),
    }


def _type(device: str | None, os: str | None, text: str) -> DeviceType:
    if device == "Spider":
        return DeviceType.BOT
    if "TV" in text or (os or "").endswith("TV"):
        return DeviceType.OTHER
    if device in _TABLETS or "Tablet" in text or (os == "Android" and "Mobile" not in text):
        return DeviceType.TABLET
    if os in _PHONES or os == "Android":
        return DeviceType.MOBILE
    return DeviceType.DESKTOP if os in _DESKTOPS else DeviceType.OTHER


def _texts(places: Numbers, texts: Sequence[str | None]) -> pa.Array:
    dictionary = pa.array(texts, pa.string())
    return dictionary.take(pa.array(places, mask=places < 0))


def _bots(groups: Groups, agents: Numbers, known: Sequence[Agent]) -> pa.Array:
    """Return the name of each person's most frequent bot, of equals the first in the order of names."""
    names = sorted({one.browser or "unknown" for one in known if one.type is DeviceType.BOT})
    numbers = np.array(
        [*(names.index(one.browser or "unknown") if one.type is DeviceType.BOT else -1 for one in known), -1]
    )
    return _texts(
        groups.most_frequent(numbers[agents], len(names)) if names else np.full(len(groups.starts), -1), names
    )
