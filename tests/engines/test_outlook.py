"""Law: each "what would change it" does change it, applied to the world and asked of the slow, obvious reference."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, Moment, moment_of
from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.values import ValueType
from kohort.engines.evaluation import Doing, Fact, Setting, Shown
from kohort.engines.outlook.evidence import with_facts
from kohort.engines.outlook.hypotheses import type_of
from kohort.engines.outlook.outlook import Case, outlook_of
from kohort.engines.plan import build_plan
from kohort.engines.reference import ConsentChoice, Event, Person, TraitValue, Typed
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.statistics import Statistic, Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.nodes import ConsentTo
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.columns import history_of
from kohort.testing.pinned import PinnedReference
from kohort.testing.random_values import NOON, moments
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

CONNECTION = open_duckdb(threads=1)
CATALOG = Catalog(
    events={
        "order": {"total": {ValueType.NUMBER: "total"}, "shop": {ValueType.TEXT: "shop"}},
        "cart": {"item": {ValueType.TEXT: "item"}},
    },
    traits={"clv": ValueType.NUMBER, "country": ValueType.TEXT, "subscribed": ValueType.BOOLEAN},
    segments={"french": 'country = "FR"'},
)


def case_of(world: World, person: Person, statistics: Statistics) -> Case:
    """Return the case of one person of a world of one rule."""
    (block,) = history_of(world, real=8).blocks
    place = sorted(one.person_id for one in world.people).index(person.person_id)
    its = block.of_people(np.array([place], np.int32))
    return Case.of(build_plan(world.rules, world.catalog), its, world.catalog, statistics, world.at)


def consenting(person: Person, categories: Sequence[str], at: Moment, *, granted: bool) -> Person:
    """Return the person after all their actors were asked anew, in another form, for every category of a purpose."""
    actors = sorted({one.actor for one in person.choices}) or [""]
    told = [ConsentChoice(actor, "zz", category, at, granted) for actor in actors for category in categories]
    return replace(person, choices=(*person.choices, *told))


def with_change(person: Person, change: Doing | Setting, at: Moment, catalog: Catalog) -> tuple[Person, Moment]:
    """Return the person with a change applied after `at`, and the moment when it is complete."""
    match change:
        case Setting(value=bool() as granted) if change.trait.startswith(CONSENT_PREFIX):
            categories = catalog.purposes[change.trait.removeprefix(CONSENT_PREFIX)]
            return consenting(person, categories, at + 1, granted=granted), at + 1
        case Setting():
            value = None if change.value is None else typed(change.value)
            return replace(person, traits=(*person.traits, TraitValue(change.trait, "zz", at + 1, value))), at + 1
        case Doing():
            properties = {name: typed(value) for name, value in change.properties}
            done = [Event(f"zz{number}", change.event, at + 1 + number, properties) for number in range(change.times)]
            return replace(person, events=(*person.events, *done)), done[-1].ts


def typed(value: Shown) -> Typed:
    kind = type_of(value)
    match value:
        case Decimal():
            return Typed(kind, Fraction(value))
        case bool() | str() | tuple():
            return Typed(kind, value)
        case None:
            raise TypeError("no value")
        case _:
            return Typed(kind, moment_of(value))


NOBODY_ASKED = replace(CATALOG, purposes={"ads": ("ads", "Advertising")})


@examples(60)
@example(World((Person("p0", NOON),), {}, NOBODY_ASKED, {"rule 0": ConsentTo("ads")}, NOON), [])
@given(worlds(most_rules=1), st.lists(moments(), max_size=4))
def test_what_would_change_it_does_change_it(world: World, asked: list[Moment]) -> None:
    create_relations(CONNECTION, world)
    statistics = SqlEngine(DuckStore(CONNECTION), world.catalog).evaluate(world.rules, world.at).statistics
    ((_, rule),) = world.rules.items()
    rule = check_rule(rule, world.catalog)
    for person in (one for one in world.people if one.first_seen <= world.at):

        def holds(moment: Moment, of: Person = person) -> bool:
            return PinnedReference.of(world.people, world.catalog, moment, world.at).holds(rule, of)

        now, outlook = holds(world.at), outlook_of(case_of(world, person, statistics))
        turn = outlook.time_alone
        if turn is not None:
            assert (holds(turn - 1), holds(turn)) == (now, not now)
        for moment in (m for m in asked if world.at < m < (outlook.looked_until if turn is None else turn)):
            assert holds(moment) == now, "nothing changes before"
        if outlook.single_change is not None:
            changed, moment = with_change(person, outlook.single_change, world.at, world.catalog)
            assert (holds(moment), holds(moment, changed)) == (now, not now)


ADA = Person(
    "ada",
    0,
    (
        Event("1", "order", NOON - 5 * DAY, {"total": Typed(ValueType.NUMBER, Fraction(30))}),
        Event("2", "order", NOON - 2 * DAY, {"total": Typed(ValueType.NUMBER, Fraction(5, 2))}),
        Event("3", "cart", NOON - HOUR),
    ),
    (TraitValue("country", "v", NOON - 9 * DAY, Typed(ValueType.TEXT, "FR")),),
)
A_DAY_LATER = NOON + 23 * HOUR
TOLD: list[tuple[str, Moment | None, Doing | Setting | None]] = [
    # What ada is, when time alone changes it, and what she could do.
    ("count of order in last 7 days >= 2", NOON + 2 * DAY, None),
    ("count of order in last 7 days >= 4", None, Doing("order", 2)),
    ("sum of order.total >= 45", None, Doing("order", 1, (("total", Decimal("12.5")),))),
    ("sum of order.total > 45", None, Doing("order", 1, (("total", Decimal("12.51")),))),
    ("mean of order.total >= 20", None, Doing("order", 1, (("total", Decimal("27.5")),))),
    ("max of order.total > 50", None, Doing("order", 1, (("total", Decimal("50.01")),))),
    ("days since last order > 7", NOON + 5 * DAY + 1, None),
    ("days since last order <= 7", NOON + 5 * DAY + 1, None),
    ("days since last order > 1", None, Doing("order")),
    ("did cart then not order within 1 day", A_DAY_LATER, None),
    ("did cart then order", None, Doing("order")),
    ('did order where shop = "Lyon"', None, Doing("order", 1, (("shop", "Lyon"),))),
    ("count of order where total > 20 >= 2", None, Doing("order", 1, (("total", Decimal("20.01")),))),
    ("count of order >= 3 and sum of order.total > 100", None, Doing("order", 1, (("total", Decimal("67.51")),))),
    ('country = "DE"', None, Setting("country", "DE")),
    ('in segment "french"', None, Setting("country", "…")),
    ("subscribed = true", None, Setting("subscribed", True)),
    ("clv in top 5%", None, Setting("clv", Decimal(80))),
    ("did cart and subscribed = true and clv > 3", None, None),
    ("did order since 2026-01-01", None, None),
]


def told(sentence: str) -> Case:
    world = World((ADA,), {}, CATALOG, {"rule": read_rule(sentence, CATALOG)}, NOON)
    return case_of(world, ADA, Statistics({"top 5% of clv": Statistic(0, 40, (80_000_000,))}))


@pytest.mark.parametrize(("sentence", "time_alone", "change"), TOLD)
def test_what_would_change_it_for_ada(sentence: str, time_alone: Moment | None, change: Doing | Setting | None) -> None:
    found = outlook_of(told(sentence))
    assert (found.time_alone, found.single_change) == (time_alone, change)


ORDERS = (Fact("order", NOON - 2 * DAY, "total", Decimal("2.5")), Fact("order", NOON - 5 * DAY, "total", Decimal(30)))


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("did order", tuple(replace(one, property=None, value=None) for one in ORDERS)),
        ("sum of order.total > 1", ORDERS),
        ("max of order.total > 1", ORDERS[::-1]),
        ("sum of order.total in last 3 days > 1", ORDERS[:1]),
        ("first of order.total > 1", ORDERS[1:]),
        ("days since last order > 1", (replace(ORDERS[0], property=None, value=None),)),
        ("distinct of order.shop >= 1", ()),
        ("did order then cart", (Fact("order", NOON - 2 * DAY), Fact("cart", NOON - HOUR))),
        ('country = "DE"', (Fact("country", NOON - 9 * DAY, value="FR"),)),
        ("clv > 1", ()),
    ],
)
def test_a_leaf_names_the_facts_that_it_comes_from(sentence: str, facts: tuple[Fact, ...]) -> None:
    case = told(sentence)
    create_relations(CONNECTION, World((ADA,), {"1": "a", "2": "a", "3": "a"}, CATALOG, {}, NOON))
    explanation = SqlEngine(DuckStore(CONNECTION), CATALOG).explain(case.plan.rules["rule"], "ada", NOON)
    found = with_facts(explanation, case.plan.rules["rule"], case.plan, case.sources)
    assert (found.facts, found.facts_in_all) == (facts, len(facts))
