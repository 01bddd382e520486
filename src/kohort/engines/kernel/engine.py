"""The kernel engine: all rules at once, from plain arrays."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import MICRO, VALUE_COLUMNS, ValueType
from kohort.engines.bits import packed
from kohort.engines.columns import MISSING, Column, History
from kohort.engines.context import Context
from kohort.engines.criteria import Criterion, confined, criterion_of, is_located
from kohort.engines.evaluation import Evaluation, Explanation, Members
from kohort.engines.explain import Facts, explain_rule
from kohort.engines.kernel.choice import Kernels, kernels_for
from kohort.engines.kernel.features import Reader, Source, Wanted, source_of
from kohort.engines.kernel.found import Found
from kohort.engines.kernel.questions import Questions, Room
from kohort.engines.plan import Algebra, Bits, Feature, Plan, build_plan, events_of, features_of
from kohort.engines.predicates import Within
from kohort.engines.statistics import (
    PopulationTerm,
    Statistics,
    population_rule,
    population_term,
    statistic_key,
    statistics_of,
)
from kohort.engines.texts import TextQuestion, matching_texts, place_of, questions_in
from kohort.errors import UnknownNameError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Anniversary, Basic, DaysSince, Everyone, Located, Rule
from kohort.rules.windows import InMonth, is_anniversary

_Population = Everyone | Rule | None


class KernelEngine:
    """Evaluates rules on a history in memory, or in mapped files.

    The distinct features of all rules are found block by block, each row read once for all windows that hold it;
    conditions become one bit a person, and rules are algebra on those bits. `kernels` are the inner loops, by default
    those that suit the history's size.

    >>> import pyarrow as pa
    >>> from kohort.engines.columns import Block, Rows
    >>> from kohort.rules.parse import parse_rule
    >>> visits = Rows(np.array([0], np.int32), np.array([5]))
    >>> history = History(pa.array(["ada", "bob"]), [Block(np.array([5, 3]), {"visit": visits}, {})])
    >>> engine = KernelEngine(history, Catalog(events={"visit": {}}))
    >>> engine.evaluate({"active": parse_rule("did visit")}, at=5).members["active"].to_pylist()
    ['ada']
    """

    def __init__(self, history: History, catalog: Catalog, kernels: Kernels | None = None) -> None:
        self._history = history
        self._catalog = catalog
        self._kernels = kernels

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return the members of each rule as of `at`.

        `pinned` are the statistics of an epoch; what they lack is computed as of `at`. Raises RuleError or
        DefinitionError for a rule that does not fit the catalog.
        """
        return self.run(build_plan(rules, self._catalog), at, pinned)

    def run(self, plan: Plan, at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return the members of each rule of a plan as of `at`; see `evaluate`."""
        found = _decide(self._history, self._catalog, plan, at, pinned, self._kernels)
        sets = np.empty((len(plan.rules), len(found.existing)), np.uint8)
        inside = dict(zip(plan.rules, sets, strict=True))
        for name, rule in plan.rules.items():
            its = found.algebra.of(rule, out=inside[name])
            its &= found.existing
        members = Members(self._history.people, inside, self._history.runs)
        return Evaluation(at, members, found.existing, found.statistics)

    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation:
        """Return why `person_id` is, or is not, a member of `rule` as of `at`.

        Raises UnknownNameError for a person who does not exist at `at`, and what `evaluate` raises.
        """
        plan = build_plan({"": rule}, self._catalog)
        statistics = plan.known(pinned)
        if len(statistics.by_key) < len(plan.terms):
            statistics = _decide(self._history, self._catalog, plan, at, pinned, self._kernels).statistics
        alone = self._history_of(person_id, at)
        found = _decide(alone, self._catalog, plan, at, statistics, self._kernels)
        values: dict[Feature, object] = {}
        in_population: dict[Feature, object] = {}
        for source, features in _by_source(plan.features):
            wanted = [Wanted(feature, population=True) for feature in features]
            for number, its in Reader(source, wanted, found.context, found.kernels).read(alone.blocks[0]):
                values[features[number]] = _shown(its, features[number])
                in_population[features[number]] = _shown(its.in_population(), features[number])
        facts = Facts(lambda one: bool(found.algebra.of(one)[0] & 1), values, in_population, statistics)
        return explain_rule(plan, plan.rules[""], facts, self._catalog)

    def _history_of(self, person_id: str, at: Moment) -> History:
        """Return the history of one person."""
        place = self._history.find(person_id)
        if place is not None:
            starts = self._history.starts()
            number = int(np.searchsorted(starts, place, side="right")) - 1
            alone = self._history.blocks[number].of_people(np.array([place - starts[number]], np.int32))
            if alone.first_seen[0] <= at:
                return History(self._history.people[place : place + 1], [alone])
        raise UnknownNameError("person", person_id, [], hint="nobody of that id exists at that moment")


class _Decision:
    """For whom the conditions of a plan hold, stage after stage, and the statistics on the way."""

    def __init__(self, history: History, plan: Plan, context: Context, kernels: Kernels) -> None:
        self.context = context
        self.algebra = Algebra(plan)
        self.statistics = Statistics()
        self.kernels, self._blocks = kernels, history.blocks
        self._starts = [start // 8 for start in history.starts()]
        self._bytes = (len(history.people) + 7) // 8
        self._room = Room(len(plan.conditions), self._bytes)
        self.existing = self._all(packed(block.first_seen <= context.at) for block in history.blocks)
        self._everyone_exists = int(np.bitwise_count(self.existing).sum()) == len(history.people)

    def decide(self, stage: Sequence[Basic]) -> None:
        """Decide the conditions of one stage."""
        asking: dict[Feature, list[Basic]] = {}
        for condition in stage:
            for feature in features_of(condition, self.context.catalog):
                asking.setdefault(feature, []).append(condition)
        bits: dict[Basic, Bits] = {}
        points: dict[Feature, NDArray[np.int64]] = {}
        for source, features in _by_source(asking):
            self._learn_statistics(source, {feature: asking[feature] for feature in features})
            self._answer(source, {feature: asking[feature] for feature in features}, bits, points)
        for condition in stage:
            if isinstance(condition, Located):
                bits[condition] = self._located(condition, points)
            among = population_rule(population_term(condition))
            its = bits[condition]
            self.algebra.learn(condition, its if among is None else confined(condition, its, self.algebra.of(among)))

    def _learn_statistics(self, source: Source, asking: Mapping[Feature, Sequence[Basic]]) -> None:
        """Find the statistics that conditions on the features of `source` need and that are not known yet."""
        lacking: dict[Feature, dict[_Population, list[PopulationTerm]]] = {}
        for feature, conditions in asking.items():
            for term in map(population_term, conditions):
                if term is not None and statistic_key(term) not in self.statistics.by_key:
                    lacking.setdefault(feature, {}).setdefault(term.among, []).append(term)
        if not lacking:
            return
        populations = list(lacking.values())
        inside = {among: self._inside(among) for its in populations for among in its}
        parts: list[dict[_Population, list[NDArray[np.int64]]]] = [{one: [] for one in its} for its in populations]
        reader = Reader(source, [Wanted(one, population=True) for one in lacking], self.context, self.kernels)
        for start, block in zip(self._starts, self._blocks, strict=True):
            for number, found in reader.read(block):
                for among, its in parts[number].items():
                    people = inside[among]
                    here = None if people is None else people[start : start + (block.size + 7) // 8]
                    its.append(found.population_values(here, everyone=isinstance(among, Everyone)))
        known = dict(self.statistics.by_key)
        for number, terms_of in enumerate(populations):
            for among, terms in terms_of.items():
                values = _joined(parts[number][among])
                known |= statistics_of(terms, values, self.context.at)
        self.statistics = Statistics(known)

    def _inside(self, among: _Population) -> Bits | None:
        """Return who exists and belongs to the population that `among` names; None if that is everybody."""
        if among is None or isinstance(among, Everyone):
            return None if self._everyone_exists else self.existing
        return np.asarray(self.existing & self.algebra.of(among))

    def _answer(
        self,
        source: Source,
        asking: Mapping[Feature, Sequence[Basic]],
        bits: dict[Basic, Bits],
        points: dict[Feature, NDArray[np.int64]],
    ) -> None:
        """Put into `bits` for whom the conditions on the features of `source` hold, into `points` where people are."""
        wanted: list[Wanted] = []
        questions: list[Questions] = []
        for feature, conditions in asking.items():
            plain = (one for one in conditions if not isinstance(one, Located))
            criteria: dict[Basic, Criterion] = {one: criterion_of(one, self.statistics, self.context) for one in plain}
            wanted.append(_wanted(feature, list(criteria.values()), self.context.at))
            questions.append(Questions(feature, criteria, bits, self._room))
        near = {
            number: feature
            for number, (feature, conditions) in enumerate(asking.items())
            if any(isinstance(one, Located) for one in conditions)
        }
        parts: dict[int, list[NDArray[np.int64]]] = {number: [] for number in near}
        reader = Reader(source, wanted, self.context, self.kernels)
        for start, block in zip(self._starts, self._blocks, strict=True):
            for number, found in reader.read(block):
                if number in parts:
                    parts[number].append(found.values())
                questions[number].answer(found, start, self.kernels)
        points |= {feature: _joined(parts[number]) for number, feature in near.items()}

    def _located(self, condition: Located, points: Mapping[Feature, NDArray[np.int64]]) -> Bits:
        degrees = []
        for trait in condition.coordinates:
            micros = points[Feature(trait, ValueType.NUMBER)]
            degrees.append(np.where(micros == MISSING, np.nan, micros / MICRO))
        return packed(is_located(condition, *degrees))

    def _all(self, parts: Iterable[Bits]) -> Bits:
        bits = np.zeros(self._bytes, np.uint8)
        for start, part in zip(self._starts, parts, strict=True):
            bits[start : start + len(part)] = part
        return bits


def _decide(
    history: History, catalog: Catalog, plan: Plan, at: Moment, pinned: Statistics | None, kernels: Kernels | None
) -> _Decision:
    kernels = kernels or kernels_for(history, events_of(plan))
    decision = _Decision(history, plan, _context(history, catalog, plan, at), kernels)
    decision.statistics = plan.known(pinned)
    for stage in plan.stages:
        decision.decide(stage)
    return decision


def _wanted(feature: Feature, criteria: Sequence[Criterion], at: Moment) -> Wanted:
    """Return how far back the rows of a feature matter to the criteria on it."""
    oldest: int | None = None
    if isinstance(feature.measure, DaysSince) and criteria:
        longest = [
            one.predicate.high if isinstance(one.predicate, Within) and not one.predicate.negated else None
            for one in criteria
        ]
        known = [one for one in longest if one is not None]
        if len(known) == len(longest):
            oldest = at - max(known)
    return Wanted(feature, any(one.in_population for one in criteria), oldest)


def _by_source(features: Iterable[Feature]) -> Iterator[tuple[Source, list[Feature]]]:
    sources: dict[Source, list[Feature]] = {}
    for feature in features:
        sources.setdefault(source_of(feature), []).append(feature)
    yield from sources.items()


def _context(history: History, catalog: Catalog, plan: Plan, at: Moment) -> Context:
    """Look up what the conditions of `plan` need to know of the data."""
    answers: dict[TextQuestion, tuple[str, ...]] = {}
    for question in questions_in(plan.conditions):
        if question not in answers:
            columns = _columns(history, catalog, question.event, question.name, ValueType.TEXT)
            texts: set[str] = set()
            for dictionary in {id(one.dictionary): one.dictionary for one in columns}.values():
                texts.update(matching_texts(question, list(dictionary)))
            answers[question] = tuple(sorted(texts))
    earliest = at
    if any(isinstance(getattr(feature.measure, "window", None), InMonth) for feature in plan.features):
        spoken = events_of(plan)
        known = (block.events[name] for block in history.blocks for name in spoken if name in block.events)
        first = [int(rows.ts[0]) for rows in known if len(rows.ts)]
        earliest = min([at, *first])
    anniversaries = {}
    for condition in plan.conditions:
        if isinstance(condition, Anniversary):
            columns = _columns(history, catalog, *place_of(condition.value), ValueType.MOMENT)
            moments = sorted({int(moment) for one in columns for moment in np.unique(one.values[one.present()])})
            anniversaries[condition] = tuple(
                moment for moment in moments if is_anniversary(moment, at, condition.days, catalog.zone)
            )
    return Context(catalog, at, answers, anniversaries, earliest)


def _columns(history: History, catalog: Catalog, event: str | None, name: str, kind: ValueType) -> Iterator[Column]:
    """Yield the columns that hold an event's property, or without an event a trait, in every block."""
    column = VALUE_COLUMNS[kind] if event is None else catalog.events[event][name][kind]
    for block in history.blocks:
        rows = block.traits.get(name) if event is None else block.events.get(event)
        if rows is not None and column in rows.columns:
            yield rows.columns[column]


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the values of all blocks; there may be no block."""
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _shown(found: Found, feature: Feature) -> object:
    """Return the value of the first person, as plain Python has it, None where there is none."""
    value: Any = found.column.values[0]
    if value == found.column.missing:
        return None
    match feature.type:
        case ValueType.BOOLEAN:
            return bool(value)
        case ValueType.TEXT:
            return str(found.column.dictionary[int(value)])
        case ValueType.TEXT_LIST:
            return list(found.column.dictionary[int(value)])
        case _:
            return int(found.values()[0])
