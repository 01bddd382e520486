"""The rule language as Python: ordinary functions and operators that build the same tree as a sentence.

A value (`trait`, `count`, `sum_of` …) is compared with a number, a text, True or False, a date, a datetime, or a number
of the population (`mean`, `median`, `quantile`); that makes a condition. Conditions are combined with `&`, `|` and `~`.

>>> str(sum_of("order_completed", "total", last="90 days") > mean + 1 * std)
'sum of order_completed.total in last 90 days > mean + 1 std'
>>> str((trait("country") == "FR") & ~in_segment("vip"))
'country = "FR" and not in segment "vip"'

`last` is a length of time ("7 days", "1 hour"), `during` another window (`today`, `since(...)`, `in_month(12)`).
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from kohort.clock import DAY
from kohort.definitions.values import MICRO
from kohort.errors import DefinitionError, UsageError
from kohort.rules.amounts import Plain, duration_of, literal_of, number_of
from kohort.rules.cells import cell_in_sentence
from kohort.rules.expressions import (
    Combination,
    Deviations,
    Distance,
    Happened,
    RuleExpression,
    Threshold,
    ValueExpression,
    measure_of,
    population_of,
    where_of,
)
from kohort.rules.literals import Day, Last, Time
from kohort.rules.nodes import (
    DEFAULT_POINT,
    Aggregate,
    Anniversary,
    ConsentTo,
    DaysSince,
    Everyone,
    InCell,
    InPolygon,
    InSegment,
    Property,
    Score,
    Step,
    Trait,
)
from kohort.rules.operators import Function, Occurrence
from kohort.rules.polygons import Corner
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window

everyone: Final = Everyone()
mean: Final = Threshold()
median: Final = Threshold(quantile=MICRO // 2)
std: Final = Deviations(MICRO)
today: Final = Calendar(Named.TODAY)
yesterday: Final = Calendar(Named.YESTERDAY)
this_week: Final = Calendar(Named.THIS_WEEK)
this_month: Final = Calendar(Named.THIS_MONTH)
this_year: Final = Calendar(Named.THIS_YEAR)


def trait(name: str) -> ValueExpression:
    """Return a person's trait or score.

    >>> str(trait("country") == "FR")
    'country = "FR"'
    """
    return ValueExpression(Trait(name))


def event_property(name: str) -> ValueExpression:
    """Return a property of the event of a `where`.

    >>> str(count("order_completed", where=event_property("total") > 50) >= 2)
    'count of order_completed where total > 50 >= 2'
    """
    return ValueExpression(Property(name))


def count(
    event: str,
    property: str | None = None,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the number of a person's events, or of those that have a property.

    >>> str(count("order_completed", last="7 days") >= 1)
    'count of order_completed in last 7 days >= 1'
    """
    return _aggregate(Function.COUNT, event, property, where, last, during)


def sum_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the exact sum of a property over a person's events.

    >>> str(sum_of("order_completed", "total", during=this_year) >= 500)
    'sum of order_completed.total this year >= 500'
    """
    return _aggregate(Function.SUM, event, property, where, last, during)


def mean_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the mean of a property over a person's events.

    >>> str(mean_of("order_completed", "total") > mean)
    'mean of order_completed.total > mean'
    """
    return _aggregate(Function.MEAN, event, property, where, last, during)


def min_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the smallest value of a property over a person's events.

    >>> str(min_of("order_completed", "total") < 5)
    'min of order_completed.total < 5'
    """
    return _aggregate(Function.MIN, event, property, where, last, during)


def max_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the greatest value of a property over a person's events.

    >>> str(max_of("order_completed", "total") > 5)
    'max of order_completed.total > 5'
    """
    return _aggregate(Function.MAX, event, property, where, last, during)


def distinct_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the number of different values of a property over a person's events.

    >>> str(distinct_of("order_completed", "shop") > 1)
    'distinct of order_completed.shop > 1'
    """
    return _aggregate(Function.DISTINCT, event, property, where, last, during)


def first_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the value of a property at a person's first event that has it.

    >>> str(first_of("order_completed", "shop") == "Paris")
    'first of order_completed.shop = "Paris"'
    """
    return _aggregate(Function.FIRST, event, property, where, last, during)


def last_of(
    event: str,
    property: str,  # noqa: A002 - the language's own word
    *,
    where: RuleExpression | None = None,
    last: str | None = None,
    during: Window | None = None,
) -> ValueExpression:
    """Return the value of a property at a person's last event that has it.

    >>> str(last_of("order_completed", "shop") != "Paris")
    'last of order_completed.shop != "Paris"'
    """
    return _aggregate(Function.LAST, event, property, where, last, during)


def days_since_last(event: str, *, where: RuleExpression | None = None) -> ValueExpression:
    """Return the days of 24 hours since a person's last such event.

    >>> str(days_since_last("order_completed") < 7)
    'days since last order_completed < 7'
    """
    return ValueExpression(DaysSince(Occurrence.LAST, event, where_of(where)))


def days_since_first(event: str, *, where: RuleExpression | None = None) -> ValueExpression:
    """Return the days of 24 hours since a person's first such event.

    >>> str(days_since_first("order_completed") >= 30.5)
    'days since first order_completed >= 30.5'
    """
    return ValueExpression(DaysSince(Occurrence.FIRST, event, where_of(where)))


def score(
    value: ValueExpression,
    out_of: int,
    *,
    reversed: bool = False,  # noqa: A002 - the language's own word
    among: RuleExpression | Everyone | None = None,
) -> ValueExpression:
    """Return a value's place in the population, from 1 to `out_of`; `reversed` where less is better.

    >>> str(score(days_since_last("order_completed"), 5, reversed=True) >= 4)
    'score of days since last order_completed out of 5 reversed >= 4'
    """
    return ValueExpression(Score(measure_of(value.value), out_of, reversed, population_of(among)))


def quantile(share: float | Decimal) -> Threshold:
    """Return the value below which `share` of the population lies, from 0 to 1.

    >>> str(trait("clv") >= quantile(0.9))
    'clv >= quantile 0.9'
    """
    return Threshold(quantile=number_of(share))


def did(
    event: str, *, where: RuleExpression | None = None, last: str | None = None, during: Window | None = None
) -> Happened:
    """Ask for at least one such event; `.then` and `.then_not` go on.

    >>> str(did("order_completed", where=event_property("total") > 50, during=yesterday))
    'did order_completed where total > 50 yesterday'
    """
    return Happened((Step(event, where_of(where)),), _window(last, during))


def in_segment(name: str) -> RuleExpression:
    """Ask for the members of another segment at the same moment.

    >>> str(in_segment("vip"))
    'in segment "vip"'
    """
    return Combination(InSegment(name))


def consent_to(purpose: str) -> RuleExpression:
    """Ask for consent to a purpose at the moment of evaluation.

    >>> str(consent_to("ads_matching"))
    'consent to ads_matching'
    """
    return Combination(ConsentTo(purpose))


def anniversary(value: ValueExpression, *, in_next: str) -> RuleExpression:
    """Ask whether a moment's day comes round in the next days or weeks.

    >>> str(anniversary(trait("birth_date"), in_next="7 days"))
    'anniversary of birth_date in next 7 days'
    """
    length = duration_of(in_next).length
    if length % DAY:
        raise DefinitionError("an anniversary is a day: write days or weeks")
    return Combination(Anniversary(value.value, length // DAY))


def distance_to(latitude: float | Decimal, longitude: float | Decimal, *, point: str = DEFAULT_POINT) -> Distance:
    """Return how far a person's point is from a place in degrees, to be compared with a length.

    >>> str(distance_to(48.8566, 2.3522) < "5 km")
    'distance to (48.8566, 2.3522) < 5 km'
    """
    return Distance(point, number_of(latitude), number_of(longitude))


def within_polygon(
    corners: Iterable[tuple[float | Decimal, float | Decimal]], *, point: str = DEFAULT_POINT
) -> RuleExpression:
    """Ask whether a person's point lies inside a polygon of corners (latitude, longitude) in degrees, or on its edge.

    >>> str(within_polygon([(48.8, 2.3), (48.9, 2.3), (48.9, 2.4)]))
    'location within polygon ((48.8, 2.3), (48.9, 2.3), (48.9, 2.4))'
    """
    return Combination(InPolygon(point, tuple(Corner(number_of(north), number_of(east)) for north, east in corners)))


def in_cell(cell: str, *, point: str = DEFAULT_POINT) -> RuleExpression:
    """Ask whether a person's point lies in a cell of H3.

    >>> str(in_cell("881fb46625fffff", point="home"))
    'home in cell "881fb46625fffff"'
    """
    return Combination(InCell(point, cell_in_sentence(cell)))


def since(start: date) -> Window:
    """Return the window from a day's beginning, or from an exact time, on.

    >>> str(did("order_completed", during=since(date(2026, 1, 31))))
    'did order_completed since 2026-01-31'
    """
    return Since(_end(start))


def from_to(low: date, high: date) -> Window:
    """Return the window from one day or time to another, both included.

    >>> str(did("order_completed", during=from_to(date(2026, 1, 1), date(2026, 3, 31))))
    'did order_completed between 2026-01-01 and 2026-03-31'
    """
    return FromTo(_end(low), _end(high))


def in_month(month: int) -> Window:
    """Return a month, 1 to 12, of every year.

    >>> str(did("order_completed", during=in_month(12)))
    'did order_completed in December'
    """
    return InMonth(month)


def in_period(name: str) -> Window:
    """Return a campaign period of the project.

    >>> str(did("order_completed", during=in_period("summer sale")))
    'did order_completed in period "summer sale"'
    """
    return InPeriod(name)


def _aggregate(
    function: Function,
    event: str,
    name: str | None,
    where: RuleExpression | None,
    last: str | None,
    during: Window | None,
) -> ValueExpression:
    return ValueExpression(Aggregate(function, event, name, where_of(where), _window(last, during)))


def _window(last: str | None, during: Window | None) -> Window | None:
    if last is None:
        return during
    if during is not None:
        raise UsageError("a value has one window: give last or during, not both")
    length = duration_of(last)
    return Last(length.count, length.unit)


def _end(day: Plain) -> Day | Time:
    found = literal_of(day)
    if not isinstance(found, Day | Time):
        raise UsageError("a window begins and ends with a date or a datetime")
    return found
