"""How each feature is kept up to date, and which of them stand in one table."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from kohort.engines.plan import Feature
from kohort.engines.sql.narrow import Subject, subject_of
from kohort.rules.catalog import Catalog
from kohort.rules.literals import Last
from kohort.rules.nodes import Aggregate, DaysSince, Sequence, Trait
from kohort.rules.operators import Function
from kohort.rules.windows import Calendar


class Upkeep(StrEnum):
    """What has to be read to bring a feature up to date."""

    TALLY = "what came and what went, added and taken away"
    FOREMOST = "what came, compared with what stood"
    PEOPLE = "all that the people concerned did"


_SUMS: Final = frozenset({Function.COUNT, Function.SUM, Function.MEAN})
_EXTREMES: Final = frozenset({Function.MIN, Function.MAX})
_ENDS: Final = frozenset({Function.FIRST, Function.LAST})

Group = tuple[Upkeep, Subject]


def upkeep_of(feature: Feature) -> Upkeep:  # noqa: PLR0911 - one answer a kind
    """Return how a feature is kept up to date.

    A greatest or first value cannot be taken away again, so only where a window never lets an event go does it need no
    more than what came.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.parse import parse_rule
    >>> [
    ...     upkeep_of(Feature(parse_rule(f"{one} > 3").value, ValueType.NUMBER)).name
    ...     for one in ("sum of e.x in last 7 days", "max of e.x", "max of e.x in last 7 days", "clv")
    ... ]
    ['TALLY', 'TALLY', 'PEOPLE', 'FOREMOST']
    """
    match feature.measure:
        case Trait():
            return Upkeep.FOREMOST
        case DaysSince():
            return Upkeep.TALLY
        case Aggregate(function=function) if function in _SUMS:
            return Upkeep.TALLY
        case Aggregate(window=Last() | Calendar()) | Sequence():
            return Upkeep.PEOPLE
        case Aggregate(function=function) if function in _EXTREMES:
            return Upkeep.TALLY
        case Aggregate(function=function) if function in _ENDS:
            return Upkeep.FOREMOST
        case _:
            return Upkeep.PEOPLE


def groups_of(features: Iterable[Feature], catalog: Catalog) -> Mapping[Group, list[Feature]]:
    """Return which of `features` stand in one table: those of one subject that are kept up to date alike."""
    groups: dict[Group, list[Feature]] = {}
    for feature in features:
        groups.setdefault((upkeep_of(feature), subject_of(feature, catalog)), []).append(feature)
    return groups
