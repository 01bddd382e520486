"""The SQL engine, on any store that is handed to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.bits import arrow_mask, everyone
from kohort.engines.context import Context
from kohort.engines.criteria import Criterion, confined, criterion_of, is_located
from kohort.engines.evaluation import Evaluation, Explanation, Members
from kohort.engines.explain import Facts, explain_rule
from kohort.engines.plan import Algebra, Bits, Feature, Plan, build_plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.gaps import check_gaps
from kohort.engines.sql.lookups import LiveLookups, context_of
from kohort.engines.sql.narrow import narrow_table, narrow_tables
from kohort.engines.sql.statements import (
    NUMBER,
    Place,
    Places,
    Statement,
    answers_of,
    drop_table,
    everybodys_values,
    numbered_people,
    people_ids,
    person_values,
    population_values,
    words_of,
)
from kohort.engines.sql.store import Store
from kohort.engines.sql.terms import PERSON
from kohort.engines.sql.words import unpacked
from kohort.engines.statistics import (
    PopulationTerm,
    Statistic,
    Statistics,
    population_rule,
    population_term,
    statistic_key,
    statistic_of,
)
from kohort.errors import UnknownNameError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Basic, Located, Rule


class SqlEngine:
    """Evaluates rules where the data are, on a store that shows the relations `events`, `people` and `trait_values`.

    `events(event_id, person_id, name, ts, …)` has one column per property and type, named by `catalog`;
    `people(person_id, first_seen)`; `trait_values(person_id, name, value_id, set_at, number, text, boolean,
    moment, list, removed)`. Moments are microseconds UTC, numbers are micros. The engine only reads them; the
    tables that it makes on the way, whose names begin with `scratch`, are gone when it returns, whatever happens.

    >>> from kohort.storage.connections import open_duckdb
    >>> from kohort.storage.stores import DuckStore
    >>> connection = open_duckdb()
    >>> _ = connection.execute("CREATE TABLE people AS SELECT 'ada' person_id, 0 first_seen")
    >>> _ = connection.execute("CREATE TABLE events AS SELECT 'e1' event_id, 'ada' person_id, 'e' name, 5 ts")
    >>> from kohort.rules.parse import parse_rule
    >>> engine = SqlEngine(DuckStore(connection), Catalog(events={"e": {}}))
    >>> engine.evaluate({"active": parse_rule("did e")}, at=5).members["active"].to_pylist()
    ['ada']
    """

    def __init__(self, store: Store, catalog: Catalog, scratch: str = "kohort_features") -> None:
        self._store = store
        self._dialect = dialect_of(store.dialect)
        self._catalog = catalog
        self._scratch = scratch
        self._people = f"{scratch}_people"

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return the members of each rule as of `at`.

        `pinned` are the statistics of an epoch; what they lack is computed as of `at`. Raises RuleError or
        DefinitionError for a rule that does not fit the catalog, GapError for one that the store cannot run.
        """
        plan = self._plan(rules)
        with self._store.snapshot(), self._features(plan, context := self._context(plan, at), None) as places:
            found = self._decide(plan, context, places, pinned)
        return found.evaluation(plan, at)

    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation:
        """Return why `person_id` is, or is not, a member of `rule` as of `at`.

        Raises UnknownNameError for a person who does not exist at `at`, and what `evaluate` raises.
        """
        plan = self._plan({"": rule})
        with self._store.snapshot():
            facts = self._facts(plan, person_id, at, pinned)
        return explain_rule(plan, plan.rules[""], facts, self._catalog)

    def _plan(self, rules: Mapping[str, Rule]) -> Plan:
        plan = build_plan(rules, self._catalog)
        check_gaps(plan, self._catalog, self._dialect)
        return plan

    def _facts(self, plan: Plan, person_id: str, at: Moment, pinned: Statistics | None) -> Facts:
        """Look up what an explanation of `plan` says of a person."""
        context = self._context(plan, at)
        statistics = plan.known(pinned)
        if len(statistics.by_key) < len(plan.terms):
            with self._features(plan, context, None) as places:
                statistics = self._decide(plan, context, places, pinned).statistics
        with self._features(plan, context, person_id) as places:
            found = self._decide(plan, context, places, statistics)
            if not len(found.ids):
                raise UnknownNameError("person", person_id, [], hint="nobody of that id exists at that moment")
            values = self._arrow(person_values(self._dialect, self._people, places, at)).to_pylist()[0]
        return Facts(
            holds=lambda one: bool(found.algebra.of(one)[0] & 1),
            values={feature: values[f"v{place.index}"] for feature, place in places.items()},
            in_population={feature: values[f"p{place.index}"] for feature, place in places.items()},
            statistics=statistics,
        )

    def _context(self, plan: Plan, at: Moment) -> Context:
        return context_of(plan, self._catalog, at, LiveLookups(self._store, self._catalog, at))

    def _decide(self, plan: Plan, context: Context, places: Places, pinned: Statistics | None) -> "Decided":
        """Find for whom each condition of `plan` holds, stage after stage, and the statistics on the way."""
        statistics = plan.known(pinned)
        ids = self._arrow(people_ids(self._dialect, self._people))[PERSON].combine_chunks()
        found = Decided(ids, Algebra(plan), statistics)
        for stage in plan.stages or ((),):
            statistics = self._statistics(stage, places, context, found)
            plain = [condition for condition in stage if not isinstance(condition, Located)]
            criteria = [criterion_of(condition, statistics, context) for condition in plain]
            found = Decided(ids, found.algebra, statistics)
            for condition in stage:
                if isinstance(condition, Located):
                    found.algebra.learn(condition, self._located(condition, places, context))
            for condition, bits in zip(plain, self._answers(criteria, places, context.at, len(ids)), strict=True):
                among = population_rule(population_term(condition))
                confined_to = None if among is None else found.algebra.of(among)
                found.algebra.learn(condition, bits if confined_to is None else confined(condition, bits, confined_to))
        return found

    def _answers(self, criteria: Sequence[Criterion], places: Places, at: Moment, people: int) -> list[Bits]:
        """Return for whom of the numbered people each criterion holds."""
        words = words_of(criteria, places)
        if not words:
            return []
        table = self._arrow(answers_of(self._dialect, self._people, words, criteria, places, at))
        return unpacked(words, _values(table[NUMBER]), _values(table["word"]), _values(table["answers"]), people)

    def _located(self, condition: Located, places: Places, context: Context) -> Bits:
        points = []
        for trait in condition.coordinates:
            feature = Feature(trait, ValueType.NUMBER)
            statement = everybodys_values(
                self._dialect, self._people, feature, places[feature], context.at, in_population=False
            )
            micros = self._arrow(statement)["v"].cast(pa.float64(), safe=False).combine_chunks()
            points.append(np.asarray(np.from_dlpack(micros.fill_null(np.nan)), dtype=np.float64) / MICRO)
        return np.packbits(is_located(condition, *points), bitorder="little")

    @contextmanager
    def _features(self, plan: Plan, context: Context, person: str | None) -> Iterator[Places]:
        """Make the numbers of people and the narrow tables; drop them in the end, as `_numbered` does."""
        numbers = {feature: index for index, feature in enumerate(plan.features)}
        places: dict[Feature, Place] = {}
        with self._numbered(context.at, person):
            for index, (subject, features) in enumerate(narrow_tables(plan, self._catalog).items()):
                its = {feature: Place(f"{self._scratch}_{index}", numbers[feature]) for feature in features}
                self._run(narrow_table(self._dialect, f"{self._scratch}_{index}", subject, its, context, person))
                places |= its
            yield places
            for name in dict.fromkeys(place.table for place in places.values()):
                self._run(drop_table(self._dialect, name))

    @contextmanager
    def _numbered(self, at: Moment, person: str | None = None) -> Iterator[None]:
        """Make the numbers of the people who exist at `at`; drop them in the end, or let the snapshot undo them."""
        self._run(numbered_people(self._dialect, self._people, at, person))
        yield
        self._run(drop_table(self._dialect, self._people))

    def _statistics(self, stage: Sequence[Basic], places: Places, context: Context, so_far: "Decided") -> Statistics:
        """Return the statistics so far and those that `stage` needs besides."""
        found: dict[str, Statistic] = dict(so_far.statistics.by_key)
        terms = {statistic_key(term): term for term in map(population_term, stage) if term is not None}
        lacking = {key: term for key, term in terms.items() if key not in found}
        usual = {term: Feature(term.value, ValueType.NUMBER) for term in lacking.values() if term.among is None}
        by_table: dict[str, dict[Feature, Place]] = {}
        for feature in usual.values():
            by_table.setdefault(places[feature].table, {})[feature] = places[feature]
        values: dict[Feature, NDArray[np.int64]] = {}
        for its in by_table.values():
            table = self._arrow(population_values(self._dialect, self._people, its, context.at))
            values |= {feature: _values(table[f"v{place.index}"]) for feature, place in its.items()}
        for key, term in lacking.items():
            population = values[usual[term]] if term in usual else self._named_population(term, places, context, so_far)
            found[key] = statistic_of(term, population, context.at)
        return Statistics(found)

    def _named_population(
        self, term: PopulationTerm, places: Places, context: Context, so_far: "Decided"
    ) -> NDArray[np.int64]:
        """Return the values of the population that `term` names: of everyone, or of the members of a rule."""
        feature = Feature(term.value, ValueType.NUMBER)
        among = population_rule(term)
        statement = everybodys_values(
            self._dialect, self._people, feature, places[feature], context.at, in_population=among is not None
        )
        column = self._arrow(statement)["v"]
        if among is not None:
            column = column.filter(arrow_mask(so_far.algebra.of(among), len(column)))
        return _values(column)

    def _run(self, statement: Statement) -> None:
        self._store.run(statement.text, statement.values)

    def _arrow(self, statement: Statement) -> pa.Table:
        return self._store.fetch(statement.text, statement.values)


@dataclass(frozen=True)
class Decided:
    """Who exists, for whom the conditions hold that have been decided, and the statistics that this needed."""

    ids: pa.StringArray
    algebra: Algebra
    statistics: Statistics

    def evaluation(self, plan: Plan, at: Moment) -> Evaluation:
        """Return the members of the rules of `plan`."""
        existing = everyone(len(self.ids))
        inside = {name: self.algebra.of(rule) & existing for name, rule in plan.rules.items()}
        return Evaluation(at, Members(self.ids, inside), existing, self.statistics)


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return the values of a numeric column that are there; by DLPack, since Arrow's own way imports pandas."""
    there = column.drop_null() if column.null_count else column
    return np.from_dlpack(there.combine_chunks())
