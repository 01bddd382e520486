"""When a condition holds: its values at all moments at which the answer may change."""

from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import datetime_of
from kohort.definitions.values import MICRO
from kohort.engines.columns import MISSING, Moments
from kohort.engines.criteria import Criterion, criterion_of, is_located
from kohort.engines.kernel.masks import holds
from kohort.engines.plan import features_of
from kohort.engines.predicates import Present, Within
from kohort.engines.timelines.courses import Course, Ordered, Points
from kohort.engines.timelines.sequences import sequence_course
from kohort.engines.timelines.values import Sources, Traced
from kohort.rules.literals import Day
from kohort.rules.nodes import Anniversary, Basic, DaysSince, InCell, InPolygon, Located, Near, Sequence
from kohort.rules.windows import comes_round

_FARTHEST: Final = 2**60
"""No two moments of the calendar are so far apart."""


def condition_course(condition: Basic, sources: Sources) -> Course:
    """Return for each person when a canonical condition holds, whatever population it looks at.

    >>> from kohort.engines.columns import Block, Rows
    >>> from kohort.engines.context import Context
    >>> from kohort.engines.statistics import Statistics
    >>> from kohort.engines.timelines.courses import Stretch
    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.parse import parse_rule
    >>> block = Block(np.array([0]), {"e": Rows(np.zeros(1, np.int32), np.array([3_000_000]))}, {})
    >>> sources = Sources(block, Context(Catalog(events={"e": {}}), at=0), Statistics(), Stretch(0, 9_000_000))
    >>> condition_course(parse_rule("count of e in last 5 seconds >= 1"), sources).moments.tolist()
    [0, 3000000, 8000000]
    """
    match condition:
        case Sequence():
            return sequence_course(condition, sources)
        case Near() | InPolygon() | InCell():
            return _located(condition, sources)
        case Anniversary():
            return _anniversary(condition, sources)
        case _:
            return _asked(criterion_of(condition, sources.statistics, sources.context), sources)


def _asked(criterion: Criterion, sources: Sources) -> Course:
    traced = [Traced.of(feature, sources) for feature in criterion.features]
    turns = [turn for one in traced for turn in _turns(one, criterion)]
    points = _points(turns, sources)
    columns = [one.at(points, in_population=criterion.in_population) for one in traced]
    match criterion.predicate:
        case Present(negated=negated):
            there = np.any([column.present() for column in columns], axis=0)
            return Course.of(points, there != negated)
        case predicate:
            (column,) = columns
            return Course.of(points, holds(predicate, column))


def _turns(traced: Traced, criterion: Criterion) -> list[tuple[NDArray[Any], Moments]]:
    """Return where the answer may change: with the rows and, of days since an event, when these pass a bound."""
    turns = [traced.spans.turns()]
    if isinstance(traced.feature.measure, DaysSince) and isinstance(criterion.predicate, Within):
        low, high = criterion.predicate.low, criterion.predicate.high
        rows = traced.spans.rows
        turns += [
            (rows.people, rows.ts + passed)
            for passed in (low, None if high is None else high + 1)
            if passed is not None and abs(passed) < _FARTHEST
        ]
    return turns


def _points(turns: list[tuple[NDArray[Any], Moments]], sources: Sources) -> Points:
    people, moments = (np.concatenate(arrays) for arrays in zip(*turns, strict=True))
    return sources.points(people, moments)


def _located(located: Located, sources: Sources) -> Course:
    traced = [Traced.of(feature, sources) for feature in features_of(located, sources.context.catalog)]
    points = _points([one.spans.turns() for one in traced], sources)
    values = (one.at(points).values for one in traced)
    coordinates = [np.where(one == MISSING, np.nan, one.astype(np.float64) / MICRO) for one in values]
    return Course.of(points, is_located(located, *coordinates))


def _anniversary(condition: Anniversary, sources: Sources) -> Course:
    (feature,) = features_of(condition, sources.context.catalog)
    traced = Traced.of(feature, sources)
    dates, codes = np.unique(traced.values(), return_inverse=True)
    born, starts, ends = _comings(dates, condition.days, sources)
    entered, left = Ordered(born, starts), Ordered(born, ends)
    # A row's own date comes round from the positions first to last: those turns are its person's too.
    first, last = entered.starts(codes), entered.starts(codes + 1)
    own = np.repeat(np.arange(len(codes)), last - first)
    place = np.arange(len(own)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[own]
    people = traced.spans.rows.people
    turns = [traced.spans.turns(), (people[own], starts[place]), (people[own], ends[place])]
    points = _points(turns, sources)
    values = traced.at(points).values
    code = np.minimum(np.searchsorted(dates, values), max(0, len(dates) - 1))
    comes = entered.upto(code, points.moments) > left.upto(code, points.moments)
    return Course.of(points, comes & (values != MISSING))


def _comings(dates: Moments, days: int, sources: Sources) -> tuple[NDArray[Any], Moments, Moments]:
    """Return when each of `dates`, by its place, comes round within `days`: from one moment to, excluded, another."""
    zone, stretch = sources.context.catalog.zone, sources.stretch
    years = range(datetime_of(stretch.since, zone).year, datetime_of(stretch.until, zone).year + 2)
    found: list[tuple[int, int, int]] = []
    for code, moment in enumerate(dates):
        if moment == MISSING:
            continue
        day = datetime_of(int(moment), zone).date()
        for year in years:
            if year > day.year:
                coming = comes_round(day, year)
                start, end = (Day(one).moments(zone)[0] for one in (coming - timedelta(days), coming + timedelta(1)))
                found.append((code, start, end))
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
