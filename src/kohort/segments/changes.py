"""What a change of definitions changes: which segments are new, mean something else, or are gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from kohort.rules.nodes import InSegment
from kohort.rules.parse import parse_rule
from kohort.rules.walk import nodes_of
from kohort.rules.windows import InPeriod

Periods = Mapping[str, tuple[date, date]]


class Kind(StrEnum):
    """What becomes of a segment."""

    NEW = "new"
    CHANGED = "changed"
    """Its own rule means something else."""
    THROUGH = "changed through"
    """Its rule is the same, and something that it refers to means something else."""
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Definitions:
    """What is, or would be, in force: canonical sentences in English, and campaign periods."""

    sentences: Mapping[str, str] = field(default_factory=dict)
    periods: Periods = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """What becomes of one segment; `through` names the segments and periods by which it changes without its rule."""

    segment: str
    kind: Kind
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class References:
    """The segments and campaign periods that a rule names itself."""

    segments: frozenset[str]
    periods: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=10_000)
    def of(sentence: str) -> "References":
        """Return what a canonical sentence refers to.

        >>> sorted(References.of('in segment "a" or did e in period sale').segments)
        ['a']
        """
        nodes = list(nodes_of(parse_rule(sentence)))
        return References(
            frozenset(one.name for one in nodes if isinstance(one, InSegment)),
            frozenset(one.name for one in nodes if isinstance(one, InPeriod)),
        )


def with_periods(sentences: Mapping[str, str], periods: Periods) -> Definitions:
    """Return sentences with those of the campaign periods that they refer to."""
    named = {period for sentence in sentences.values() for period in References.of(sentence).periods}
    return Definitions(dict(sentences), {name: periods[name] for name in sorted(named)})


def references_of(*definitions: Definitions) -> dict[str, References]:
    """Return what each segment refers to, under any of the definitions."""
    found: dict[str, References] = {}
    for one in definitions:
        for name, sentence in one.sentences.items():
            its, before = References.of(sentence), found.get(name, References(frozenset(), frozenset()))
            found[name] = References(its.segments | before.segments, its.periods | before.periods)
    return found


def differences(before: Definitions, after: Definitions) -> list[Difference]:
    """Return what becomes of every segment: those of `after` in their order, then those that are gone.

    >>> before = Definitions({"buyers": "did order_completed", "lapsed": 'not in segment "buyers"'})
    >>> after = Definitions({**before.sentences, "buyers": "did order_completed in last 7 days"})
    >>> for one in differences(before, after):
    ...     print(one.segment, one.kind.value, *one.through)
    buyers changed
    lapsed changed through buyers
    """
    references = references_of(after)
    edges = {name: its.segments for name, its in references.items()}
    periods = {name for name in after.periods.keys() | before.periods.keys() if _period_differs(name, before, after)}
    own = {name for name, one in after.sentences.items() if before.sentences.get(name, one) != one}
    own |= after.sentences.keys() - before.sentences.keys()
    found = []
    for name in after.sentences:
        if name not in before.sentences:
            found.append(Difference(name, Kind.NEW))
        elif name in own:
            found.append(Difference(name, Kind.CHANGED))
        else:
            below = {name, *_reached([name], edges)}
            named = set().union(*(references[one].periods for one in below if one in references))
            through = (*sorted(below & own), *(f"period {one}" for one in sorted(named & periods)))
            found.append(Difference(name, Kind.THROUGH if through else Kind.UNCHANGED, through))
    return found + [Difference(name, Kind.REMOVED) for name in before.sentences if name not in after.sentences]


def downstream_of(name: str, references: Mapping[str, References]) -> tuple[str, ...]:
    """Return the segments that refer to a segment, directly or through others, sorted.

    >>> rules = Definitions({"a": "did e", "b": 'in segment "a"', "c": 'not in segment "b"'})
    >>> downstream_of("a", references_of(rules))
    ('b', 'c')
    """
    above: dict[str, set[str]] = {}
    for one, its in references.items():
        for other in its.segments:
            above.setdefault(other, set()).add(one)
    return tuple(sorted(_reached([name], above) - {name}))


def _period_differs(name: str, before: Definitions, after: Definitions) -> bool:
    return before.periods.get(name) != after.periods.get(name)


def _reached(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return everything that can be reached from `start`."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        for one in edges.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found
