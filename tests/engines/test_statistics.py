"""The statistics of an epoch: recorded, pinned, completed."""

import json
from fractions import Fraction

import pytest

from kohort.clock import DAY
from kohort.definitions.values import ValueType
from kohort.engines.plan import build_plan
from kohort.engines.reference import Person, TraitValue, Typed
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.statistics import Statistics
from kohort.errors import CorruptionError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.relations import create_relations
from kohort.testing.worlds import World

CATALOG = Catalog(traits={"clv": ValueType.NUMBER}, events={"order": {"total": {ValueType.NUMBER: "total"}}})
RULES = {
    "top": read_rule("clv in top 50%", CATALOG),
    "above": read_rule("clv > mean + 1 std", CATALOG),
    "scored": read_rule("score of clv out of 4 >= 4", CATALOG),
}


def engine_of(*values: int) -> SqlEngine:
    from_values = tuple(
        Person(f"p{number}", 0, traits=(TraitValue("clv", "v", 0, Typed(ValueType.NUMBER, Fraction(value))),))
        for number, value in enumerate(values)
    )
    connection = open_duckdb(threads=1)
    create_relations(connection, World(from_values, {}, CATALOG, {}, 0))
    return SqlEngine(DuckStore(connection), CATALOG)


def test_statistics_survive_the_journal() -> None:
    used = engine_of(10, 20, 30, 40).evaluate(RULES, at=5).statistics
    assert Statistics.of_json(json.loads(json.dumps(used.to_json()))) == used


@pytest.mark.parametrize("record", [{}, {"at": 1}, {"at": 1, "population": 2, "thresholds": ["x"]}, {"at": "now"}])
def test_a_record_that_is_no_statistic_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(CorruptionError, match="kohort rebuild"):
        Statistics.of_json({"top 5% of clv": record})


def test_equal_windows_share_their_feature_and_statistic() -> None:
    rules = {
        "days": read_rule("sum of order.total in last 14 days in top 5%", CATALOG),
        "weeks": read_rule("sum of order.total in last 2 weeks in top 5%", CATALOG),
        "hours": read_rule("sum of order.total in last 336 hours > 3", CATALOG),
    }
    plan = build_plan(rules, CATALOG)
    assert len(plan.features) == 1
    assert list(plan.terms) == ["top 5% of sum of order.total in last 14 days"]
    assert plan.features[0].measure.window.length == 14 * DAY  # type: ignore[union-attr]  # it is an aggregate
