"""Values that one row of many decides, kept with that row's moment and id, so that a new row can be compared."""

from sqlglot import expressions as exp

from kohort.definitions.values import VALUE_COLUMNS
from kohort.engines.plan import Feature
from kohort.engines.sql.features import property_columns
from kohort.engines.sql.narrow import Subject, foremost, ranked
from kohort.engines.sql.refresh.change import Change, window_of
from kohort.engines.sql.statements import Places
from kohort.engines.sql.terms import Parameters, all_of, column, is_there, named, where
from kohort.rules.nodes import Aggregate, Trait
from kohort.rules.operators import Function

MOMENT, ID = "row_moment", "row_id"


def foremost_changes(subject: Subject, places: Places, change: Change, parameters: Parameters) -> exp.Select:
    """Return of each person the foremost of the rows that came."""
    arrivals = change.traits if isinstance(subject, Trait) else change.events
    columns = [named(column(arrivals.time), MOMENT), named(column(arrivals.id), ID)]
    gained = change.gained(None)
    match subject:
        case Trait(name=name):
            # A value that was removed stands as a row without one: what came before it stays covered.
            there = exp.Not(this=exp.Coalesce(this=column("removed"), expressions=[exp.false()]))
            columns += [
                named(_if(there.copy(), column(VALUE_COLUMNS[one.type])), f"f{place.index}")
                for one, place in places.items()
            ]
            rows = [exp.EQ(this=column("name"), expression=parameters.bind(name)), change.entering(None, arrivals)]
        case Feature(measure=Aggregate(event=name) as measure):
            gained = change.gained(window_of(subject))
            (read,) = property_columns(subject, change.after.catalog)
            columns.append(named(read, f"f{places[subject].index}"))
            rows = [
                exp.EQ(this=column("name"), expression=parameters.bind(measure.event)),
                change.entering(window_of(subject), arrivals),
                is_there(read.copy()),
            ]
            if measure.where is not None:
                rows.append(where(measure.where, measure.event, change.after, parameters))
        case _:
            raise TypeError("only a trait, or the first or last value of a property, is that of one row")
    matching = ranked(columns, (arrivals.time, arrivals.id), parameters, latest=_is_latest(subject))
    matching = matching.from_(arrivals.rows(parameters, [name], gained)).where(all_of(rows))
    return foremost([column(name) for name in foremost_columns(places)], matching)


def foremost_columns(places: Places) -> list[str]:
    """Return the names of the columns of `places`."""
    return [MOMENT, ID, *(f"f{place.index}" for place in places.values())]


def foremost_merged(subject: Subject, places: Places, rows: exp.Select, parameters: Parameters) -> exp.Select:
    """Return of each person the foremost of `rows`: what stood, and what came."""
    columns = [column(name) for name in foremost_columns(places)]
    matching = ranked(columns, (MOMENT, ID), parameters, latest=_is_latest(subject))
    return foremost([one.copy() for one in columns], matching.from_(rows.subquery("rows")))


def _is_latest(subject: Subject) -> bool:
    match subject:
        case Feature(measure=Aggregate(function=Function.FIRST)):
            return False
        case _:
            return True


def _if(condition: exp.Expr, found: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=found)])
