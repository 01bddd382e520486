"""The law of memberships kept up live: whatever comes, late or merged, and whatever happens, they are what a run finds.

Stories are told to two projects: one is kept up live, with restarts, runs and applications in between; the other hears
all of it at the end. In a hurry, what is applied is written little by little, and a restart loses what was not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_desk import SETTLING, LiveDesk, logged, stored

from kohort.clock import DAY, MINUTE, SECOND, Moment
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.testing.suite.base import scaled
from small_shop import NOW, tables_of

SEGMENTS = {
    "recent": "did visit in last 60 seconds",
    "often": "count of visit >= 2",
    "spender": "sum of order.total in last 5 minutes > 20",
    "abandoned": "did cart in last 10 minutes then not order within 90 seconds",
    "fan": 'plan = "gold" and did visit in last 10 minutes',
    "quiet": 'not in segment "recent"',
    "ahead": "sum of order.total > mean",
}
TERMED = {"ahead"}
"""The segments that ask for numbers of the population: they change at epochs besides."""


@dataclass(frozen=True)
class Happening:
    """One thing that happens in a story, so many seconds after the one before."""

    what: str
    who: int
    after: int
    ago: int
    amount: int


happenings = st.builds(
    Happening,
    st.sampled_from(
        ["visit", "visit", "cart", "order", "gold", "login", "wait", "restart", "back", "run", "apply", "step"]
    ),
    st.integers(0, 2),
    st.sampled_from([0, 1, 5, 20, 61, 95]),
    st.sampled_from([0, 0, 0, 1, 4, 30, 70, 400]),
    st.integers(1, 30),
)


def told(one: Happening, desk: LiveDesk) -> dict[str, object] | None:
    """Return the event that a happening sends, if any."""
    who: dict[str, object] = {"userId": f"u{one.who}"} if one.amount % 3 else {"anonymousId": f"a{one.who}"}
    base = who | {"at": desk.clock.now() - NOW - one.ago * SECOND}
    match one.what:
        case "visit" | "cart":
            return base | {"event": one.what.title()}
        case "order":
            return base | {"event": "Order", "properties": {"total": one.amount}}
        case "gold":
            return base | {"type": "identify", "traits": {"plan": "gold" if one.amount % 2 else "none"}}
        case "login":
            ids: dict[str, object] = {"userId": f"u{one.who}", "anonymousId": f"a{one.amount % 3}"}
            return base | ids | {"type": "identify"}
    return None


class Follower:
    """Follows the log as the API does: also what is not written yet."""

    def __init__(self, desk: LiveDesk) -> None:
        self._log, self._at = desk.project.membership_log(), 0
        self.read: list[dict[str, object]] = []

    def look(self) -> None:
        self._log.look()
        while self._at < self._log.state.end:
            page = self._log.state.page(self._at, most=3)
            self.read += page.rows.to_pylist()
            self._at = page.up_to


def live_through(story: Sequence[Happening], desk: LiveDesk, follower: Follower) -> None:
    for one in story:
        follower.look()
        desk.clock.advance(one.after * SECOND)
        event = told(one, desk)
        if event is not None:
            desk.receive(event)
        elif one.what == "restart":
            desk.restart()
        elif one.what == "back":
            set_back(desk, one.after)
        elif one.what == "run":
            desk.run()
        elif one.what == "apply":
            desk.declare(**SEGMENTS, other=f"count of visit >= {one.amount}")
            desk.run(apply=True)
        if one.what != "wait" and one.amount % 4:
            desk.step()
    desk.step()
    follower.look()
    desk.step(after=SETTLING)
    desk.project.write_behind(whole=True)
    follower.look()


def set_back(desk: LiveDesk, seconds: int) -> None:
    """Start anew while the clock is wrong, and set it right again."""
    desk.restart()
    desk.clock.advance(-seconds * SECOND)
    desk.step()
    desk.clock.advance(seconds * SECOND)


def begun(folder: Path) -> LiveDesk:
    """Return a shop in which everything has happened once, and a first run."""
    desk = LiveDesk(folder, **SEGMENTS)
    desk.clock.moment = NOW - DAY
    desk.receive(
        {"event": "Visit", "userId": "u9"},
        {"event": "Cart", "userId": "u9"},
        {"event": "Order", "userId": "u9", "properties": {"total": 5}},
        {"type": "identify", "userId": "u9", "traits": {"plan": "gold"}},
    )
    desk.step(after=MINUTE)
    desk.run()
    desk.step()
    desk.clock.moment = NOW
    desk.step()
    return desk


@settings(max_examples=scaled(15))
@given(story=st.lists(happenings, min_size=3, max_size=14), hurry=st.sampled_from([0, 0.7, 0.95]))
def test_memberships_kept_live_are_those_of_a_run(
    story: list[Happening], hurry: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk, chosen = begun(tmp_path_factory.mktemp("live")), random.Random(1)  # noqa: S311 - no secret
    follower = Follower(desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WriteBehind, "is_more", lambda _: chosen.random() < hurry)
        live_through(story, desk, follower)
    rows = desk.project._workspace().tables.read("membership_log").sort_by("seq").to_pylist()
    assert follower.read == rows, "each row once and in order, however early it was seen"
    kept = {name: members_of(desk, name) for name in SEGMENTS}
    now = desk.clock.now()
    at = {name: now if name in TERMED else now - SETTLING for name in SEGMENTS}
    assert {name: set(its) for name, its in kept.items()} == {name: evaluated(desk, name, at[name]) for name in at}
    assert logged(desk) == stored(desk), "the log says what the memberships are"
    before = tables_of(desk.project)
    desk.project.rebuild()
    assert tables_of(desk.project) == before
    desk.run()
    assert {name: set(members_of(desk, name)) for name in SEGMENTS} == {
        name: evaluated(desk, name, desk.clock.now()) for name in SEGMENTS
    }


def members_of(desk: LiveDesk, name: str) -> dict[str, Moment]:
    rows = desk.project.members(name)
    entered = pc.cast(rows.column("entered_at"), "int64").to_pylist()
    return dict(zip(rows.column("person_id").to_pylist(), entered, strict=True))


def evaluated(desk: LiveDesk, name: str, at: Moment) -> set[str]:
    return set(desk.project.members(name, at).column("person_id").to_pylist())
