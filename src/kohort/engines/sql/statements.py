"""The statements of the SQL engine, as SQLGlot trees over `events`, `trait_values` and `people`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.criteria import Criterion
from kohort.engines.plan import Feature
from kohort.engines.predicates import Present, Within
from kohort.engines.sql import features
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.terms import (
    PERSON,
    Parameters,
    all_of,
    big,
    column,
    is_there,
    named,
    number,
    ordered,
    truth,
)

WORD: Final = 62
"""How many answers about a person one integer holds."""


@dataclass(frozen=True)
class Statement:
    """One statement: its text, and the values bound to it."""

    text: str
    values: list[object]


@dataclass(frozen=True)
class Place:
    """Where a feature's columns stand: the narrow table, and the number in the columns' names."""

    table: str
    index: int


Places = Mapping[Feature, Place]


def population_values(dialect: Dialect, places: Places, at: Moment) -> Statement:
    """Return the statement for the values of features of one table over their populations: `v0`, `v1`, … .

    A row is an existing person; a value is NULL where the person is outside that feature's population.
    """
    parameters = Parameters(dialect)
    wanted = [
        named(features.value(one, place.index, place.table, at, dialect, in_population=True), f"v{place.index}")
        for one, place in places.items()
    ]
    select = _people(_tables(places), at, kind="INNER", person=None, parameters=parameters)
    return printed(select.select(*wanted, copy=False), parameters)


def everybodys_values(
    dialect: Dialect, feature: Feature, place: Place, at: Moment, person: str | None = None, *, in_population: bool
) -> Statement:
    """Return the statement for the value `v` of a feature of everybody who exists, in the order of `people_with`."""
    parameters = Parameters(dialect)
    found = features.value(feature, place.index, place.table, at, dialect, in_population=in_population)
    select = _people([place.table], at, kind="LEFT", person=person, parameters=parameters)
    return printed(_by_person(select.select(named(found, "v"), copy=False), dialect), parameters)


def distinct_values(dialect: Dialect, event: str | None, name: str, held: str, at: Moment) -> Statement:
    """Return the statement for the distinct values `value` in the column `held` of an event, or of the trait `name`."""
    parameters = Parameters(dialect)
    relation, subject, time = ("trait_values", name, "set_at") if event is None else ("events", event, "ts")
    rows = [
        exp.EQ(this=column("name"), expression=parameters.bind(subject)),
        exp.LTE(this=column(time), expression=number(at)),
        is_there(column(held)),
    ]
    select = exp.select(named(column(held), "value")).distinct().from_(relation).where(all_of(rows))
    return printed(select, parameters)


def earliest_event(dialect: Dialect) -> Statement:
    """Return the statement for the moment `ts` of the first event of all; NULL if there is none."""
    select = exp.select(named(exp.Min(this=column("ts")), "first_ts")).from_("events")
    return printed(select, Parameters(dialect))


@dataclass(frozen=True)
class Word:
    """The criteria, by their numbers, whose answers one integer holds: bit i answers the i-th.

    `table` is the narrow table that decides them all; None where they ask several.
    """

    table: str | None
    criteria: tuple[int, ...]


def words_of(criteria: Sequence[Criterion], places: Places) -> list[Word]:
    """Return how the answers to `criteria` are packed, at most 62 a word."""
    by_table: dict[str | None, list[int]] = {}
    for index, criterion in enumerate(criteria):
        tables = {places[one].table for one in criterion.features}
        by_table.setdefault(tables.pop() if len(tables) == 1 else None, []).append(index)
    return [
        Word(table, tuple(its[first : first + WORD]))
        for table, its in by_table.items()
        for first in range(0, len(its), WORD)
    ]


def people_with(
    dialect: Dialect, criteria: Sequence[Criterion], places: Places, at: Moment, person: str | None = None
) -> Statement:
    """Return the statement for who exists at `at`, sorted, and which criteria hold of each, in words: `w0`, `w1`, … .

    Each narrow table answers for the people in it, before it is joined: of whoever is not, the answers are known.
    """
    parameters = Parameters(dialect)
    return printed(_by_person(_answering(criteria, places, at, person, parameters), dialect), parameters)


def answers_table(dialect: Dialect, table: str, criteria: Sequence[Criterion], places: Places, at: Moment) -> Statement:
    """Return the statement that keeps in the store, as `table`, what `people_with` finds of everybody."""
    parameters = Parameters(dialect)
    return create_table(table, _answering(criteria, places, at, None, parameters), parameters)


def _answering(
    criteria: Sequence[Criterion], places: Places, at: Moment, person: str | None, parameters: Parameters
) -> exp.Select:
    words = words_of(criteria, places)
    answers: dict[str, list[exp.Expr]] = {}
    wanted: list[exp.Expr] = []
    for index, word in enumerate(words):
        asked = [criteria[one] for one in word.criteria]
        answer = _word(asked, places, at, parameters)
        if word.table is not None:
            answers.setdefault(word.table, []).append(named(answer, f"w{index}"))
            known = sum(answer_without_row(one) << place for place, one in enumerate(asked))
            found = column(f"w{index}", f"answers_{word.table}")
            answer = big(exp.Coalesce(this=found, expressions=[number(known)]))
        wanted.append(named(answer, f"w{index}"))
    several = [criteria[one] for word in words if word.table is None for one in word.criteria]
    tables = _tables({feature: places[feature] for criterion in several for feature in criterion.features})
    select = _people(tables, at, kind="LEFT", person=person, parameters=parameters)
    for table, columns in answers.items():
        answering = exp.select(column(PERSON), *columns).from_(exp.to_table(table), copy=False)
        alias = f"answers_{table}"
        same = exp.EQ(this=column(PERSON, alias), expression=column(PERSON, "people"))
        select.join(answering.subquery(alias, copy=False), on=same, join_type="LEFT", copy=False)
    return select.select(named(column(PERSON, "people"), PERSON), *wanted, copy=False)


def answer_without_row(criterion: Criterion) -> bool:
    """Return whether `criterion` holds of whoever has no row in the narrow tables: 0 where that counts, else missing.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.parse import parse_rule
    >>> count = Feature(parse_rule("count of e < 3").value, ValueType.NUMBER)
    >>> answer_without_row(Criterion((count,), Within(high=2_999_999)))
    True
    """
    counted = not criterion.in_population and any(features.is_counted(one) for one in criterion.features)
    match criterion.predicate:
        case Present(negated=negated):
            return counted is not negated
        case Within(low=low, high=high, negated=negated) if counted:
            return ((low is None or low <= 0) and (high is None or high >= 0)) is not negated
        case _:
            return False


def _word(criteria: Sequence[Criterion], places: Places, at: Moment, parameters: Parameters) -> exp.Expr:
    bits: list[exp.Expr] = []
    for place, criterion in enumerate(criteria):
        values = [
            features.value(
                one,
                places[one].index,
                places[one].table,
                at,
                parameters.dialect,
                in_population=criterion.in_population,
            )
            for one in criterion.features
        ]
        holds = truth(criterion.predicate, values, parameters)
        bits.append(exp.Case(ifs=[exp.If(this=holds, true=number(1 << place))], default=number(0)))
    return big(reduce(lambda left, right: exp.Add(this=left, expression=right), bits))


def person_values(dialect: Dialect, places: Places, at: Moment, person: str) -> Statement:
    """Return the statement for one person's value of every feature: `v0`, `p0` (in the population), `v1`, … ."""
    parameters = Parameters(dialect)
    wanted = [
        named(
            features.value(feature, place.index, place.table, at, dialect, in_population=in_population),
            f"{'p' if in_population else 'v'}{place.index}",
        )
        for feature, place in places.items()
        for in_population in (False, True)
    ]
    select = _people(_tables(places), at, kind="LEFT", person=person, parameters=parameters)
    return printed(select.select(named(column(PERSON, "people"), PERSON), *wanted, copy=False), parameters)


def drop_table(dialect: Dialect, table: str) -> Statement:
    """Return the statement that drops a narrow table if it was made."""
    return printed(exp.Drop(tables=[exp.to_table(table)], kind="TABLE", exists=True), Parameters(dialect))


def create_table(table: str, select: exp.Query, parameters: Parameters) -> Statement:
    """Return the statement that makes a table of what `select` finds, for the connection alone where that can be."""
    temporary = [exp.TemporaryProperty()] if parameters.dialect.temporary else []
    properties = exp.Properties(expressions=temporary)
    create = exp.Create(this=exp.to_table(table), kind="TABLE", expression=select, properties=properties)
    return printed(create, parameters)


def printed(tree: exp.Expr, parameters: Parameters) -> Statement:
    """Return the statement that `tree` is in the dialect, every name quoted."""
    return Statement(tree.sql(dialect=parameters.dialect.sqlglot, identify=True), parameters.values)


def _people(tables: Sequence[str], at: Moment, *, kind: str, person: str | None, parameters: Parameters) -> exp.Select:
    rows: list[exp.Expr] = [exp.LTE(this=column("first_seen", "people"), expression=number(at))]
    if person is not None:
        rows.append(exp.EQ(this=column(PERSON, "people"), expression=parameters.bind(person)))
    select = exp.Select().from_("people")
    for table in tables:
        same = exp.EQ(this=column(PERSON, table), expression=column(PERSON, "people"))
        select.join(exp.to_table(table), on=same, join_type=kind, copy=False)
    return select.where(all_of(rows), copy=False)


def _tables(places: Places) -> list[str]:
    return list(dict.fromkeys(place.table for place in places.values()))


def _by_person(select: exp.Select, dialect: Dialect) -> exp.Select:
    return select.order_by(ordered(dialect, PERSON, table="people", text=True), copy=False)
