"""The narrow tables of a plan: one per event name, trait, sequence, and value that one row of many decides."""

from collections.abc import Mapping, Sequence

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.context import Context
from kohort.engines.plan import Feature, Plan
from kohort.engines.sql import features
from kohort.engines.sql.dialects import Dialect, Lists
from kohort.engines.sql.sequences import sequence_table
from kohort.engines.sql.statements import Place, Places, Statement, create_table
from kohort.engines.sql.terms import (
    PERSON,
    Parameters,
    all_of,
    column,
    first_moment,
    in_ranges,
    is_there,
    named,
    number,
    ordered,
    with_person,
)
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, DaysSince, Trait
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.operators import Function

Subject = str | Trait | Steps | Feature
"""What a narrow table is about: an event's name, a trait, a sequence, or one value that needs rows of its own."""


def narrow_tables(plan: Plan, catalog: Catalog) -> Mapping[Subject, Sequence[Feature]]:
    """Return which features of `plan` stand in one table.

    >>> from kohort.engines.plan import build_plan
    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(events={"e": {}}, traits={"clv": ValueType.NUMBER})
    >>> plan = build_plan({"": parse_rule("did e and count of e in last 1 day > 2 and clv > 3")}, catalog)
    >>> [len(its) for its in narrow_tables(plan, catalog).values()]
    [2, 1]
    """
    tables: dict[Subject, list[Feature]] = {}
    for feature in plan.features:
        tables.setdefault(subject_of(feature, catalog), []).append(feature)
    return tables


def narrow_table(
    dialect: Dialect, table: str, subject: Subject, places: Places, context: Context, person: str | None = None
) -> Statement:
    """Return the statement that makes the narrow table of `places`, a row per person.

    `person` restricts it to one person.
    """
    parameters = Parameters(dialect)
    return create_table(table, narrow_rows(subject, places, context, person, parameters), parameters)


def narrow_rows(
    subject: Subject, places: Places, context: Context, person: str | None, parameters: Parameters
) -> exp.Select:
    """Return the rows of the narrow table of `places`."""
    match subject:
        case Steps():
            ((_, place),) = places.items()
            return sequence_table(subject, place.index, context, person, parameters)
        case Trait():
            return _trait(subject, places, context.at, person, parameters)
        case Feature(measure=Aggregate(function=Function.DISTINCT)):
            return _elements(subject, places[subject], context, person, parameters)
        case Feature():
            return _one_row(subject, places[subject], context, person, parameters)
        case event:
            return _event(event, places, context, person, parameters)


def subject_of(feature: Feature, catalog: Catalog) -> Subject:
    """Return what the narrow table that holds `feature` is about."""
    match feature.measure:
        case Aggregate(function=Function.FIRST | Function.LAST):
            return feature
        case Aggregate(function=Function.DISTINCT, event=event, property=name):
            return feature if ValueType.TEXT_LIST in catalog.events[event][name or ""] else event
        case Aggregate(event=event) | DaysSince(event=event):
            return event
        case measure:
            return measure


def _event(event: str, places: Places, context: Context, person: str | None, parameters: Parameters) -> exp.Select:
    """Return the aggregates of one event over one pass of its rows."""
    windows = [feature.measure.window if isinstance(feature.measure, Aggregate) else None for feature in places]
    first = first_moment(windows, context)
    wanted = [
        found
        for feature, place in places.items()
        for found in features.aggregates(feature, place.index, context, parameters, first)
    ]
    rows = _rows(event, first, context.at, parameters)
    select = exp.Select().select(column(PERSON), *wanted, copy=False).from_("events", copy=False)
    return select.where(all_of(with_person(rows, person, parameters)), copy=False).group_by(column(PERSON), copy=False)


def _one_row(
    feature: Feature, place: Place, context: Context, person: str | None, parameters: Parameters
) -> exp.Select:
    """Return the first or last value of a property, ties in time by the event's id."""
    measure = feature.measure
    if not isinstance(measure, Aggregate):
        raise TypeError("only the first or last value of a property is that of one row")
    (read,) = features.property_columns(feature, context.catalog)
    rows = [
        *_rows(measure.event, None, context.at, parameters),
        *features.matching_rows(feature, context, parameters),
        is_there(read.copy()),
    ]
    found = f"f{place.index}"
    matching = ranked([named(read, found)], ("ts", "event_id"), parameters, latest=measure.function is Function.LAST)
    matching = matching.from_("events").where(all_of(with_person(rows, person, parameters)))
    return foremost([column(found)], matching)


def _trait(trait: Trait, places: Places, at: Moment, person: str | None, parameters: Parameters) -> exp.Select:
    """Return the value of a trait: the latest set at a time ≤ `at`, ties by the greatest id; removed, it is missing.

    Most people have one value. Only those of whoever has several are ranked, which takes a third of ranking all.
    """
    rows: list[exp.Expr] = [
        exp.EQ(this=column("name"), expression=parameters.bind(trait.name)),
        exp.LTE(this=column("set_at"), expression=number(at)),
    ]
    among = all_of(with_person(rows, person, parameters))
    found = [named(column(VALUE_COLUMNS[one.type]), f"f{place.index}") for one, place in places.items()]
    wanted = [f"f{place.index}" for place in places.values()]
    kept = exp.Not(this=exp.Coalesce(this=column("removed"), expressions=[exp.false()]))

    values = exp.select(column(PERSON), *found, column("removed")).from_("trait_values").where(among)
    single = exp.select(*(column(name, "recorded") for name in (PERSON, *wanted))).from_(values.subquery("recorded"))
    same = exp.EQ(this=column(PERSON, "several"), expression=column(PERSON, "recorded"))
    single = single.join("several", on=same, join_type="LEFT")
    single = single.where(exp.Is(this=column(PERSON, "several"), expression=exp.null()), kept.copy())

    known = ranked([*found, column("removed")], ("set_at", "value_id"), parameters, latest=True)
    chosen = exp.In(this=column(PERSON), query=exp.select(column(PERSON)).from_("several").subquery())
    known = known.from_("trait_values").where(among, chosen)
    latest = foremost([column(name) for name in wanted], known).where(kept)

    several = exp.select(column(PERSON)).from_("trait_values").where(among).group_by(column(PERSON))
    several = several.having(exp.GT(this=exp.Count(this=exp.Star()), expression=number(1)))
    found_values = exp.union(single, latest, distinct=False).subquery("found")
    return exp.select(column(PERSON), *map(column, wanted)).from_(found_values).with_("several", as_=several)


def _elements(
    feature: Feature, place: Place, context: Context, person: str | None, parameters: Parameters
) -> exp.Select:
    """Return the number of distinct values of a property that may hold lists, whose elements count."""
    measure = feature.measure
    if not isinstance(measure, Aggregate):
        raise TypeError("only the values of a property are counted")
    types = context.catalog.events[measure.event][measure.property or ""]
    rows = [*_rows(measure.event, None, context.at, parameters), *features.matching_rows(feature, context, parameters)]
    read = {f"v{number}": (type_, name) for number, (type_, name) in enumerate(types.items())}
    matched = exp.select(column(PERSON), *(named(column(name), alias) for alias, (_, name) in read.items()))
    matched = matched.from_("events").where(all_of(with_person(rows, person, parameters)))
    (listed,) = (alias for alias, (type_, _) in read.items() if type_ is ValueType.TEXT_LIST)
    counted = [column(alias) for alias in read if alias != listed] + [column("element", "elements")]
    total = features.total_of([exp.Count(this=exp.Distinct(expressions=[one])) for one in counted])
    columns = [named(total, f"f{place.index}"), named(exp.Count(this=exp.Star()), f"n{place.index}")]
    select = exp.select(column(PERSON), *columns).from_(matched.subquery("matched"))
    return _with_elements(select, column(listed, "matched"), parameters.dialect).group_by(column(PERSON))


def _with_elements(select: exp.Select, listed: exp.Expr, dialect: Dialect) -> exp.Select:
    """Return the rows once for each element of a list, and once where it is empty or missing."""
    alias = exp.TableAlias(this=exp.to_identifier("elements"), columns=[exp.to_identifier("element")])
    if dialect.lists is Lists.LATERAL_VIEW:
        view = exp.Lateral(this=exp.Explode(this=listed), view=True, outer=True, alias=alias)
        select.append("laterals", view)
        return select
    return select.join(exp.Unnest(expressions=[listed], alias=alias), on=exp.true(), join_type="LEFT")


def _rows(event: str, first: Moment | None, at: Moment, parameters: Parameters) -> list[exp.Expr]:
    return [
        exp.EQ(this=column("name"), expression=parameters.bind(event)),
        in_ranges(column("ts"), [(first, at)]),
    ]


def ranked(wanted: Sequence[exp.Expr], by: tuple[str, str], parameters: Parameters, *, latest: bool) -> exp.Select:
    """Return `wanted` with the `place` of each row among its person's, by a moment and, of equal ones, an id."""
    moment, id_ = by
    order = [
        ordered(parameters.dialect, moment, latest=latest),
        ordered(parameters.dialect, id_, latest=latest, text=True),
    ]
    rank = exp.Window(this=exp.RowNumber(), partition_by=[column(PERSON)], order=exp.Order(expressions=order))
    return exp.select(column(PERSON), *wanted, named(rank, "place"))


def foremost(wanted: Sequence[exp.Expr], rows: exp.Select) -> exp.Select:
    """Return `wanted` of each person's row in the first place of what `ranked` gave."""
    first = exp.EQ(this=column("place"), expression=number(1))
    return exp.select(column(PERSON), *wanted).from_(rows.subquery("ranked")).where(first)
