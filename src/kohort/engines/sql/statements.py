"""The statements of the SQL engine, as SQLGlot trees over `events`, `trait_values` and `people`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.criteria import Criterion
from kohort.engines.plan import Feature
from kohort.engines.predicates import Equal, Present, Within
from kohort.engines.sql import branches, features
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.terms import (
    PERSON,
    Parameters,
    all_of,
    as_text,
    big,
    column,
    in_order,
    is_there,
    meets,
    named,
    number,
    ordered,
    with_person,
)

WORD: Final = 62
"""How many answers about a person one integer holds."""
NUMBER: Final = "number"
"""The column with the numbers of people."""


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


def numbered_people(dialect: Dialect, table: str, at: Moment, person: str | None = None) -> Statement:
    """Return the statement that makes `table` of who exists at `at`, numbered from 0 in the order of their ids as text.

    `person` restricts it to one person.
    """
    parameters = Parameters(dialect)
    rows: list[exp.Expr] = [exp.LTE(this=column("first_seen", "people"), expression=number(at))]
    rows = with_person(rows, person, parameters)
    order = exp.Order(expressions=[in_order(dialect, as_text(column(PERSON)), text=True)])
    place = exp.Sub(this=exp.Window(this=exp.RowNumber(), order=order), expression=number(1))
    select = exp.select(column(PERSON), named(place, NUMBER)).from_("people").where(all_of(rows), copy=False)
    return create_table(table, select, parameters)


def people_ids(dialect: Dialect, people: str) -> Statement:
    """Return the statement for the ids, as texts, of the numbered `people` in their order."""
    select = exp.select(named(as_text(column(PERSON)), PERSON)).from_(exp.to_table(people))
    return printed(select.order_by(ordered(dialect, NUMBER)), Parameters(dialect))


def population_values(dialect: Dialect, people: str, places: Places, at: Moment) -> Statement:
    """Return the statement for the values of features of one table over their populations: `v0`, `v1`, … .

    A row is one of the numbered `people`; a value is NULL where the person is outside that feature's population.
    """
    parameters = Parameters(dialect)
    wanted = [
        named(features.value(one, place.index, place.table, at, dialect, in_population=True), f"v{place.index}")
        for one, place in places.items()
    ]
    select = _joined(people, _tables(places), kind="INNER")
    return printed(select.select(*wanted, copy=False), parameters)


def everybodys_values(
    dialect: Dialect, people: str, feature: Feature, place: Place, at: Moment, *, in_population: bool
) -> Statement:
    """Return the statement for the value `v` of a feature of each of the numbered `people`, in their order."""
    parameters = Parameters(dialect)
    found = features.value(feature, place.index, place.table, at, dialect, in_population=in_population)
    select = _joined(people, [place.table], kind="LEFT").select(named(found, "v"), copy=False)
    return printed(select.order_by(ordered(dialect, NUMBER, table=people), copy=False), parameters)


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

    `table` is the narrow table that decides them all; None where they ask several. `known` are the answers of whoever
    has no row in it.
    """

    table: str | None
    criteria: tuple[int, ...]
    known: int


def words_of(criteria: Sequence[Criterion], places: Places) -> list[Word]:
    """Return how the answers to `criteria` are packed, at most 62 a word."""
    by_table: dict[str | None, list[int]] = {}
    for index, criterion in enumerate(criteria):
        tables = {places[one].table for one in criterion.features}
        by_table.setdefault(tables.pop() if len(tables) == 1 else None, []).append(index)
    packed = [
        (table, tuple(its[first : first + WORD]))
        for table, its in by_table.items()
        for first in range(0, len(its), WORD)
    ]
    return [
        Word(table, its, sum(answer_without_row(criteria[one]) << place for place, one in enumerate(its)))
        for table, its in packed
    ]


def answers_of(
    dialect: Dialect, people: str, words: Sequence[Word], criteria: Sequence[Criterion], places: Places, at: Moment
) -> Statement:
    """Return the statement for what is true of whom: the number of a person, that of a word, and its `answers`.

    Of the numbered `people`, whoever has no row for a word has the answers that are known of it. Each narrow table is
    read by itself and all of them are joined to `people` once: joins one after another cost three times as much.
    """
    parameters = Parameters(dialect)
    parts = [_answering(people, index, word, criteria, places, at, parameters) for index, word in enumerate(words)]
    together: exp.Query = parts[0]
    for part in parts[1:]:
        together = exp.union(together, part, distinct=False, copy=False)
    found = exp.select(column(NUMBER), column("word"), column("answers")).from_(
        together.subquery("found", copy=False), copy=False
    )
    same = exp.EQ(this=column(PERSON, "found"), expression=column(PERSON, people))
    return printed(found.join(exp.to_table(people), on=same, join_type="INNER", copy=False), parameters)


def _answering(
    people: str,
    index: int,
    word: Word,
    criteria: Sequence[Criterion],
    places: Places,
    at: Moment,
    parameters: Parameters,
) -> exp.Select:
    """Return the answers of a word about the people in its narrow table; about everybody where it asks several."""
    asked = [criteria[one] for one in word.criteria]
    answers = [named(number(index), "word"), named(_bits(asked, places, at, parameters), "answers")]
    if word.table is not None:
        return exp.Select().select(column(PERSON), *answers, copy=False).from_(exp.to_table(word.table), copy=False)
    tables = _tables({feature: places[feature] for criterion in asked for feature in criterion.features})
    return _joined(people, tables, kind="LEFT").select(named(column(PERSON, people), PERSON), *answers, copy=False)


def answers_table(
    dialect: Dialect,
    table: str,
    people: str,
    words: Sequence[Word],
    criteria: Sequence[Criterion],
    places: Places,
    at: Moment,
    decided: Mapping[str, str],
) -> Statement:
    """Return the statement that keeps the answers in the store, as `table`: a row with all words for each of `people`.

    Its columns are `person_id`, a text, `w0`, `w1`, … , and those of `decided`, true of whoever is in the table that it
    names. Rules are decided on such rows, so each narrow table is joined, after it has answered for the people in it.
    """
    parameters = Parameters(dialect)
    answers: dict[str, list[exp.Expr]] = {}
    wanted: list[exp.Expr] = []
    for index, word in enumerate(words):
        answer = _bits([criteria[one] for one in word.criteria], places, at, parameters)
        if word.table is not None:
            answers.setdefault(word.table, []).append(named(answer, f"w{index}"))
            found = column(f"w{index}", f"answers_{word.table}")
            answer = big(exp.Coalesce(this=found, expressions=[number(word.known)]))
        wanted.append(named(answer, f"w{index}"))
    several = [criteria[one] for word in words if word.table is None for one in word.criteria]
    tables = _tables({feature: places[feature] for criterion in several for feature in criterion.features})
    select = _joined(people, tables, kind="LEFT")
    for narrow, columns in answers.items():
        answering = exp.Select().select(column(PERSON), *columns, copy=False).from_(exp.to_table(narrow), copy=False)
        alias = f"answers_{narrow}"
        same = exp.EQ(this=column(PERSON, alias), expression=column(PERSON, people))
        select.join(answering.subquery(alias, copy=False), on=same, join_type="LEFT", copy=False)
    for name, its in decided.items():
        same = exp.EQ(this=column(PERSON, its), expression=as_text(column(PERSON, people)))
        select.join(exp.to_table(its), on=same, join_type="LEFT", copy=False)
        wanted.append(named(is_there(column(PERSON, its)), name))
    select.select(named(as_text(column(PERSON, people)), PERSON), *wanted, copy=False)
    return create_table(table, select, parameters)


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


def _bits(criteria: Sequence[Criterion], places: Places, at: Moment, parameters: Parameters) -> exp.Expr:
    """Return the integer whose bit i says whether the i-th criterion holds."""
    terms: list[exp.Expr] = []
    bounds: dict[tuple[Feature, bool], list[tuple[int, Within]]] = {}
    equals: dict[tuple[Feature, bool], list[tuple[int, Equal]]] = {}
    for place, criterion in enumerate(criteria):
        match criterion:
            case Criterion((one,), Within() as within):
                bounds.setdefault((one, criterion.in_population), []).append((1 << place, within))
            case Criterion((one,), Equal() as equal):
                equals.setdefault((one, criterion.in_population), []).append((1 << place, equal))
            case Criterion(asked, predicate):
                values = [_value(one, places[one], at, parameters, criterion.in_population) for one in asked]
                terms.append(branches.first_of([(meets(predicate, values, parameters), 1 << place)]))
    for (one, in_population), same in equals.items():
        value = _value(one, places[one], at, parameters, in_population)
        terms.append(branches.equal(value, same, parameters))
    for (one, in_population), those in bounds.items():
        index, table = places[one].index, places[one].table
        terms.append(branches.bounded(one, index, table, at, those, parameters, in_population=in_population))
    return big(reduce(lambda left, right: exp.Add(this=left, expression=right), terms))


def _value(feature: Feature, place: Place, at: Moment, parameters: Parameters, in_population: bool) -> exp.Expr:
    return features.value(feature, place.index, place.table, at, parameters.dialect, in_population=in_population)


def person_values(dialect: Dialect, people: str, places: Places, at: Moment) -> Statement:
    """Return the statement for what each of `people` has of every feature: `v0`, `p0` (in the population), `v1`, … ."""
    parameters = Parameters(dialect)
    wanted = [
        named(
            features.value(feature, place.index, place.table, at, dialect, in_population=in_population),
            f"{'p' if in_population else 'v'}{place.index}",
        )
        for feature, place in places.items()
        for in_population in (False, True)
    ]
    select = _joined(people, _tables(places), kind="LEFT")
    return printed(select.select(named(column(PERSON, people), PERSON), *wanted, copy=False), parameters)


def drop_table(dialect: Dialect, table: str) -> Statement:
    """Return the statement that drops a narrow table if it was made."""
    return printed(exp.Drop(tables=[exp.to_table(table)], kind="TABLE", exists=True), Parameters(dialect))


def create_table(table: str, select: exp.Query, parameters: Parameters) -> Statement:
    """Return the statement that makes a table of what `select` finds, for the connection alone where that can be."""
    temporary = [exp.TemporaryProperty()] if parameters.dialect.temporary else []
    properties = exp.Properties(expressions=temporary)
    create = exp.Create(this=exp.to_table(table), kind="TABLE", expression=select, properties=properties)
    return printed(create, parameters)


def together(parts: Sequence[exp.Select]) -> exp.Query:
    """Return the rows of all `parts`, one after another."""
    return parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False)


def create_view(name: str, select: exp.Query, parameters: Parameters) -> Statement:
    """Return the statement that makes, for the connection alone, a view of what `select` finds."""
    properties = exp.Properties(expressions=[exp.TemporaryProperty()])
    create = exp.Create(this=exp.to_table(name), kind="VIEW", replace=True, expression=select, properties=properties)
    return printed(create, parameters)


def printed(tree: exp.Expr, parameters: Parameters) -> Statement:
    """Return the statement that `tree` is in the dialect, every name quoted."""
    return Statement(tree.sql(dialect=parameters.dialect.sqlglot, identify=True, copy=False), parameters.values)


def _joined(people: str, tables: Sequence[str], *, kind: str) -> exp.Select:
    select = exp.Select().from_(exp.to_table(people))
    for table in tables:
        same = exp.EQ(this=column(PERSON, table), expression=column(PERSON, people))
        select.join(exp.to_table(table), on=same, join_type=kind, copy=False)
    return select


def _tables(places: Places) -> list[str]:
    return list(dict.fromkeys(place.table for place in places.values()))
