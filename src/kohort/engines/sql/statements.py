"""The statements of the SQL engine, as SQLGlot trees over `events`, `trait_values` and `people`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS
from kohort.engines.context import Context
from kohort.engines.criteria import Criterion
from kohort.engines.plan import Feature
from kohort.engines.sql import features
from kohort.engines.sql.terms import Parameters, all_of, column, number, truth
from kohort.rules.nodes import Aggregate, Trait

PERSON = "person_id"


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


def event_table(table: str, event: str, places: Places, context: Context, person: str | None = None) -> Statement:
    """Return the statement that makes the narrow table of one event's features, a row per person.

    `person` restricts it to one person.
    """
    parameters = Parameters()
    wanted = [
        found
        for feature, place in places.items()
        for found in features.aggregates(feature, place.index, context, parameters)
    ]
    rows: list[exp.Expr] = [
        exp.EQ(this=column("name"), expression=parameters.bind(event)),
        exp.LTE(this=column("ts"), expression=number(context.at)),
    ]
    first = _first_moment(list(places), context)
    if first is not None:
        rows.append(exp.GTE(this=column("ts"), expression=number(first)))
    select = (
        exp.Select()
        .select(column(PERSON), *wanted, copy=False)
        .from_("events", copy=False)
        .where(all_of(with_person(rows, person, parameters)))
    )
    return create_table(table, select.group_by(column(PERSON)), parameters)


def trait_table(table: str, places: Places, at: Moment, person: str | None = None) -> Statement:
    """Return the statement that makes the narrow table of traits as of `at`, a row per person.

    A trait's value is the latest one set at a time ≤ `at`, ties by the greatest value id; removed, it is missing.
    """
    parameters = Parameters()
    names = dict.fromkeys(feature.measure.name for feature in places if isinstance(feature.measure, Trait))
    bound = {name: parameters.bind(name) for name in names}
    rows: list[exp.Expr] = [
        exp.In(this=column("name"), expressions=[placeholder.copy() for placeholder in bound.values()]),
        exp.LTE(this=column("set_at"), expression=number(at)),
    ]
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(PERSON), column("name")],
        order=exp.Order(
            expressions=[
                exp.Ordered(this=column("set_at"), desc=True),
                exp.Ordered(this=column("value_id"), desc=True),
            ]
        ),
    )
    columns = [column(name) for name in (PERSON, "name", "removed", *VALUE_COLUMNS.values())]
    ranked = exp.select(*columns, exp.alias_(rank, "place")).from_("trait_values")
    ranked = ranked.where(all_of(with_person(rows, person, parameters)))
    wanted: list[exp.Expr] = []
    for feature, place in places.items():
        if isinstance(feature.measure, Trait):
            its = exp.And(
                this=exp.EQ(this=column("name"), expression=bound[feature.measure.name].copy()),
                expression=exp.Not(this=exp.Coalesce(this=column("removed"), expressions=[exp.false()])),
            )
            value = exp.Filter(
                this=exp.AnyValue(this=column(VALUE_COLUMNS[feature.type])), expression=exp.Where(this=its)
            )
            wanted.append(exp.alias_(value, exp.to_identifier(f"f{place.index}", quoted=True)))
    latest = exp.EQ(this=column("place"), expression=number(1))
    select = exp.select(column(PERSON), *wanted).from_(ranked.subquery("ranked")).where(latest)
    return create_table(table, select.group_by(column(PERSON)), parameters)


def population_values(places: Places, at: Moment) -> Statement:
    """Return the statement for the values of features of one table over their populations: `v0`, `v1`, … .

    A row is an existing person; a value is NULL where the person is outside that feature's population.
    """
    wanted = [
        exp.alias_(
            features.value(feature, place.index, place.table, at, in_population=True), f"v{place.index}", copy=False
        )
        for feature, place in places.items()
    ]
    select = _people(_tables(places), at, kind="INNER", person=None, parameters=Parameters())
    return _statement(select.select(*wanted, copy=False), Parameters())


def everybodys_values(
    feature: Feature, place: Place, at: Moment, person: str | None = None, *, in_population: bool
) -> Statement:
    """Return the statement for the value `v` of a feature of everybody who exists, in the order of `people_with`."""
    parameters = Parameters()
    found = features.value(feature, place.index, place.table, at, in_population=in_population)
    select = _people([place.table], at, kind="LEFT", person=person, parameters=parameters)
    select = select.select(exp.alias_(found, "v", copy=False), copy=False).order_by(column(PERSON, "people"))
    return _statement(select, parameters)


def distinct_values(event: str | None, name: str, held: str, at: Moment) -> Statement:
    """Return the statement for the distinct values `value` in the column `held` of an event, or of the trait `name`."""
    parameters = Parameters()
    relation, subject, time = ("trait_values", name, "set_at") if event is None else ("events", event, "ts")
    rows = [
        exp.EQ(this=column("name"), expression=parameters.bind(subject)),
        exp.LTE(this=column(time), expression=number(at)),
        exp.Not(this=exp.Is(this=column(held), expression=exp.null())),
    ]
    select = exp.select(exp.alias_(column(held), "value")).distinct().from_(relation).where(all_of(rows))
    return _statement(select, parameters)


def earliest_event() -> Statement:
    """Return the statement for the moment `ts` of the first event of all; NULL if there is none."""
    return _statement(exp.select(exp.alias_(exp.Min(this=column("ts")), "ts")).from_("events"), Parameters())


def people_with(criteria: Sequence[Criterion], places: Places, at: Moment, person: str | None = None) -> Statement:
    """Return the statement for who exists at `at`, sorted, and whether each criterion holds, 1 or 0: `c0`, `c1`, … ."""
    parameters = Parameters()
    wanted: list[exp.Expr] = []
    for index, criterion in enumerate(criteria):
        values = [
            features.value(one, places[one].index, places[one].table, at, in_population=criterion.in_population)
            for one in criterion.features
        ]
        holds = exp.Cast(
            this=truth(criterion.predicate, values, parameters), to=exp.DataType(this=exp.DataType.Type.UTINYINT)
        )
        wanted.append(exp.alias_(holds, f"c{index}", copy=False))
    select = _people(_tables(places), at, kind="LEFT", person=person, parameters=parameters)
    select = select.select(column(PERSON, "people"), *wanted, copy=False).order_by(column(PERSON, "people"))
    return _statement(select, parameters)


def person_values(places: Places, at: Moment, person: str) -> Statement:
    """Return the statement for one person's value of every feature: `v0`, `p0` (in the population), `v1`, … ."""
    parameters = Parameters()
    wanted = [
        exp.alias_(
            features.value(feature, place.index, place.table, at, in_population=in_population),
            f"{'p' if in_population else 'v'}{place.index}",
        )
        for feature, place in places.items()
        for in_population in (False, True)
    ]
    select = _people(_tables(places), at, kind="LEFT", person=person, parameters=parameters)
    return _statement(select.select(column(PERSON, "people"), *wanted, copy=False), parameters)


def drop_table(table: str) -> Statement:
    """Return the statement that drops a narrow table if it was made."""
    return _statement(exp.Drop(tables=[exp.to_table(table)], kind="TABLE", exists=True), Parameters())


def _people(tables: Sequence[str], at: Moment, *, kind: str, person: str | None, parameters: Parameters) -> exp.Select:
    rows: list[exp.Expr] = [exp.LTE(this=column("first_seen", "people"), expression=number(at))]
    if person is not None:
        rows.append(exp.EQ(this=column(PERSON, "people"), expression=parameters.bind(person)))
    select = exp.Select().from_("people")
    for table in tables:
        same = exp.EQ(this=column(PERSON, table), expression=column(PERSON, "people"))
        select = select.join(exp.to_table(table), on=same, join_type=kind)
    return select.where(all_of(rows))


def _tables(places: Places) -> list[str]:
    return list(dict.fromkeys(place.table for place in places.values()))


def with_person(rows: list[exp.Expr], person: str | None, parameters: Parameters) -> list[exp.Expr]:
    """Return the conditions `rows` on a row, and that it is of `person` if one is meant."""
    if person is None:
        return rows
    return [*rows, exp.EQ(this=column(PERSON), expression=parameters.bind(person))]


def _first_moment(wanted: Sequence[Feature], context: Context) -> Moment | None:
    """Return the first moment that the windows of `wanted` hold; None if one of them looks at all time."""
    windows = [feature.measure.window if isinstance(feature.measure, Aggregate) else None for feature in wanted]
    if any(window is None for window in windows):
        return None
    lows = [low for window in windows if window is not None for low, _ in context.ranges(window)]
    known = [low for low in lows if low is not None]
    return min(known, default=context.at) if len(known) == len(lows) else None


def create_table(table: str, select: exp.Select, parameters: Parameters) -> Statement:
    """Return the statement that makes a temporary table of what `select` finds."""
    properties = exp.Properties(expressions=[exp.TemporaryProperty()])
    create = exp.Create(this=exp.to_table(table), kind="TABLE", expression=select, properties=properties)
    return _statement(create, parameters)


def _statement(tree: exp.Expr, parameters: Parameters) -> Statement:
    return Statement(tree.sql(dialect="duckdb"), parameters.values)
