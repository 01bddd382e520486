"""Stories that a live engine is told, random and dense ones, and a live engine that is told one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, Moment
from kohort.definitions.values import ValueType
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.engine import LiveEngine
from kohort.engines.live.epochs import Epoch
from kohort.engines.live.flips import Cause
from kohort.engines.plan import build_plan
from kohort.engines.reference import Event, Person, TraitValue, Typed
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.engines.timelines.timeline import timelines
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.columns import event_rows, history_of, value_rows
from kohort.testing.random_values import NOON, moments
from kohort.testing.suite.sequences import sequences
from kohort.testing.worlds import World, worlds

LONG_AGO: Final = NOON - 4000 * DAY
NEVER: Final = 2**62
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

    def merged(self, survivor: str, other: str) -> "Story":
        """Return the story in which another is the survivor, with both histories, and nobody is left of the other."""
        its = {one.person_id: one for one in self.world.people}
        both = [its[survivor], its[other]]
        events = tuple(event for one in both for event in one.events)
        traits = tuple(value for one in both for value in one.traits)
        whole = Person(survivor, min(one.first_seen for one in both), events, traits)
        nobody = Person(other, NEVER)
        people = tuple({survivor: whole, other: nobody}.get(one.person_id, one) for one in self.world.people)
        return replace(self, world=replace(self.world, people=people))

    def strangers(self, tick: int = 0) -> set[str]:
        """Return the people of whom nothing is known by a tick, by default in the beginning."""
        known = self.known(tick).people
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


GRID_CATALOG: Final = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}, "visit": {}})
GRID_RULES: Final = tuple(
    read_rule(sentence, GRID_CATALOG)
    for sentence in (
        "count of cart in last 2 hours = 0",
        "count of cart in last 3 hours >= 2",
        "sum of order.total in last 3 hours > 50",
        "days since last cart >= 0.125",
        "days since first order < 0.25",
        "max of order.total in last 3 hours >= 50",
        "last of order.total > 10 and not did cart in last 2 hours",
        "count of cart in last 3 hours in top 50%",
        "sum of order.total in last 4 hours > mean",
        "score of sum of order.total out of 2 = 2",
        "max of order.total in last 4 hours in bottom 50%",
        "count of cart in last 4 hours < mean among everyone",
    )
)
_LAST_HOUR: Final = 9
_TICKS: Final = 6


@st.composite
def grid_stories(draw: st.DrawFn) -> Story:
    """Stories of a few people within hours, told mostly in time, in which every border of windows and steps is met."""
    hours = st.integers(0, _LAST_HOUR)
    begin = NOON - draw(st.sampled_from((0, 0, 0, 1, -1)))
    ticks = sorted(draw(st.lists(hours, min_size=_TICKS, max_size=_TICKS)))
    names = st.sampled_from(("cart", "order", "visit"))
    lags = st.sampled_from((0, 0, 0, 0, 0, 0, 1, 2, -1, -9))
    drawn = draw(
        st.lists(st.tuples(lags, st.integers(0, 4), names, hours, st.sampled_from((10, 50))), min_size=12, max_size=24)
    )
    told = sorted(
        (max(0, min(_TICKS - 1, sum(one < hour for one in ticks) + lag)), person, name, hour, total)
        for lag, person, name, hour, total in drawn
    )
    events = [
        (person, _event(number, name, hour, total if name == "order" else None))
        for number, (_, person, name, hour, total) in enumerate(told)
    ]
    its = {number: tuple(event for person, event in events if person == number) for number, _ in events}
    people = tuple(Person(f"p{number}", min(one.ts for one in its[number]), its[number]) for number in sorted(its))
    rules = draw(st.lists(st.sampled_from(GRID_RULES), min_size=4, max_size=6)) + draw(
        st.lists(sequences(), min_size=2, max_size=4)
    )
    world = World(people, {}, GRID_CATALOG, {f"rule {number}": rule for number, rule in enumerate(rules)}, NOON)
    arrival = {f"e{number:03}": tick for number, (tick, *_) in enumerate(told)}
    return Story(world, tuple(begin + tick * HOUR for tick in ticks), arrival)


def _event(number: int, name: str, hour: int, total: int | None) -> Event:
    """Return what was done at an hour after noon, for so much."""
    properties = {} if total is None else {"total": Typed(ValueType.NUMBER, Fraction(total))}
    return Event(f"e{number:03}", name, NOON + hour * HOUR, properties)


def story_of(sentence: str, told: str, hours: list[int]) -> Story:
    """Return the story of what people do, told at hours: "1 ada cart told at 4, 2 bob order 50"; first of nothing."""
    events: dict[str, list[Event]] = {}
    arrival: dict[str, int] = {}
    for number, words in enumerate(told.split(", ")):
        what, _, late = words.partition(" told at ")
        hour, person, name, *totals = what.split()
        event = _event(number, name, int(hour), int(totals[0]) if totals else None)
        events.setdefault(person, []).append(event)
        arrival[event.event_id] = 1 + sum(one < int(late or hour) for one in hours)
    people = tuple(Person(name, min(one.ts for one in its), tuple(its)) for name, its in sorted(events.items()))
    rules = {"rule": read_rule(sentence, GRID_CATALOG)}
    ticks = [NOON + hour * HOUR for hour in hours]
    return Story(World(people, {}, GRID_CATALOG, rules, NOON), (NOON, *ticks), arrival)


def rows_of(person: Person) -> list[Event | TraitValue]:
    """Return all that is known of a person."""
    return [*person.events, *person.traits]


class Telling:
    """A live engine that is told a story, with all that it gave.

    It begins at a tick with the epochs so far, and with everybody of whom something is known, or once was.
    """

    def __init__(self, story: Story, begin: int = 0, epochs: Sequence[Epoch] = (), once: Sequence[str] = ()) -> None:
        self.story = story
        warm = story.known(begin)
        strangers = story.strangers(begin).difference(once)
        self.warm = replace(warm, people=tuple(one for one in warm.people if one.person_id not in strangers))
        history = history_of(self.warm)
        self.ids: list[str] = history.people.to_pylist()
        self.engine = LiveEngine(history, warm.catalog, warm.rules, story.ticks[begin], epochs=epochs)
        self.given = Changes.none()
        self.rules = list(warm.rules)
        self.before = self.timelines(self.warm, story.ticks[begin])

    def tick(self, number: int, most: int | None = None) -> Changes:
        """Tell what arrives at a tick, and what time alone brings, or about so much of it."""
        return self.tell(self._arrivals(number), number, most)

    def tell(self, arrivals: Arrivals, number: int, most: int | None = None) -> Changes:
        """Tell something at a tick."""
        changes = self.engine.tell(arrivals, self.story.ticks[number], most)
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
        told = [(one, [row for row in rows_of(one) if self._arrives(row, number)]) for one in rows]
        return self._rows(told, seen, tuple(new))

    def retell(self, story: Story, number: int, names: list[str]) -> Changes:
        """Tell anew, at a tick, of those who are named: that they are who they are in another story."""
        self.story = story
        told = [one for one in story.known(number).people if one.person_id in names]
        seen = {one.person_id: one.first_seen for one in told if one.first_seen < NEVER}
        arrivals = self._rows([(one, rows_of(one)) for one in told], seen, ())
        changes = self.engine.retell(np.array([self.ids.index(name) for name in names]), arrivals)
        self.given = Changes.joined([self.given, changes])
        return changes

    def _rows(
        self, told: list[tuple[Person, list[Event | TraitValue]]], seen: dict[str, Moment], new: tuple[str, ...]
    ) -> Arrivals:
        events: dict[str, list[tuple[int, Event]]] = {}
        traits: dict[str, list[tuple[int, TraitValue]]] = {}
        for person, rows in told:
            place = self.ids.index(person.person_id)
            for row in rows:
                if isinstance(row, Event):
                    events.setdefault(row.name, []).append((place, row))
                else:
                    traits.setdefault(row.name, []).append((place, row))
        return Arrivals(
            {name: event_rows(its, self.story.world.catalog.events[name]) for name, its in events.items()},
            {name: value_rows(its) for name, its in traits.items()},
            new,
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

    def named(self, changes: Changes) -> list[tuple[str, str, Moment, bool, Cause, bool]]:
        """Return changes by the names of people and rules, in order."""
        return sorted(
            (self.ids[one.person], self.rules[one.rule], one.moment, one.enters, one.cause, one.retracts)
            for one in changes
        )

    def replayed(self, until: Moment = NEVER) -> dict[str, list[str]]:
        """Return the members that all changes lead to, those up to a moment, one after another."""
        log = sorted(self.before, key=lambda one: one[2])
        for change in self.given:
            one = (self.ids[change.person], self.rules[change.rule], change.moment, change.enters)
            if change.retracts:
                log.remove(one)
            else:
                log.append(one)
        told = sorted((one for one in log if one[2] <= until), key=lambda one: one[2])
        inside = {(person, rule): enters for person, rule, _, enters in told}
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
