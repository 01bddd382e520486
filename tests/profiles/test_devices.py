"""Devices: what user agents tell, by a table, and what somebody uses, against a loop over their events."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import MissingExtraError
from kohort.profiles.devices import Agent, DeviceType, device_traits, read_agent

SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) {SAFARI}",
         ("mobile", "iPhone", "iOS", "17", "Mobile Safari", "17")),
        (f"Mozilla/5.0 (iPad; CPU OS 16_1 like Mac OS X) {SAFARI}",
         ("tablet", "iPad", "iOS", "16", "Mobile Safari", "17")),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Mobile Safari/537.36",
         ("mobile", "K", "Android", "10", "Chrome Mobile", "124")),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X906C) {WEBKIT} Safari/537.36",
         ("tablet", "Samsung SM-X906C", "Android", "13", "Chrome", "124")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Safari/537.36",
         ("desktop", None, "Windows", "10", "Chrome", "124")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
         ("desktop", None, "Linux", None, "Firefox", "115")),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/5.0 TV Safari/538.1",
         ("other", "Samsung SMART-TV", "Tizen", "5", "Safari", "5")),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
         ("bot", "Spider", None, None, "Googlebot", "2")),
        ("curl/8.1", ("other", None, None, None, "curl", "8")),
        ("", ("other", None, None, None, None, None)),
        ("\x1b[31m'; DROP TABLE people", ("other", None, None, None, None, None)),
    ],
)  # fmt: skip
def test_what_a_user_agent_tells(text: str, told: tuple[str | None, ...]) -> None:
    one = read_agent(text)
    assert (str(one.type), one.device, one.os, one.os_version, one.browser, one.browser_version) == told


AGENTS = [
    Agent(DeviceType.MOBILE, "iPhone", "iOS", "16", "Mobile Safari", "16"),
    Agent(DeviceType.MOBILE, "iPhone", "iOS", "17", "Mobile Safari", "17"),
    Agent(DeviceType.DESKTOP, None, "Windows", "10", "Chrome", "124"),
    Agent(DeviceType.OTHER, None, None, None, None, None),
    Agent(DeviceType.BOT, "Spider", None, None, "Googlebot", "2"),
    Agent(DeviceType.BOT, "Spider", None, None, "bingbot", "2"),
]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, len(AGENTS) - 1)), max_size=20))
def test_what_somebody_uses_is_what_a_loop_over_their_events_finds(said: list[tuple[int, int]]) -> None:
    rows = sorted(said, key=lambda row: row[0])
    people, agents = (np.array([row[place] for row in rows], np.int64) for place in range(2))
    found = device_traits(people, agents, AGENTS)
    for place, person in enumerate(dict.fromkeys(people.tolist())):
        traits = {name: column[place].as_py() for name, column in found.items()}
        own = [AGENTS[agent] for who, agent in rows if who == person]
        human = [one for one in own if one.type is not DeviceType.BOT]
        bots = [str(one.browser) for one in own if one.type is DeviceType.BOT]
        things = [(one.type, one.device, one.os) for one in human]
        assert traits["devices"] == len(set(things)) * 10**6
        assert traits["bot"] == (min(bots, key=lambda name: (-bots.count(name), name)) if bots else None)
        if not human:
            assert [traits[name] for name in ("main_device", "device_type", "mobile_share")] == [None] * 3
            continue
        main = max(set(things), key=lambda one: (things.count(one), len(things) - things[::-1].index(one)))
        last = next(one for one in reversed(human) if (one.type, one.device, one.os) == main)
        shown = [
            traits[name] for name in ("device_type", "main_device", "os", "os_version", "browser", "browser_version")
        ]
        assert shown == [str(last.type), last.device, last.os, last.os_version, last.browser, last.browser_version]
        mobile = sum(one.type is DeviceType.MOBILE for one in human) / len(human)
        assert abs(traits["mobile_share"] - mobile * 10**6) <= 1


def test_without_the_extra_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ua_parser", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[people\]"'):
        read_agent("curl/8.1")
