"""The numbers of the population that an evaluation used, as the record that an epoch keeps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import format_micros
from kohort.errors import CorruptionError
from kohort.rules.nodes import AgainstMean, AgainstQuantile, Everyone, Extreme, Leaf, Rule, Score
from kohort.rules.operators import Side
from kohort.rules.print import print_among, print_threshold, print_value
from kohort.stats.population import (
    Moments,
    bottom_threshold,
    deviation_threshold,
    moments_of,
    quantile_threshold,
    score_cuts,
    top_threshold,
)

PopulationTerm = AgainstMean | AgainstQuantile | Extreme | Score


@dataclass(frozen=True)
class Statistic:
    """What one term of a rule needs to know of the population.

    `thresholds` are integers of the value's unit: one for `mean + k std` and `top`, `bottom`; for a score out
    of n its n − 1 cuts; none where the population is too small. `at` is the moment as of which it was found,
    `population` the number of people it was found from.
    """

    at: Moment
    population: int
    thresholds: tuple[int, ...]


@dataclass(frozen=True)
class Statistics:
    """The statistics used, by the words of the term (see `statistic_key`).

    >>> used = Statistics({"top 5% of clv": Statistic(at=0, population=40, thresholds=(1_000_000,))})
    >>> Statistics.of_json(used.to_json()) == used
    True
    """

    by_key: Mapping[str, Statistic] = field(default_factory=dict)

    def to_json(self) -> dict[str, dict[str, int | list[int]]]:
        """Return plain values for a journal record."""
        return {
            key: {"at": one.at, "population": one.population, "thresholds": list(one.thresholds)}
            for key, one in self.by_key.items()
        }

    @staticmethod
    def of_json(document: Mapping[str, Mapping[str, object]]) -> "Statistics":
        """Read back what `to_json` gave; raises CorruptionError for anything else."""
        return Statistics({key: _statistic_of(key, record) for key, record in document.items()})


def population_term(leaf: Leaf) -> PopulationTerm | None:
    """Return the part of `leaf` that depends on the population, if any.

    >>> from kohort.rules.nodes import Trait
    >>> population_term(Extreme(Trait("clv"), Side.TOP, 5_000_000)).side.value
    'top'
    """
    match leaf:
        case AgainstMean() | AgainstQuantile() | Extreme():
            return leaf
        case _:
            value = getattr(leaf, "value", None)
            return value if isinstance(value, Score) else None


def statistic_key(term: PopulationTerm) -> str:
    """Return the canonical words of a term, which name its statistic.

    >>> from kohort.rules.nodes import Trait
    >>> from kohort.rules.operators import Operator
    >>> statistic_key(AgainstMean(Trait("clv"), Operator.MORE, 1_000_000))
    'mean + 1 std of clv'
    """
    match term:
        case Score():
            return print_value(term)
        case Extreme():
            share = f"{term.side} {format_micros(term.percent)}%"
            return f"{share} of {print_value(term.value)}{print_among(term.among)}"
        case _:
            return f"{print_threshold(term)} of {print_value(term.value)}{print_among(term.among)}"


def population_rule(term: PopulationTerm | None) -> Rule | None:
    """Return the rule whose members are the population of `term`, if it names one.

    >>> from kohort.rules.nodes import Trait
    >>> from kohort.rules.operators import Operator
    >>> population_rule(AgainstMean(Trait("clv"), Operator.MORE, among=Everyone())) is None
    True
    """
    return None if term is None or isinstance(term.among, Everyone) else term.among


def statistic_of(term: PopulationTerm, values: NDArray[np.int64], at: Moment) -> Statistic:
    """Return the statistic of `term` over the population's values, shape (people,), as of `at`.

    >>> from kohort.rules.nodes import Trait
    >>> statistic_of(Extreme(Trait("clv"), Side.TOP, 50_000_000), np.array([1, 2, 3, 4]), 0).thresholds
    (3,)
    """
    return _statistic(term, values, lambda: moments_of(values), at)


def statistics_of(terms: Iterable[PopulationTerm], values: NDArray[np.int64], at: Moment) -> dict[str, Statistic]:
    """Return the statistics of several terms over one population, by their keys; see `statistic_of`.

    >>> from kohort.rules.nodes import Trait
    >>> list(statistics_of([Extreme(Trait("clv"), Side.TOP, 50_000_000)], np.array([1, 2]), 0))
    ['top 50% of clv']
    """
    moments = cache(lambda: moments_of(values))
    return {statistic_key(term): _statistic(term, values, moments, at) for term in terms}


def _statistic_of(key: str, record: Mapping[str, object]) -> Statistic:
    match record:
        case {"at": int(at), "population": int(population), "thresholds": [*found]}:
            thresholds = tuple(one for one in found if isinstance(one, int))
            if len(thresholds) == len(found):
                return Statistic(at, population, thresholds)
        case _:
            pass
    raise CorruptionError(f'the recorded statistic "{key}" cannot be read; run: kohort rebuild')


def _statistic(
    term: PopulationTerm, values: NDArray[np.int64], moments: Callable[[], Moments], at: Moment
) -> Statistic:
    match term:
        case AgainstMean():
            found = deviation_threshold(moments(), term.deviations)
        case AgainstQuantile():
            found = quantile_threshold(values, term.quantile)
        case Extreme(side=Side.TOP):
            found = top_threshold(values, term.percent)
        case Extreme():
            found = bottom_threshold(values, term.percent)
        case Score():
            return Statistic(at, len(values), score_cuts(values, term.levels, reversed=term.reversed))
        case _:
            assert_never(term)
    return Statistic(at, len(values), () if found is None else (found,))
