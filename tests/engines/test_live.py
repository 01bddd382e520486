"""Law: told anything in any order, the live engine's members are the reference's, and its changes the timelines'."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import HOUR, Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import Block, Column, History, Rows
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live import tallies
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.design import Design
from kohort.engines.live.engine import LiveEngine
from kohort.engines.live.epochs import Epoch, Epochs
from kohort.engines.live.flips import Cause
from kohort.engines.live.revisions import courses
from kohort.engines.plan import build_plan
from kohort.engines.reference import Reference
from kohort.engines.statistics import Statistic, Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.columns import history_of
from kohort.testing.pinned import PinnedReference
from kohort.testing.random_values import NOON, moments
from kohort.testing.suite.base import examples
from live_stories import LONG_AGO, Story, Telling, grid_stories, stories, story_of

CATALOG = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}})
TOTALS = {"total": Column(np.array([30 * MICRO]))}


def told(sentence: str, *rows: tuple[int, str, int]) -> list[str]:
    """Return the changes, in words, of ada's membership, who is told each row (event, hour) at a hour."""
    history = History(pa.array(["ada"]), [Block(np.array([0]), {}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule(sentence, CATALOG)}, at=0)
    words = []
    for now, event, at in rows:
        its = Rows(np.zeros(1, np.int32), np.array([at * HOUR]), TOTALS if event == "order" else {})
        for one in live.tell(Arrivals({event: its} if event else {}), now * HOUR):
            what = "in" if one.enters else "out"
            words.append(f"{'not ' if one.retracts else ''}{what} {one.moment / HOUR:g} by {one.cause.name.lower()}")
    return words


@pytest.mark.parametrize(
    ("sentence", "rows", "changes"),
    [
        # Out at the very moment, not when somebody looks.
        ("did order in last 5 hours", [(1, "order", 1), (99, "", 0)], ["in 1 by event", "out 6 by time"]),
        # In before the time is over, out when it is: both within one tick.
        ("did order in last 5 hours", [(9, "order", 1)], ["in 1 by event", "out 6 by time"]),
        ("sum of order.total in last 5 hours > 50", [(1, "order", 1), (3, "order", 3), (6, "", 0)],
         ["in 3 by event", "out 6 by time"]),
        # An event that comes late closes the gap that was not there.
        ("did order in last 5 hours", [(1, "order", 1), (9, "order", 9), (10, "order", 5)],
         ["in 1 by event", "out 6 by time", "in 9 by event", "not out 6 by time", "not in 9 by event"]),
        # What is of the future counts from then on.
        ("did order", [(1, "order", 3), (2, "", 0), (4, "", 0)], ["in 3 by event"]),
        # A cart is abandoned when the time to order is over; an order at the last moment counts.
        ("did cart then not order within 2 hours", [(1, "cart", 1), (3, "", 0)], ["in 3 by time"]),
        ("did cart then not order within 2 hours", [(1, "cart", 1), (3, "order", 3), (9, "", 0)], []),
        # The order that is told late undoes what was given.
        ("did cart then not order within 2 hours", [(1, "cart", 1), (5, "", 0), (6, "order", 2)],
         ["in 3 by time", "not in 3 by time"]),
        ("did cart within the last 5 hours then order within 2 hours", [(1, "cart", 1), (2, "order", 2), (9, "", 0)],
         ["in 2 by event", "out 6 by time"]),
        ("days since last order > 0.25", [(1, "order", 1), (9, "order", 9)], ["in 7 by time", "out 9 by event"]),
    ],
)  # fmt: skip
def test_what_ada_is_told_changes(sentence: str, rows: list[tuple[int, str, int]], changes: list[str]) -> None:
    assert told(sentence, *rows) == changes


# What people do, and in which hour, told at once unless it says when; and who is inside when.
DAYS = [
    # Exactly so long ago is out, from that very moment on; nothing was told before of whoever is new.
    ("count of cart in last 3 hours >= 1", "1 ada cart, 2 bob cart", {1: "ada", 2: "ada bob", 4: "bob", 5: ""}),
    ("count of cart in last 3 hours = 0", "1 ada cart, 2 bob visit", {1: "", 2: "bob", 4: "ada bob"}),
    # What is told late and is over already counts once, when it is over, and never again.
    ("count of cart in last 3 hours >= 1", "1 ada cart told at 5, 5 ada cart", {4: "", 5: "ada", 7: "ada", 8: ""}),
    ("count of cart in last 3 hours = 0", "1 ada cart told at 2, 1 ada visit", {1: "ada", 2: "", 3: "", 4: "ada"}),
    # Who was to leave stays if the like of it happened meanwhile.
    ("max of order.total in last 3 hours >= 50", "1 ada order 50, 2 ada order 60",
     {1: "ada", 2: "ada", 4: "ada", 5: ""}),
    # "Then" is later than, not at the same time as; to the very end of its time.
    ("did cart then order", "1 ada cart, 1 ada order, 1 bob cart, 2 bob order", {1: "", 2: "bob"}),
    ("did cart then order within 2 hours", "1 ada cart, 3 ada order, 1 bob cart, 4 bob order",
     {2: "", 3: "ada", 4: "ada"}),
    ("did cart then visit then order all within 3 hours",
     "1 ada cart, 2 ada visit, 4 ada order, 1 bob cart, 2 bob visit, 5 bob order", {3: "", 4: "ada", 5: "ada"}),
    # "Not between" neither at the same time as the one nor as the other.
    ("did cart then not order then visit", "1 ada cart, 1 ada order, 2 ada visit, 1 bob cart, 2 bob order, 3 bob visit",
     {1: "", 2: "ada", 3: "ada"}),
    ("did cart then not order then visit", "1 ada cart, 2 ada order, 2 ada visit", {1: "", 2: "ada"}),
    # Who orders with the cart, and never after it, abandoned it; who orders at the last moment did not.
    ("did cart then not order within 2 hours", "1 ada cart, 1 ada order, 1 bob cart, 3 bob order",
     {2: "", 3: "ada", 4: "ada"}),
    # The second way holds on when the first is too old.
    ("did cart within the last 4 hours then order", "1 ada cart, 2 ada order, 3 ada cart, 4 ada order",
     {1: "", 2: "ada", 5: "ada", 6: "ada", 7: ""}),
    # A sum that no number of 64 bits holds is missing, until what made it so is too old.
    ("sum of order.total in last 3 hours > 0", "1 ada order 5000000000000, 2 ada order 5000000000000",
     {1: "ada", 2: "", 3: "", 4: "ada", 5: ""}),
    ("sum of order.total in last 3 hours < 0", "1 ada order 5000000000000, 2 ada order 5000000000000",
     {1: "", 2: "", 4: "", 5: ""}),
    # What time alone brings comes however far ahead it lies, days on which nothing is told included.
    ("max of order.total in last 90 hours >= 50", "1 ada order 50, 1 bob visit",
     {1: "ada", 30: "ada", 60: "ada", 90: "ada", 91: ""}),
    ("max of order.total in last 90 hours >= 50", "1 ada order 50", {1: "ada", 91: ""}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "told", "inside"), DAYS)
def test_who_is_inside_when(sentence: str, told: str, inside: dict[int, str]) -> None:
    story = story_of(sentence, told, list(inside))
    telling = Telling(story)
    for number, (hour, names) in enumerate(inside.items(), start=1):
        now, known = story.ticks[number], story.known(number)
        telling.tick(number)
        assert telling.members() == {"rule": names.split()}, hour
        assert telling.members() == Reference(known.people, known.catalog, now).evaluate(known.rules)
        assert telling.log() == telling.timelines(known, now)


def test_what_makes_no_sense_is_refused() -> None:
    history = History(pa.array(["ada"]), [Block(np.array([0]), {}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule("did cart", CATALOG)}, at=5)
    with pytest.raises(UsageError, match="told that it is 4"):
        live.tell(Arrivals(), 4)
    with pytest.raises(UsageError, match="the person 1 of 1 is to be told anew"):
        live.retell(np.ones(1, np.int32), Arrivals())
    with pytest.raises(UsageError, match="somebody is told of"):
        live.retell(np.zeros(1, np.int32), Arrivals({"cart": Rows(np.ones(1, np.int32), np.array([6]))}))
    with pytest.raises(UsageError, match="an epoch of 9 stands before 5"):
        LiveEngine(history, CATALOG, {}, at=5, epochs=[Epoch(9, Statistics())])
    with pytest.raises(UsageError, match="give epochs, or `pinned` alone"):
        LiveEngine(history, CATALOG, {}, at=5, pinned=Statistics(), epochs=[Epoch(5, Statistics())])
    with pytest.raises(UsageError, match="the person 1 of 1; tell"):
        live.tell(Arrivals({"cart": Rows(np.ones(1, np.int32), np.array([6]))}), 9)


def test_whoever_did_nothing_is_outside_of_the_population() -> None:
    rule = read_rule("count of cart in last 5 hours in bottom 100%", CATALOG)
    cart = Rows(np.zeros(1, np.int32), np.array([HOUR]))
    history = History(pa.array(["ada", "bob"]), [Block(np.zeros(2, np.int64), {"cart": cart}, {})])
    live = LiveEngine(history, CATALOG, {"rule": rule}, at=HOUR)
    assert live.members()["rule"].to_pylist() == ["ada"]
    live.tell(Arrivals(), 6 * HOUR)
    assert live.members()["rule"].to_pylist() == []


def test_an_epoch_decides_on_those_who_come_after_it() -> None:
    """Nobody had a cart when it began, so 0 was not below the mean; at the epoch at 2 the mean is 1.5."""
    story = story_of("count of cart < mean among everyone", "1 ada cart, 2 ada cart, 1 eve cart, 3 bob visit", [2, 3])
    telling = Telling(story)
    telling.tick(1)
    known = story.known(1)
    telling.pin(KernelEngine(history_of(known), known.catalog).evaluate(known.rules, story.ticks[1]).statistics)
    assert telling.members() == {"rule": ["eve"]}
    telling.tick(2)
    assert telling.members() == telling.replayed() == {"rule": ["bob", "eve"]}


def test_an_epoch_corrects_what_began_with_it() -> None:
    """One cart is more than the mean at noon, 0, and not more than that of the epoch at 2, 1."""
    told = "0 eve visit, 2 ada cart, 2 bob cart, 3 bob cart"
    story = story_of("count of cart > mean among everyone", told, [2, 3])
    telling = Telling(replace(story, arrival=story.arrival | {"e000": 0}))
    telling.tick(1)
    assert telling.members() == {"rule": ["ada", "bob"]}
    mean = Statistic(NOON + 2 * HOUR, 2, (MICRO,))
    changes = telling.pin(Statistics({"mean of count of cart among everyone": mean}))
    assert [(one.moment, one.enters, one.retracts) for one in changes] == [(NOON + 2 * HOUR, True, True)] * 2
    telling.tick(2)
    assert telling.members() == telling.replayed() == {"rule": ["bob"]}


def test_a_course_does_not_tell_what_an_epoch_undoes() -> None:
    """By the mean of noon, 0, ada is inside with a cart at 2, and by that of the epoch at 2, 1, never; bob is at 3."""
    carts = Rows(np.array([0, 1, 1], np.int32), np.array([2, 2, 3]) * HOUR)
    plan = build_plan({"rule": read_rule("count of cart > mean among everyone", CATALOG)}, CATALOG)
    noon, later = (
        Statistics({"mean of count of cart among everyone": Statistic(at * HOUR, 2, (mean * MICRO,))})
        for at, mean in ((0, 0), (2, 1))
    )
    epochs = Epochs([Epoch(0, noon), Epoch(2 * HOUR, later)], plan, noon)
    block = Block(np.zeros(2, np.int64), {"cart": carts}, {})
    found = courses(Design.of(plan, CATALOG, noon, at=0), [block], epochs, Stretch(0, 9 * HOUR))
    assert [(one.person, one.moment, one.enters) for one in found] == [(1, 3 * HOUR, True)]


def test_whoever_is_erased_is_nowhere_and_can_come_back() -> None:
    cart = Rows(np.zeros(1, np.int32), np.array([HOUR]))
    history = History(pa.array(["ada"]), [Block(np.array([HOUR]), {"cart": cart}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule("count of cart < 3", CATALOG)}, at=HOUR)
    erased = live.retell(np.zeros(1, np.int32), Arrivals())
    assert [(one.moment, one.enters, one.retracts) for one in erased] == [(HOUR, True, True)]
    assert live.members()["rule"].to_pylist() == []
    again = Rows(np.zeros(1, np.int32), np.array([3 * HOUR]))
    live.tell(Arrivals({"cart": again}, known=np.zeros(1, np.int32), since=np.array([3 * HOUR])), 4 * HOUR)
    assert live.members()["rule"].to_pylist() == ["ada"]


def test_what_was_erased_of_somebody_does_not_leave_a_window() -> None:
    cart = Rows(np.zeros(1, np.int32), np.array([HOUR]))
    history = History(pa.array(["ada"]), [Block(np.array([HOUR]), {"cart": cart}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule("did cart in last 2 hours", CATALOG)}, at=HOUR)
    live.retell(np.zeros(1, np.int32), Arrivals())
    again = Rows(np.zeros(1, np.int32), np.array([2 * HOUR]))
    live.tell(Arrivals({"cart": again}, known=np.zeros(1, np.int32), since=np.array([2 * HOUR])), 3 * HOUR)
    assert live.members()["rule"].to_pylist() == ["ada"]


def test_whoever_is_erased_before_they_exist_never_does() -> None:
    history = History(pa.array(["ada"]), [Block(np.array([9 * HOUR]), {}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule("count of cart < 3", CATALOG)}, at=HOUR)
    assert not len(live.retell(np.zeros(1, np.int32), Arrivals()))
    assert not len(live.tell(Arrivals(), 10 * HOUR))
    assert live.members()["rule"].to_pylist() == []


@examples(30)
@given(stories())
def test_members_are_the_references_and_changes_the_timelines(story: Story) -> None:
    telling = Telling(story)
    epoch = Reference(telling.warm.people, story.world.catalog, story.ticks[0])
    assert telling.members() == epoch.evaluate(story.world.rules)
    for number in range(1, len(story.ticks)):
        now = story.ticks[number]
        changes = telling.tick(number)
        known = story.known(number)
        expected = PinnedReference(known.people, known.catalog, now, epoch).evaluate(known.rules)
        assert telling.members() == expected, (number, now)
        keys = [(one.moment, one.person, one.rule) for one in changes]
        assert keys == sorted(keys)
        assert telling.log() == telling.timelines(known, now)


@examples(15)
@given(stories(), st.lists(moments(), min_size=6, max_size=6))
def test_numbers_of_the_population_are_those_of_the_epoch(story: Story, epochs: list[Moment]) -> None:
    """After each tick the numbers are those of another moment, and change who is inside."""
    telling = Telling(story)
    for number, epoch in zip(range(1, len(story.ticks)), epochs, strict=False):
        telling.tick(number)
        known = story.known(number)
        statistics = KernelEngine(history_of(known), known.catalog).evaluate(known.rules, epoch).statistics
        assert {change.cause for change in telling.pin(statistics)} <= {Cause.EPOCH}
        now = story.ticks[number]
        expected = PinnedReference.of(known.people, known.catalog, now, epoch).evaluate(known.rules)
        assert telling.members() == expected
        assert telling.replayed() == expected


@examples(60)
@given(grid_stories(), st.lists(st.none() | st.integers(0, 9), min_size=6, max_size=6))
def test_borders_and_epochs_are_met(story: Story, epochs: list[int | None]) -> None:
    """On a grid of hours everything happens at the border of something; before or after epochs."""
    telling = Telling(story)
    epoch, first = Reference(telling.warm.people, story.world.catalog, story.ticks[0]), True
    for number in range(1, len(story.ticks)):
        now, known, hour = story.ticks[number], story.known(number), epochs[number]
        telling.tick(number)
        expected = PinnedReference(known.people, known.catalog, now, epoch).evaluate(known.rules)
        assert telling.members() == expected, (number, now)
        assert telling.replayed() == expected
        if first:
            assert telling.log() == telling.timelines(known, now)
        if hour is not None:
            at, first = NOON + hour * HOUR, False
            telling.pin(KernelEngine(history_of(known), known.catalog).evaluate(known.rules, at).statistics)
            epoch = Reference(known.people, known.catalog, at)
            expected = PinnedReference(known.people, known.catalog, now, epoch).evaluate(known.rules)
            assert telling.members() == telling.replayed() == expected


@examples(30)
@given(grid_stories(), st.lists(st.booleans(), min_size=6, max_size=6), st.randoms(use_true_random=False))
def test_people_are_merged_and_split(story: Story, changing: list[bool], random: Random) -> None:
    """Whoever is told anew is as if nothing else had ever been told of them; what was given of them is corrected."""
    telling, apart = Telling(story), story
    epoch = Reference(telling.warm.people, story.world.catalog, story.ticks[0])
    pair: list[str] = []
    for number in range(1, len(story.ticks)):
        telling.tick(number)
        known = sorted({one.person_id for one in story.world.people} & set(telling.ids))
        if changing[number] and pair:
            telling.retell(apart, number, pair)
            pair = []
        elif changing[number] and len(known) > 1:
            pair = random.sample(known, 2)
            telling.retell(apart.merged(*pair), number, pair)
        now, world = story.ticks[number], telling.story.known(number)
        expected = PinnedReference(world.people, world.catalog, now, epoch).evaluate(world.rules)
        assert telling.members() == telling.replayed() == expected, (number, now)
        assert telling.log() == telling.timelines(world, now)


@examples(20)
@given(grid_stories(), st.integers(1, 3))
def test_in_small_turns_changes_are_the_same(story: Story, rows: int) -> None:
    """Of many rows some enter at a time, but those of one moment together."""
    small, whole = Telling(story), Telling(story)
    for number in range(1, len(story.ticks)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tallies, "A_TURN", rows)
            changes = small.tick(number)
        assert list(changes) == list(whole.tick(number))
        assert small.members() == whole.members()


@pytest.mark.parametrize(("crowd", "step"), [(10, 200_000), (100, 20_000)])
def test_a_crowd_whose_time_is_over_within_seconds_is_told_in_order(crowd: int, step: int) -> None:
    """However many deadlines of different windows fall into one short stretch of a long time."""
    second = 1_000_000
    carts = Rows(np.arange(crowd, dtype=np.int32), 6 * HOUR + step * np.arange(crowd))
    people = pa.array([f"u{number:03}" for number in range(crowd)])
    history = History(people, [Block(np.zeros(crowd, np.int64), {"cart": carts}, {})])
    rules = {"five hours": "did cart in last 5 hours", "a second more": "did cart in last 18001 seconds"}
    asked = {name: read_rule(sentence, CATALOG) for name, sentence in rules.items()}
    changes = LiveEngine(history, CATALOG, asked, at=10 * HOUR).tell(Arrivals(), 20 * HOUR)
    ends = [(11 * HOUR + step * number + second * rule, number, rule) for number in range(crowd) for rule in (0, 1)]
    assert [(one.moment, one.person, one.rule) for one in changes] == sorted(ends)


@examples(30)
@given(
    grid_stories(),
    st.lists(st.none() | st.integers(0, 9), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_a_restart_changes_nothing_and_the_past_keeps_its_numbers(
    story: Story, hours: list[int | None], changing: list[bool], restart: int, random: Random
) -> None:
    """Told anew, late or restarted: at each moment the members are those by the numbers of the epoch of that moment."""
    telling, again, pair = Telling(story), None, list[str]()
    epochs = [(LONG_AGO, Reference(telling.warm.people, story.world.catalog, story.ticks[0]))]
    for number, (now, hour) in enumerate(zip(story.ticks, hours, strict=True)):
        steps: list[Callable[[Telling], Changes]] = [partial(Telling.tick, number=number)] if number else []
        known = sorted({one.person_id for one in story.world.people} & set(telling.ids))
        if changing[number] and len(known) > 1:
            merging = telling.story is story
            pair = random.sample(known, 2) if merging else pair
            steps.append(
                partial(Telling.retell, story=story.merged(*pair) if merging else story, number=number, names=pair)
            )
        if hour is not None:
            world = telling.story.known(number)
            epochs.append((now, Reference(world.people, world.catalog, NOON + hour * HOUR)))
            numbers = KernelEngine(history_of(world), world.catalog).evaluate(world.rules, NOON + hour * HOUR)
            steps.append(partial(Telling.pin, statistics=numbers.statistics))
        for step in steps:
            changes = telling.named(step(telling))
            assert again is None or again.named(step(again)) == changes
        world = telling.story.known(number)
        for moment in range(NOON, now + 1, HOUR):
            epoch = [its for since, its in epochs if since <= moment][-1]
            expected = PinnedReference(world.people, world.catalog, moment, epoch).evaluate(world.rules)
            assert telling.replayed(moment) == expected, (number, moment)
        if number == restart:
            again = Telling(telling.story, number, telling.engine.epochs, telling.ids)
