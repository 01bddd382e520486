"""The SQL engine on DuckDB."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.criteria import criterion_of
from kohort.engines.evaluation import Evaluation, Explanation
from kohort.engines.explain import Facts, explain_rule
from kohort.engines.plan import Bits, Feature, Plan, build_plan, combine
from kohort.engines.sql.statements import (
    Place,
    Places,
    Statement,
    drop_table,
    event_table,
    people_with,
    person_values,
    population_values,
    trait_table,
)
from kohort.engines.statistics import Statistic, Statistics, statistic_of
from kohort.errors import UnknownNameError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, DaysSince, Rule


class SqlEngine:
    """Evaluates rules on a DuckDB connection that has the relations `events`, `people` and `trait_values`.

    `events(event_id, person_id, name, ts, …)` has one column per property and type, named by `catalog`;
    `people(person_id, first_seen)`; `trait_values(person_id, name, value_id, set_at, number, text, boolean,
    moment, list, removed)`. Moments are microseconds UTC, numbers are micros. The engine only reads them; its
    own temporary tables are dropped before it returns, whatever happens.

    >>> connection = duckdb.connect()
    >>> _ = connection.execute("CREATE TABLE people AS SELECT 'ada' person_id, 0 first_seen")
    >>> _ = connection.execute("CREATE TABLE events AS SELECT 'e1' event_id, 'ada' person_id, 'e' name, 5 ts")
    >>> from kohort.rules.parse import parse_rule
    >>> engine = SqlEngine(connection, Catalog(events={"e": {}}))
    >>> engine.evaluate({"active": parse_rule("did e")}, at=5).members["active"].to_pylist()
    ['ada']
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return the members of each rule as of `at`.

        `pinned` are the statistics of an epoch; what they lack is computed as of `at`. Raises RuleError or
        DefinitionError for a rule that does not fit the catalog.
        """
        plan = build_plan(rules, self._catalog)
        with self._features(plan, at, None) as places:
            statistics = self._statistics(plan, places, at, pinned)
            criteria = [criterion_of(condition, statistics, self._catalog) for condition in plan.conditions]
            table = self._arrow(people_with(criteria, places, at))
        ids = table["person_id"].combine_chunks()
        bits = {
            condition: np.packbits(_values(table[f"c{index}"]), bitorder="little")
            for index, condition in enumerate(plan.conditions)
        }
        members = {name: ids.filter(_mask(packed, len(ids))) for name, packed in combine(plan, bits).items()}
        return Evaluation(at, members, len(ids), statistics)

    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation:
        """Return why `person_id` is, or is not, a member of `rule` as of `at`.

        Raises UnknownNameError for a person who does not exist at `at`, and what `evaluate` raises.
        """
        plan = build_plan({"": rule}, self._catalog)
        statistics = self._pinned(plan, pinned)
        if len(statistics.by_key) < len(plan.terms):
            with self._features(plan, at, None) as places:
                statistics = self._statistics(plan, places, at, pinned)
        criteria = [criterion_of(condition, statistics, self._catalog) for condition in plan.conditions]
        with self._features(plan, at, person_id) as places:
            holds = self._arrow(people_with(criteria, places, at, person_id)).to_pylist()
            if not holds:
                raise UnknownNameError("person", person_id, [], hint="nobody of that id exists at that moment")
            values = self._arrow(person_values(places, at, person_id)).to_pylist()[0]
        facts = Facts(
            holds={condition: bool(holds[0][f"c{index}"]) for index, condition in enumerate(plan.conditions)},
            values={feature: values[f"v{place.index}"] for feature, place in places.items()},
            in_population={feature: values[f"p{place.index}"] for feature, place in places.items()},
            statistics=statistics,
        )
        return explain_rule(plan, plan.rules[""], facts, self._catalog)

    @contextmanager
    def _features(self, plan: Plan, at: Moment, person: str | None) -> Iterator[Places]:
        """Make the narrow tables of `plan`, one per event name and one of traits, and drop them in the end."""
        tables: dict[str | None, list[Feature]] = {}
        for feature in plan.features:
            measure = feature.measure
            event = measure.event if isinstance(measure, Aggregate | DaysSince) else None
            tables.setdefault(event, []).append(feature)
        numbers = {feature: index for index, feature in enumerate(plan.features)}
        places: dict[Feature, Place] = {}
        names: list[str] = []
        try:
            for index, (event, features) in enumerate(tables.items()):
                name = f"kohort_features_{index}"
                its = {feature: Place(name, numbers[feature]) for feature in features}
                names.append(name)
                if event is None:
                    self._run(trait_table(name, its, at, person))
                else:
                    self._run(event_table(name, event, its, at, self._catalog, person))
                places |= its
            yield places
        finally:
            for name in names:
                self._run(drop_table(name))

    def _statistics(self, plan: Plan, places: Places, at: Moment, pinned: Statistics | None) -> Statistics:
        found: dict[str, Statistic] = dict(self._pinned(plan, pinned).by_key)
        lacking = {key: term for key, term in plan.terms.items() if key not in found}
        wanted = {term: Feature(term.value, ValueType.NUMBER) for term in lacking.values()}
        by_table: dict[str, dict[Feature, Place]] = {}
        for feature in wanted.values():
            by_table.setdefault(places[feature].table, {})[feature] = places[feature]
        values: dict[Feature, NDArray[np.int64]] = {}
        for its in by_table.values():
            table = self._arrow(population_values(its, at))
            values |= {feature: _values(table[f"v{place.index}"]) for feature, place in its.items()}
        found |= {key: statistic_of(term, values[wanted[term]], at) for key, term in lacking.items()}
        return Statistics(found)

    @staticmethod
    def _pinned(plan: Plan, pinned: Statistics | None) -> Statistics:
        known = {} if pinned is None else pinned.by_key
        return Statistics({key: known[key] for key in plan.terms if key in known})

    def _run(self, statement: Statement) -> None:
        self._connection.execute(statement.text, statement.values)

    def _arrow(self, statement: Statement) -> pa.Table:
        return self._connection.sql(statement.text, params=statement.values).to_arrow_table()


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return the values of a numeric column that are there; by DLPack, since Arrow's own way imports pandas."""
    return np.from_dlpack(column.drop_null().combine_chunks())


def _mask(packed: Bits, size: int) -> pa.BooleanArray:
    """Return packed bits as the Arrow array that they already are in memory."""
    return pa.Array.from_buffers(pa.bool_(), size, [None, pa.py_buffer(packed)])
