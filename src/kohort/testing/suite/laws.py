"""The laws that hold in every world."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.plan import build_plan
from kohort.engines.reference import Person, Reference, TraitValue, Typed
from kohort.engines.statistics import Statistic, Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import AgainstMean, AgainstQuantile, DaysSince
from kohort.rules.read import read_rule
from kohort.testing.random_values import moments
from kohort.testing.suite.base import EngineCases, examples, members_of
from kohort.testing.worlds import World, worlds

_CATALOG = Catalog(traits={"clv": ValueType.NUMBER})
_RULES = {
    "top": read_rule("clv in top 50%", _CATALOG),
    "above": read_rule("clv > mean + 1 std", _CATALOG),
    "scored": read_rule("score of clv out of 4 >= 4", _CATALOG),
}


def _worth(*values: int | Fraction) -> World:
    """Return a world of people p0, p1, … with these values."""
    people = tuple(
        Person(f"p{number}", 0, traits=(TraitValue("clv", "v", 0, Typed(ValueType.NUMBER, Fraction(value))),))
        for number, value in enumerate(values)
    )
    return World(people, {}, _CATALOG, _RULES, 5)


class Laws(EngineCases):
    """What is true of every world, and the statistics of populations."""

    @examples(50)
    @given(worlds())
    def test_the_members_and_statistics_are_those_of_the_reference(self, world: World) -> None:
        found = self.engine_of(world).evaluate(dict(world.rules), world.at)
        reference = Reference(world.people, world.catalog, world.at)
        assert members_of(found) == reference.evaluate(world.rules)
        assert found.population == len(reference.existing)
        terms = build_plan(world.rules, world.catalog).terms
        assert set(found.statistics.by_key) == set(terms)
        for key, term in terms.items():
            used = found.statistics.by_key[key]
            assert (used.at, used.population) == (world.at, len(reference.population(term.value, term.among)))
            if isinstance(term, AgainstMean | AgainstQuantile):
                threshold = reference.threshold(term)
                unit = DAY if isinstance(term.value, DaysSince) else MICRO
                assert used.thresholds == (() if threshold is None else (threshold * unit,))

    @examples(8)
    @given(worlds(), st.randoms(use_true_random=False))
    def test_the_order_in_which_events_arrived_does_not_matter(self, world: World, random: Random) -> None:
        expected = members_of(self.engine_of(world).evaluate(dict(world.rules), world.at))
        people = [
            replace(
                person,
                events=tuple(random.sample(person.events, len(person.events))),
                traits=tuple(random.sample(person.traits, len(person.traits))),
            )
            for person in random.sample(world.people, len(world.people))
        ]
        arrived = replace(world, people=tuple(people))
        assert members_of(self.engine_of(arrived).evaluate(dict(world.rules), world.at)) == expected

    @examples(8)
    @given(worlds(most_rules=3), moments())
    def test_rules_do_not_change_each_others_members_nor_an_evaluation_the_next(self, world: World, other: int) -> None:
        engine = self.engine_of(world)
        together = engine.evaluate(dict(world.rules), world.at)
        engine.evaluate(dict(world.rules), other)
        again = engine.evaluate(dict(world.rules), world.at)
        assert (members_of(again), again.statistics) == (members_of(together), together.statistics)
        for name, rule in world.rules.items():
            alone = engine.evaluate({name: rule}, world.at)
            assert members_of(alone) == {name: members_of(together)[name]}

    @examples(8)
    @given(worlds(most_rules=2), moments())
    def test_pinned_statistics_are_those_used(self, world: World, epoch: int) -> None:
        engine = self.engine_of(world)
        pinned = engine.evaluate(dict(world.rules), epoch).statistics
        found = engine.evaluate(dict(world.rules), world.at, pinned)
        assert found.statistics == pinned
        known = Reference(world.people, world.catalog, world.at).existing
        for person in known[:1]:
            for name, rule in world.rules.items():
                explained = engine.explain(rule, person.person_id, world.at, pinned)
                assert explained.holds == (person.person_id in members_of(found)[name])

    def test_an_evaluation_gives_the_numbers_that_it_used(self) -> None:
        assert self.engine_of(_worth(10, 20, 30, 40)).evaluate(_RULES, 5).statistics == Statistics(
            {
                "top 50% of clv": Statistic(5, 4, (30 * MICRO,)),
                "mean + 1 std of clv": Statistic(5, 4, (37_909_944,)),  # 25 + √(500/3)
                "score of clv out of 4": Statistic(5, 4, (10 * MICRO, 20 * MICRO, 30 * MICRO)),
            }
        )

    def test_mean_and_a_deviation_are_of_the_sample_in_every_engine(self) -> None:
        # Of the population the threshold would be 38.49, and of the four without the last 36.18: 37 would be above it.
        found = self.engine_of(_worth(10, 20, 30, 40, 37)).evaluate({"above": _RULES["above"]}, 5)
        assert found.statistics.by_key["mean + 1 std of clv"] == Statistic(5, 5, (39_801_613,))  # 27.4 + √(615.2/4)
        assert members_of(found) == {"above": ["p3"]}
        four = self.engine_of(_worth(10, 20, 30, 40)).evaluate(_RULES, 5).statistics
        assert members_of(self.engine_of(_worth(10, 20, 30, 40, 37)).evaluate(_RULES, 5, four))["above"] == ["p3"]

    @pytest.mark.parametrize(
        ("micros", "threshold"),
        [((1, 2), 2), ((2, 3), 2), ((-1, -2), -2), ((-2, -3), -2), ((1, 2, 3), 2)],
        ids=["1.5 to the even 2", "2.5 to the even 2", "-1.5 to the even -2", "-2.5 to the even -2", "2 stays"],
    )
    def test_a_threshold_is_rounded_half_even_to_six_places(self, micros: tuple[int, ...], threshold: int) -> None:
        rules = {one: read_rule(f"clv > {one}", _CATALOG) for one in ("mean", "median", "quantile 0.5")}
        world = _worth(*(Fraction(one, MICRO) for one in micros))
        found = self.engine_of(world).evaluate(rules, 5).statistics
        assert {one.thresholds for one in found.by_key.values()} == {(threshold,)}

    def test_pinned_statistics_are_used_and_what_they_lack_is_computed(self) -> None:
        pinned = Statistics({"top 50% of clv": Statistic(1, 9, (20 * MICRO,)), "of another rule": Statistic(1, 1, ())})
        found = self.engine_of(_worth(10, 20, 30, 40)).evaluate(_RULES, 5, pinned)
        assert members_of(found) == {"top": ["p1", "p2", "p3"], "above": ["p3"], "scored": ["p3"]}
        assert {key: one.at for key, one in found.statistics.by_key.items()} == {
            "top 50% of clv": 1,
            "mean + 1 std of clv": 5,
            "score of clv out of 4": 5,
        }

    def test_thresholds_of_nobody_are_missing_and_hold_for_nobody(self) -> None:
        found = self.engine_of(_worth()).evaluate(_RULES, 5)
        assert [one.thresholds for one in found.statistics.by_key.values()] == [(), (), ()]
        assert list(members_of(found).values()) == [[], [], []]
        assert found.population == 0
