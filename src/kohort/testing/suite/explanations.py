"""An explanation says why: its leaves, combined as the rule says, give the membership."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from kohort.clock import DAY, HOUR
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.evaluation import Explanation
from kohort.engines.reference import Event, Person, TraitValue, Typed
from kohort.engines.statistics import Statistic, Statistics
from kohort.errors import UnknownNameError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import And, InSegment, Not, Or, Rule, children
from kohort.rules.read import read_rule
from kohort.testing.suite.base import Engine, EngineCases, examples
from kohort.testing.worlds import World, worlds

_NOW = 100 * DAY
_CATALOG = Catalog(
    events={"order": {"total": {ValueType.NUMBER: "total"}, "tags": {ValueType.TEXT_LIST: "tags"}}},
    traits={"clv": ValueType.NUMBER, "country": ValueType.TEXT, "signed_up": ValueType.MOMENT},
    segments={"french": 'country = "FR"'},
)


def _combined(rule: Rule, explanation: Explanation, catalog: Catalog) -> bool:
    """Return what the leaves of an explanation give, combined by the rule."""
    match rule:
        case And() | Or() | Not():
            parts = [
                _combined(part, found, catalog) for part, found in zip(children(rule), explanation.parts, strict=True)
            ]
            return all(parts) if isinstance(rule, And) else any(parts) if isinstance(rule, Or) else not parts[0]
        case InSegment():
            return _combined(read_rule(catalog.segments[rule.name], catalog), explanation.parts[0], catalog)
        case _:
            return explanation.holds


def _number(value: int) -> Typed:
    return Typed(ValueType.NUMBER, Fraction(value))


class ExplanationCases(EngineCases):
    """An explanation says why."""

    @examples(8)
    @given(worlds(most_rules=1))
    def test_the_leaves_combined_by_the_rule_give_the_membership(self, world: World) -> None:
        engine = self.engine_of(world)
        (rule,) = world.rules.values()
        evaluation = engine.evaluate({"rule": rule}, world.at)
        inside = set(evaluation.members["rule"].to_pylist())
        for person in world.people:
            if person.first_seen <= world.at:
                explanation = engine.explain(rule, person.person_id, world.at, evaluation.statistics)
                assert explanation.holds == (person.person_id in inside)
                assert _combined(rule, explanation, world.catalog) == explanation.holds

    def _engine_of_three(self) -> Engine:
        tags = Typed(ValueType.TEXT_LIST, ("a",))
        people = (
            Person(
                "ada",
                0,
                (
                    Event("1", "order", _NOW - 36 * HOUR, {"total": _number(50), "tags": tags}),
                    Event("2", "order", _NOW - 9 * DAY, {"total": _number(7)}),
                ),
                (
                    TraitValue("clv", "v", 0, _number(30)),
                    TraitValue("country", "v", 0, Typed(ValueType.TEXT, "FR")),
                    TraitValue("signed_up", "v", 0, Typed(ValueType.MOMENT, DAY)),
                ),
            ),
            Person("bob", 0, (), (TraitValue("clv", "v", 0, _number(10)),)),
            Person("cleo", _NOW + 1),
        )
        return self.engine_of(World(people, {"1": "a", "2": "a"}, _CATALOG, {}, _NOW))

    def _explain(self, sentence: str, person: str = "ada", pinned: Statistics | None = None) -> Explanation:
        return self._engine_of_three().explain(read_rule(sentence, _CATALOG), person, _NOW, pinned)

    @pytest.mark.parametrize(
        ("sentence", "value"),
        [
            ("count of order in last 7 days >= 1", Decimal(1)),
            ("sum of order.total > 50", Decimal(57)),
            ("mean of order.total > 50", Decimal("28.5")),
            ("days since last order < 1", Decimal("1.5")),
            ('country = "DE"', "FR"),
            ("signed_up exists", datetime(1970, 1, 2, tzinfo=UTC)),
            ("last of order.tags exists", ("a",)),
            ("did order", Decimal(2)),
            ("min of order.total in last 1 hour exists", None),
        ],
    )
    def test_a_leaf_shows_the_persons_value(self, sentence: str, value: object) -> None:
        assert self._explain(sentence).value == value

    def test_a_leaf_on_the_population_shows_the_number_used_and_its_moment(self) -> None:
        assert self._explain("clv > mean + 1 std") == Explanation(
            "clv > mean + 1 std",
            holds=False,
            value=Decimal(30),
            thresholds=(Decimal("34.142136"),),
            population=2,
            statistics_at=_NOW,
        )

    def test_a_score_shows_what_it_was_computed_from(self) -> None:
        found = self._explain("score of clv out of 2 = 2")
        assert (found.holds, found.value, found.scored) == (True, Decimal(2), Decimal(30))
        assert found.thresholds == (Decimal(10),)
        outside = self._explain("score of days since last order out of 2 is missing", "bob")
        assert (outside.holds, outside.value, outside.scored) == (True, None, None)

    def test_pinned_statistics_are_shown_with_their_own_moment(self) -> None:
        pinned = Statistics({"mean of clv": Statistic(at=5, population=80, thresholds=(40 * MICRO,))})
        found = self._explain("clv > mean", pinned=pinned)
        assert (found.holds, found.population, found.statistics_at) == (False, 80, 5)
        assert found.thresholds == (Decimal(40),)

    def test_a_segment_is_explained_by_its_own_rule(self) -> None:
        found = self._explain('not in segment "french"')
        assert [found.sentence, found.parts[0].sentence, found.parts[0].parts[0].sentence] == [
            'not in segment "french"',
            'in segment "french"',
            'country = "FR"',
        ]
        assert (found.holds, found.parts[0].parts[0].value) == (False, "FR")

    @pytest.mark.parametrize("person", ["cleo", "nobody", "' OR 1=1 --"])
    def test_who_does_not_exist_is_refused_without_naming_anybody_else(self, person: str) -> None:
        with pytest.raises(UnknownNameError) as caught:
            self._explain("clv exists", person)
        assert "ada" not in str(caught.value)
