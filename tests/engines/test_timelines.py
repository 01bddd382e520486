"""Law: a timeline says of every moment what the slow, obvious reference says, to the microsecond."""

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, Moment, parse_moment
from kohort.definitions.values import ValueType
from kohort.engines.plan import build_plan
from kohort.engines.reference import Event, Person, TraitValue, Typed
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.statistics import Statistic, Statistics
from kohort.engines.timelines.courses import Course, Stretch
from kohort.engines.timelines.timeline import timelines
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.columns import history_of
from kohort.testing.pinned import PinnedReference
from kohort.testing.random_values import moments
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

CONNECTION = open_duckdb(threads=1)
PARIS = ZoneInfo("Europe/Paris")
CATALOG = Catalog(
    events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}},
    traits={"clv": ValueType.NUMBER, "born": ValueType.MOMENT},
    segments={"recent": "did order in last 2 days"},
    zone=PARIS,
)


def courses_of(world: World, stretch: Stretch, statistics: Statistics | None = None) -> dict[str, Course]:
    """Return each rule's timelines, people in the order of their ids."""
    (block,) = history_of(world, real=8).blocks
    return timelines(build_plan(world.rules, world.catalog), block, stretch, world.catalog, statistics)


@examples(60)
@given(worlds(most_rules=3), moments(), moments(), st.sampled_from((0, 400 * DAY)), st.lists(moments(), max_size=8))
def test_a_timeline_agrees_with_the_reference_at_every_moment(
    world: World, one: Moment, other: Moment, longer: int, asked: list[Moment]
) -> None:
    stretch = Stretch(min(one, other) - longer, max(one, other) + longer)
    people = sorted(world.people, key=lambda person: person.person_id)
    for name, course in courses_of(world, stretch, statistics_of(world)).items():
        rule = check_rule(world.rules[name], world.catalog)
        for place, person in enumerate(people):
            changes, truth = course.of_person(place)
            near = [m + off for m in [*changes.tolist(), *asked, stretch.until] for off in (-1, 0, 1)]
            for moment in (m for m in dict.fromkeys(near) if stretch.since <= m <= stretch.until):
                reference = PinnedReference.of(world.people, world.catalog, moment, world.at)
                expected = person.first_seen <= moment and reference.holds(rule, person)
                assert truth[changes.searchsorted(moment, side="right") - 1] == expected, (name, person, moment)


def statistics_of(world: World) -> Statistics:
    """Return the numbers of the population as of the moment of the world."""
    create_relations(CONNECTION, world)
    return SqlEngine(DuckStore(CONNECTION), world.catalog).evaluate(world.rules, world.at).statistics


ADA = Person(
    "ada",
    parse_moment("2026-03-01", PARIS),
    (
        Event("1", "order", parse_moment("2026-03-28T10:00", PARIS), {"total": Typed(ValueType.NUMBER, Fraction(40))}),
        Event("2", "order", parse_moment("2026-03-29T20:00", PARIS), {"total": Typed(ValueType.NUMBER, Fraction(20))}),
        Event("3", "cart", parse_moment("2026-03-30T09:00", PARIS)),
    ),
    (
        TraitValue("clv", "v1", parse_moment("2026-03-29T12:00", PARIS), Typed(ValueType.NUMBER, Fraction(60))),
        TraitValue(
            "born", "v2", 0, Typed(ValueType.MOMENT, parse_moment("1990-03-30", PARIS))
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "changes"),
    [
        # In with the event, out when it is two days old.
        ("did order in last 2 days", ["in 2026-03-28T10:00", "out 2026-03-31T20:00"]),
        ("count of order in last 2 days >= 2", ["in 2026-03-29T20:00", "out 2026-03-30T11:00"]),
        # Two days are 48 hours, over the night to summer time too; a day of the calendar ends at midnight.
        ("did order today", ["in 2026-03-28T10:00", "out 2026-03-29", "in 2026-03-29T20:00", "out 2026-03-30"]),
        ("did order yesterday", ["in 2026-03-29", "out 2026-03-31"]),
        ("sum of order.total in last 2 days > 50", ["in 2026-03-29T20:00", "out 2026-03-30T11:00"]),
        ("mean of order.total < 35", ["in 2026-03-29T20:00"]),
        ("days since last order > 1", ["in 2026-03-29T11:00:00.000001", "out 2026-03-29T20:00",
                                       "in 2026-03-30T20:00:00.000001"]),
        ("days since last order <= 1", ["in 2026-03-28T10:00", "out 2026-03-29T11:00:00.000001", "in 2026-03-29T20:00",
                                        "out 2026-03-30T20:00:00.000001"]),
        ("clv > 50", ["in 2026-03-29T12:00"]),
        ("anniversary of born in next 1 day", ["in 2026-03-29", "out 2026-03-31"]),
        # Abandoned when the day to order is over, not when the cart was filled.
        ("did cart then not order within 1 day", ["in 2026-03-31T09:00"]),
        # One event does not follow itself.
        ("did cart then cart", []),
        ("did order then cart within 1 day", ["in 2026-03-30T09:00"]),
        ('not in segment "recent"', ["in 2026-03-27", "out 2026-03-28T10:00", "in 2026-03-31T20:00"]),
        ("clv in top 50%", ["in 2026-03-29T12:00"]),
        ("clv in top 50% among did cart", ["in 2026-03-30T09:00"]),
    ],
)  # fmt: skip
def test_when_ada_enters_and_leaves(sentence: str, changes: list[str]) -> None:
    pinned = Statistic(at=0, population=9, thresholds=(55_000_000,))
    keys = ("top 50% of clv", "top 50% of clv among did cart")
    world = World((ADA,), {}, CATALOG, {"rule": read_rule(sentence, CATALOG)}, 0)
    stretch = Stretch(parse_moment("2026-03-27", PARIS), parse_moment("2026-04-01", PARIS))
    course = courses_of(world, stretch, Statistics(dict.fromkeys(keys, pinned)))["rule"]
    words = {parse_moment(change.split()[1], PARIS): change for change in changes}
    found = list(zip(course.moments.tolist(), course.holds.tolist(), strict=True))
    shown = [(moment, holds) for moment, holds in found if moment > stretch.since or holds]
    assert [words.get(moment, f"{moment}").split()[0] for moment, _ in shown] == [
        "in" if holds else "out" for _, holds in shown
    ]
    assert [moment for moment, _ in shown] == list(words)
