"""Law: told anything in any order, the live engine's members are the reference's, and its changes the timelines'."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import Block, Column, History, Rows
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.live.flips import Cause
from kohort.engines.plan import build_plan
from kohort.engines.reference import Event, Person, Reference, TraitValue
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.engines.timelines.timeline import timelines
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.columns import event_rows, history_of, value_rows
from kohort.testing.pinned import PinnedReference
from kohort.testing.random_values import NOON, moments
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

LONG_AGO = NOON - 4000 * DAY
NEVER = 2**62
Log = set[tuple[str, str, Moment, bool]]


@dataclass(frozen=True)
class Story:
    """A world that becomes known little by little: by the tick at which each row of it arrives, 0 for the beginning.

    Ticks are moments that never decrease; rows are told in the order of their ids.
    """

    world: World
    ticks: tuple[Moment, ...]
    arrival: dict[str, int]

    def known(self, tick: int) -> World:
        """Return what is known of the world by a tick."""
        return replace(self.world, people=tuple(self._known(person, tick) for person in self.world.people))

    def _known(self, person: Person, tick: int) -> Person:
        events = tuple(one for one in person.events if self.arrival[one.event_id] <= tick)
        traits = tuple(one for one in person.traits if self.arrival[one.value_id] <= tick)
        seen = min((one.ts for one in events), default=NEVER) if person.events else person.first_seen
        return replace(person, events=events, traits=traits, first_seen=seen)

    def strangers(self) -> set[str]:
        """Return the people of whom nothing is known in the beginning."""
        known = self.known(0).people
        return {one.person_id for one in known if one.first_seen == NEVER and not one.traits and not one.choices}


@st.composite
def stories(draw: st.DrawFn, *, most_rules: int = 4) -> Story:
    """Worlds told in up to five ticks after a beginning, rows late, in time, and of the future."""
    world = draw(worlds(most_rules=most_rules, least_events=10))
    ticks = sorted(draw(st.lists(moments(), min_size=4, max_size=7)))
    told = [one for person in world.people for one in (*person.events, *person.traits)]
    order = draw(st.permutations(range(len(told))))
    arrivals = sorted(draw(st.integers(0, len(ticks) - 1)) for _ in told)
    # Sums of small numbers are counted up and down, those of great ones are not.
    shrink = draw(st.sampled_from((_small, lambda event: event)))
    # Ids grow as rows arrive, so that of two rows of one moment the later one is the one told later.
    ids = {id(told[place]): f"{number:03}" for number, place in enumerate(order)}
    people = tuple(
        replace(
            person,
            events=tuple(replace(shrink(one), event_id=f"e{ids[id(one)]}") for one in person.events),
            traits=tuple(replace(one, value_id=f"v{ids[id(one)]}") for one in person.traits),
        )
        for person in world.people
    )
    arrival = {f"{kind}{number:03}": tick for number, tick in enumerate(arrivals) for kind in "ev"}
    return Story(replace(world, people=people), tuple(ticks), arrival)


def _small(event: Event) -> Event:
    """Return an event whose numbers are small."""
    small = {
        name: replace(one, value=one.value % 100) if isinstance(one.value, Fraction) else one
        for name, one in event.properties.items()
    }
    return replace(event, properties=small)


def rows_of(person: Person) -> list[Event | TraitValue]:
    """Return all that is known of a person."""
    return [*person.events, *person.traits]


class Telling:
    """A live engine that is told a story, with all that it gave."""

    def __init__(self, story: Story) -> None:
        self.story = story
        warm = story.known(0)
        strangers = story.strangers()
        self.warm = replace(warm, people=tuple(one for one in warm.people if one.person_id not in strangers))
        history = history_of(self.warm)
        self.ids: list[str] = history.people.to_pylist()
        self.engine = LiveEngine(history, warm.catalog, warm.rules, story.ticks[0])
        self.given = Changes.none()
        self.rules = list(warm.rules)
        self.before = self.timelines(self.warm, story.ticks[0])

    def tick(self, number: int) -> Changes:
        """Tell what arrives at a tick."""
        changes = self.engine.tell(self._arrivals(number), self.story.ticks[number])
        self.given = Changes.joined([self.given, changes])
        return changes

    def _arrivals(self, number: int) -> Arrivals:
        before = {one.person_id: one.first_seen for one in self.story.known(number - 1).people}
        now = {one.person_id: one for one in self.story.known(number).people}
        seen = {name: one.first_seen for name, one in now.items() if one.first_seen < before[name]}
        rows = [one for one in now.values() if any(self._arrives(row, number) for row in rows_of(one))]
        new = sorted({one.person_id for one in rows} - set(self.ids))
        self.ids += new
        seen |= {name: now[name].first_seen for name in new}
        events: dict[str, list[tuple[int, Event]]] = {}
        traits: dict[str, list[tuple[int, TraitValue]]] = {}
        for person in rows:
            place = self.ids.index(person.person_id)
            for event in person.events:
                if self._arrives(event, number):
                    events.setdefault(event.name, []).append((place, event))
            for value in person.traits:
                if self._arrives(value, number):
                    traits.setdefault(value.name, []).append((place, value))
        return Arrivals(
            {name: event_rows(its, self.story.world.catalog.events[name]) for name, its in events.items()},
            {name: value_rows(its) for name, its in traits.items()},
            tuple(new),
            np.array([self.ids.index(name) for name in seen], np.int32),
            np.array(list(seen.values()), np.int64),
        )

    def _arrives(self, row: Event | TraitValue, number: int) -> bool:
        return self.story.arrival[row.event_id if isinstance(row, Event) else row.value_id] == number

    def pin(self, statistics: Statistics) -> Changes:
        """Take the numbers of an epoch."""
        changes = self.engine.pin(statistics)
        self.given = Changes.joined([self.given, changes])
        return changes

    def replayed(self) -> dict[str, list[str]]:
        """Return the members that all changes lead to, one after another."""
        log = sorted(self.before, key=lambda one: one[2])
        for change in self.given:
            one = (self.ids[change.person], self.rules[change.rule], change.moment, change.enters)
            if change.retracts:
                log.remove(one)
            else:
                log.append(one)
        inside = {(person, rule): enters for person, rule, _, enters in sorted(log, key=lambda one: one[2])}
        return {
            name: sorted(person for person, rule in inside if rule == name and inside[person, rule])
            for name in self.rules
        }

    def members(self) -> dict[str, list[str]]:
        """Return the members that the engine has now."""
        return {name: members.to_pylist() for name, members in self.engine.members().items()}

    def log(self) -> Log:
        """Return all changes: those before the beginning, and those given since, without what was not true."""
        log = set(self.before)
        for change in self.given:
            one = (self.ids[change.person], self.rules[change.rule], change.moment, change.enters)
            if change.retracts:
                log.remove(one)
            else:
                assert one not in log
                log.add(one)
        return log

    def timelines(self, world: World, now: Moment) -> Log:
        """Return all changes up to a moment."""
        people = sorted(one.person_id for one in world.people)
        blocks = history_of(world, real=8).blocks
        found: Log = set()
        for block in blocks:
            plan = build_plan(world.rules, world.catalog)
            courses = timelines(plan, block, Stretch(LONG_AGO, now), world.catalog, self.engine.statistics)
            for name, course in courses.items():
                for place, person in enumerate(people):
                    its, holds = course.of_person(place)
                    found |= {(person, name, m, h) for m, h in zip(its[1:].tolist(), holds[1:].tolist(), strict=True)}
        return found


@examples(150)
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


@examples(60)
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


HOUR = 3_600_000_000
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


def test_what_makes_no_sense_is_refused() -> None:
    history = History(pa.array(["ada"]), [Block(np.array([0]), {}, {})])
    live = LiveEngine(history, CATALOG, {"rule": read_rule("did cart", CATALOG)}, at=5)
    with pytest.raises(UsageError, match="told that it is 4"):
        live.tell(Arrivals(), 4)
    with pytest.raises(UsageError, match="the person 1 of 1"):
        live.tell(Arrivals({"cart": Rows(np.ones(1, np.int32), np.array([6]))}), 9)


def test_whoever_did_nothing_is_outside_of_the_population() -> None:
    rule = read_rule("count of cart in last 5 hours in bottom 100%", CATALOG)
    cart = Rows(np.zeros(1, np.int32), np.array([HOUR]))
    history = History(pa.array(["ada", "bob"]), [Block(np.zeros(2, np.int64), {"cart": cart}, {})])
    live = LiveEngine(history, CATALOG, {"rule": rule}, at=HOUR)
    assert live.members()["rule"].to_pylist() == ["ada"]
    live.tell(Arrivals(), 6 * HOUR)
    assert live.members()["rule"].to_pylist() == []
