"""Counts, sums and means as balances of what came and what went, and extremes that only grow, one table an event."""

from sqlglot import expressions as exp

from kohort.engines.plan import Feature
from kohort.engines.sql.features import property_columns
from kohort.engines.sql.refresh.change import Change, window_of
from kohort.engines.sql.statements import Places
from kohort.engines.sql.terms import PERSON, Parameters, all_of, any_of, big, column, is_there, named, number, where
from kohort.rules.nodes import Aggregate, DaysSince
from kohort.rules.operators import Function, Occurrence


def tally_changes(event: str, places: Places, change: Change, parameters: Parameters) -> exp.Select:
    """Return by how much the features of `places` changed: a row for each person with a row that came or went."""
    columns = [one for feature, place in places.items() for one in _changes(feature, place.index, change, parameters)]
    moved = change.moved(window_of(feature) for feature in places)
    touching = change.touching(moved, change.events)
    rows = exp.EQ(this=column("name"), expression=parameters.bind(event))
    select = exp.select(column(PERSON), *columns).from_(change.events.rows(parameters, [event], moved))
    return select.where(all_of([rows, touching])).group_by(column(PERSON))


def tally_columns(places: Places) -> list[str]:
    """Return the names of the columns of `places`."""
    return [
        name
        for feature, place in places.items()
        for name in (f"f{place.index}", *([f"n{place.index}"] if _is_balance(feature) else []))
    ]


def tally_merged(places: Places, rows: exp.Select) -> exp.Select:
    """Return the features of `places` from `rows`: of each person what stood, and by how much it changed."""
    columns = [one for feature, place in places.items() for one in _merged(feature, place.index)]
    return exp.select(column(PERSON), *columns).from_(rows.subquery("rows")).group_by(column(PERSON))


def _changes(feature: Feature, index: int, change: Change, parameters: Parameters) -> list[exp.Expr]:
    measure = feature.measure
    if not isinstance(measure, Aggregate | DaysSince):
        raise TypeError("only a value over events is tallied")
    window = window_of(feature)
    came, went = [change.entering(window, change.events)], change.leaving(window)
    gone = [] if went is None else [went]
    for rows in (came, gone):
        if rows and measure.where is not None:
            rows.insert(0, where(measure.where, measure.event, change.after, parameters))
    read = property_columns(feature, change.after.catalog)
    found, counted = f"f{index}", f"n{index}"
    match measure:
        case DaysSince() | Aggregate(function=Function.MIN | Function.MAX):
            extreme = _case([(came, read[0] if read else column("ts"))])
            return [named(_kind(feature)(this=extreme), found)]
        case Aggregate(function=Function.SUM | Function.MEAN as function):
            (value,) = read
            present = [is_there(value.copy())] if function is Function.MEAN else []
            wide = parameters.dialect.sums_in
            term = value if wide is None else exp.Cast(this=value, to=wide.copy())
            total = _balance(came, gone, term)
            return [named(total, found), named(_number(came, gone, present), counted)]
        case _:
            present = [any_of([is_there(one) for one in read])] if read else []
            return [named(_number(came, gone, present), found), named(_number(came, gone, []), counted)]


def _merged(feature: Feature, index: int) -> list[exp.Expr]:
    found, counted = column(f"f{index}"), column(f"n{index}")
    if not _is_balance(feature):
        return [named(_kind(feature)(this=found), f"f{index}")]
    total: exp.Expr = exp.Sum(this=found)
    count = exp.Sum(this=counted)
    match feature.measure:
        case Aggregate(function=Function.MEAN):
            # Without any value left there is no mean, and nothing to divide by.
            some = exp.GT(this=count.copy(), expression=number(0))
            total = exp.Case(ifs=[exp.If(this=some, true=total)])
        case Aggregate(function=Function.COUNT):
            total = big(total)
    return [named(total, f"f{index}"), named(big(count), f"n{index}")]


def _is_balance(feature: Feature) -> bool:
    match feature.measure:
        case Aggregate(function=Function.COUNT | Function.SUM | Function.MEAN):
            return True
        case _:
            return False


def _kind(feature: Feature) -> type[exp.AggFunc]:
    match feature.measure:
        case DaysSince(occurrence=Occurrence.LAST) | Aggregate(function=Function.MAX):
            return exp.Max
        case _:
            return exp.Min


def _number(came: list[exp.Expr], gone: list[exp.Expr], besides: list[exp.Expr]) -> exp.Expr:
    balance = _balance([*came, *besides], [*gone, *besides] if gone else [], number(1))
    return big(exp.Coalesce(this=balance, expressions=[number(0)]))


def _balance(came: list[exp.Expr], gone: list[exp.Expr], term: exp.Expr) -> exp.Expr:
    """Return the sum of `term` over the rows that came, less that over the rows that went."""
    pairs = [(came, term)]
    if gone:
        pairs.append((gone, exp.Neg(this=term.copy())))
    return exp.Sum(this=_case(pairs))


def _case(pairs: list[tuple[list[exp.Expr], exp.Expr]]) -> exp.Expr:
    ifs = [exp.If(this=all_of([one.copy() for one in terms]), true=found) for terms, found in pairs]
    return exp.Case(ifs=ifs)
