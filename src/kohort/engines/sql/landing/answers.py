"""The answers to all conditions kept in the store, and the rules as predicates over them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.bits import arrow_mask
from kohort.engines.context import Context
from kohort.engines.criteria import criterion_of
from kohort.engines.plan import Algebra, Formula, Gate, Plan
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.engine import Decided, SqlEngine
from kohort.engines.sql.refresh.memory import Memory
from kohort.engines.sql.refresh.step import Rescan, mended
from kohort.engines.sql.statements import Places, Statement, answers_table, create_table, words_of
from kohort.engines.sql.terms import PERSON, Parameters, all_of, any_of, column, named, number
from kohort.engines.statistics import Statistics, population_rule, population_term
from kohort.rules.nodes import Basic, Located, Rule

ANSWERS = "kohort_answers"
_DECIDED = "kohort_decided"


@dataclass(frozen=True)
class Answers:
    """What the store holds of a plan: the table `kohort_answers`, with a row for everybody who exists.

    `bits` say where the answer to a condition, by its number, stands: the word and the bit. `decided` names the column
    of a condition that was decided outside the store. `table` is that of the people who are looked at, `columns` its
    columns, the person's left out. `statistics` are those that were used. `concerned` and `rescans` say what it took;
    see `Mended`.
    """

    plan: Plan
    bits: Mapping[int, tuple[int, int]]
    decided: Mapping[int, str]
    columns: tuple[str, ...]
    statistics: Statistics
    table: str = ANSWERS
    concerned: int | None = None
    rescans: tuple[Rescan, ...] = ()

    def holds(self, rule: Rule) -> exp.Expr:
        """Return whether `rule`, one of the plan's, holds of a row of the table: true or false, never NULL."""
        return self._holds(self.plan.formulas[rule])

    def _holds(self, formula: Formula) -> exp.Expr:
        match formula:
            case Gate(operator="not", parts=(part,)):
                return exp.Not(this=exp.Paren(this=self._holds(part)))
            case Gate(operator=operator, parts=parts):
                terms = [self._holds(part) for part in parts]
                return exp.Paren(this=all_of(terms)) if operator == "and" else any_of(terms)
            case str(segment):
                return self.holds(self.plan.segments[segment])
            case condition if condition in self.decided:
                return column(self.decided[condition], self.table)
            case condition:
                word, bit = self.bits[condition]
                masked = exp.BitwiseAnd(this=column(f"w{word}", self.table), expression=number(1 << bit))
                return exp.NEQ(this=exp.Paren(this=masked), expression=number(0))


class AnsweringEngine(SqlEngine):
    """The SQL engine, whose answers stay in the store.

    Distances, polygons, cells and conditions with a named population are decided here, as by every engine; only the
    ids of those people of whom they hold go back.
    """

    @contextmanager
    def answers(
        self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None, memory: Memory | None = None
    ) -> Iterator[Answers]:
        """Make the table of answers to `rules` as of `at`, inside a snapshot that the caller has begun.

        With a `memory`, opened as of `at`, from what was kept where that will do. Raises what `evaluate` raises.
        """
        plan = self._plan(rules)
        if memory is None:
            context = self._context(plan, at)
            with self._features(plan, context, None) as places:
                yield self._answered(plan, context, places, pinned)
            return
        with mended(self._store, self._catalog, plan, memory) as its, self._numbered(at):
            found = self._answered(plan, its.context, its.places, pinned)
            yield replace(found, concerned=its.concerned, rescans=its.rescans)

    def _answered(self, plan: Plan, context: Context, places: Places, pinned: Statistics | None) -> Answers:
        outside = [one for one in plan.conditions if _is_decided_outside(one)]
        statistics, decided = self._decided_outside(plan, outside, context, places, pinned)
        inside = [one for one in plan.conditions if one not in set(outside)]
        numbers = {condition: place for place, condition in enumerate(plan.conditions)}
        nobody = Decided(pa.array([], pa.string()), Algebra(plan), statistics)
        statistics = self._statistics(inside, places, context, nobody)
        criteria = [criterion_of(one, statistics, context) for one in inside]
        words = words_of(criteria, places)
        held = {f"d{place}": table for place, table in enumerate(decided.values())}
        self._run(answers_table(self._dialect, ANSWERS, self._people, words, criteria, places, context.at, held))
        bits = {
            numbers[inside[criterion]]: (word, bit)
            for word, its in enumerate(words)
            for bit, criterion in enumerate(its.criteria)
        }
        columns = (*(f"w{word}" for word in range(len(words))), *held)
        named_so = {numbers[one]: name for one, name in zip(decided, held, strict=True)}
        return Answers(plan, bits, named_so, columns, statistics)

    def _decided_outside(
        self, plan: Plan, conditions: Sequence[Basic], context: Context, places: Places, pinned: Statistics | None
    ) -> tuple[Statistics, dict[Basic, str]]:
        """Decide conditions here, and give the store the ids of those of whom each holds."""
        if not conditions:
            return plan.known(pinned), {}
        # They, and the populations that they name, ask for no feature that the plan does not have.
        part = self._plan({str(place): one for place, one in enumerate(conditions)})
        found = self._decide(part, context, {one: places[one] for one in part.features}, pinned)
        tables = {}
        for place, one in enumerate(conditions):
            tables[one] = f"{_DECIDED}_{place}"
            mask = arrow_mask(found.algebra.of(one), len(found.ids))
            self._run(_ids_table(self._dialect, tables[one], found.ids.filter(mask).to_pylist()))
        return Statistics({**plan.known(pinned).by_key, **found.statistics.by_key}), tables


def _is_decided_outside(condition: Basic) -> bool:
    return isinstance(condition, Located) or population_rule(population_term(condition)) is not None


def _ids_table(dialect: Dialect, table: str, ids: Sequence[str]) -> Statement:
    parameters = Parameters(dialect)
    listed = (
        exp.Explode(this=parameters.bind([*ids])) if ids else exp.Cast(this=exp.null(), to=exp.DataType.build("TEXT"))
    )
    select = exp.select(named(listed, PERSON))
    return create_table(table, select if ids else select.where(exp.false()), parameters)
