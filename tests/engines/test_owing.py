"""Law: however much falls due at once, a call does so much of it at most, whoever does something need not wait for it,
and in the end all is as if everything had been done at once."""

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR
from kohort.definitions.values import ValueType
from kohort.engines.columns import Block, History, Rows
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.reference import Reference
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.pinned import PinnedReference
from kohort.testing.suite.base import examples
from live_stories import Story, Telling, grid_stories, stories

CATALOG = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}})
CROWD = 1_000


def crowd(*sentences: str, number: int = CROWD) -> LiveEngine:
    """Return an engine of a crowd who all put something into their cart at the same moment, four hours ago."""
    carts = Rows(np.arange(number, dtype=np.int32), np.full(number, 6 * HOUR))
    people = pa.array([f"u{one:07}" for one in range(number)])
    history = History(people, [Block(np.zeros(number, np.int64), {"cart": carts}, {})])
    rules = {sentence: read_rule(sentence, CATALOG) for sentence in sentences}
    return LiveEngine(history, CATALOG, rules, at=10 * HOUR)


def did(event: str, who: int, at: int) -> Arrivals:
    """Return what one person does."""
    return Arrivals({event: Rows(np.full(1, who, np.int32), np.full(1, at))})


@pytest.mark.parametrize(
    ("sentence", "due"),
    [
        ("did cart in last 5 hours", 11 * HOUR),
        ("days since last cart >= 0.25", 12 * HOUR),
        ("did cart then not order within 6 hours", 12 * HOUR),
        ("count of cart in last 6 hours >= 1", 12 * HOUR),
        ("did cart today", DAY),
    ],
)
def test_a_call_does_so_much_at_most_and_who_does_something_need_not_wait(sentence: str, due: int) -> None:
    live, whole = crowd(sentence, "did order"), crowd(sentence, "did order")
    parts, moved = list[Changes](), list[int]()
    for call in range(CROWD):
        # The last of all orders, just before or after the deadline: what was owed to them is told first.
        arrivals = did("order", CROWD - 1 - call, due + call)
        parts.append(live.tell(arrivals, due + call, most=100))
        (its,) = ([one.rule for one in parts[-1] if one.person == CROWD - 1 - call],)
        assert its[-1] == 1
        assert len(its) == len({*its})
        moved.append(len(np.unique(parts[-1].people)))
        if live.owing_since is None:
            break
    assert max(moved) <= 101
    assert len(moved) >= CROWD // 101
    expected = whole.tell(did("order", CROWD - 1, due), due)
    for call in range(1, len(moved)):
        expected = Changes.joined([expected, whole.tell(did("order", CROWD - 1 - call, due + call), due + call)])
    assert list(Changes.joined(parts).in_order()) == list(expected.in_order())
    assert live.members() == whole.members()


def test_what_is_owed_is_told_of_and_members_are_not_known_meanwhile() -> None:
    live = crowd("did cart in last 5 hours")
    told = [(len(live.tell(Arrivals(), at, most=3)), live.owing_since) for at in (11 * HOUR - 1, 12 * HOUR, 13 * HOUR)]
    assert told == [(0, None), (3, 11 * HOUR - 1), (3, 11 * HOUR - 1)]
    with pytest.raises(UsageError, match="tell the time without `most`"):
        live.members()
    assert len(live.tell(Arrivals(), 13 * HOUR)) == CROWD - 6
    assert live.members()["did cart in last 5 hours"].to_pylist() == []


def test_whoever_is_told_of_late_is_first_told_what_was_owed() -> None:
    live, last = crowd("did cart in last 5 hours"), CROWD - 1
    live.tell(Arrivals(), 11 * HOUR, most=10)
    changes = live.tell(did("order", last, 7 * HOUR), 11 * HOUR + 1, most=10)
    theirs = [(one.moment, one.enters, one.retracts) for one in changes if one.person == last]
    assert theirs == [(11 * HOUR, False, False)]


@examples(25)
@given(
    st.one_of(stories(), grid_stories(), grid_stories()),
    st.integers(0, 3),
    st.lists(st.sampled_from(["", "", "epoch", "merge", "all"]), min_size=6, max_size=6),
    st.randoms(use_true_random=False),
)
def test_done_in_parts_all_is_as_if_done_at_once(story: Story, most: int, steps: list[str], random: Random) -> None:
    """Whatever comes meanwhile: late events, strangers, epochs, merges; each person's changes stand in their order."""
    parted, whole = Telling(story), Telling(story)
    epoch = Reference(parted.warm.people, story.world.catalog, story.ticks[0])
    for number in range(1, len(story.ticks)):
        parted.tick(number, most)
        whole.tick(number)
        now, known = story.ticks[number], parted.story.known(number)
        there = sorted({one.person_id for one in story.world.people} & {*parted.ids})
        if steps[number] == "epoch":
            statistics = whole.engine.measured()
            parted.pin(statistics)
            whole.pin(statistics)
            epoch = Reference(known.people, known.catalog, now)
        elif steps[number] == "merge" and len(there) > 1 and parted.story is story:
            pair = random.sample(there, 2)
            parted.retell(story.merged(*pair), number, pair)
            whole.retell(story.merged(*pair), number, pair)
        elif steps[number] == "all":
            parted.tell(Arrivals(), number)
        if parted.engine.owing_since is None:
            assert parted.replayed() == whole.replayed()
            assert parted.members() == whole.members()
    parted.tell(Arrivals(), len(story.ticks) - 1)
    assert parted.named(parted.given) == whole.named(whole.given)
    world = parted.story.known(len(story.ticks) - 1)
    expected = PinnedReference(world.people, world.catalog, story.ticks[-1], epoch).evaluate(world.rules)
    assert parted.members() == whole.members() == expected
    assert parted.replayed() == expected
