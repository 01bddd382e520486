"""Law: told anything in any order, the live engine's members are the reference's, and its changes the timelines'."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, Moment
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.plan import build_plan
from kohort.engines.reference import Event, Person, Reference, TraitValue
from kohort.engines.timelines.courses import Stretch
from kohort.engines.timelines.timeline import timelines
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

    def tick(self, number: int) -> Changes:
        """Tell what arrives at a tick."""
        changes = self.engine.tell(self._arrivals(number), self.story.ticks[number])
        self.given = Changes.joined([self.given, changes])
        return changes

    def _arrivals(self, number: int) -> Arrivals:
        before = {one.person_id: one.first_seen for one in self.story.known(number - 1).people}
        now = {one.person_id: one for one in self.story.known(number).people}
        seen = {name: one.first_seen for name, one in now.items() if one.first_seen < before[name]}
        rows = [one for one in now.values() if any(self._arrives(each, number) for each in (*one.events, *one.traits))]
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

    def members(self) -> dict[str, list[str]]:
        """Return the members that the engine has now."""
        return {name: members.to_pylist() for name, members in self.engine.members().items()}

    def log(self) -> Log:
        """Return all changes: those before the beginning, and those given since, without what was not true."""
        log = self.timelines(self.warm, self.story.ticks[0])
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
