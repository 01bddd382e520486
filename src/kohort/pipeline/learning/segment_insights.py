"""What sets the members of a segment apart, and what they are worth: as of the moment that memberships speak of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import DAY, Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.normalisation import is_raw
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import MISSING
from kohort.errors import NotEvaluatedError, UsageError
from kohort.learning.traits import TraitLabel
from kohort.learning.wording import Bilingual
from kohort.measurement.distinctions import Distinction, Kind, compare_means, compare_shares, most_distinctive
from kohort.measurement.worth import Worth, worth_of
from kohort.pipeline.learning.documents import latest_discovery
from kohort.pipeline.scoring import rfm_cells
from kohort.pipeline.segments.crowds import Crowd, Mask, recorded_people
from kohort.pipeline.segments.epochs import latest_moment
from kohort.pipeline.wording import known_labels
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import Trait
from kohort.rules.parse import parse_rule
from kohort.rules.walk import nodes_of
from kohort.stats.summaries import Summary

RECENT: Final = 90 * DAY
"""How long ago what people did still counts."""
FEWEST: Final = 5
"""How many people a side needs, and how many must share a value: with fewer, it might tell of a single person."""
_VALUES: Final = 12
"""The most frequent values of a trait that are compared."""


@dataclass(frozen=True)
class Distinctions:
    """What sets `members` people apart from `others`, as of `at`; `others` are all who are not in it.

    With `against`, those only in the segment are compared with those only in the other. `recent` is how many
    microseconds up to `at` an event counts. `labels` words traits that have a wording, and `values` their values, by
    trait and value; `named` are the traits of the rules themselves, which are no surprise.
    """

    segment: str
    against: str | None
    at: Moment
    members: int
    others: int
    recent: int
    found: tuple[Distinction, ...]
    labels: Mapping[str, TraitLabel]
    values: Mapping[tuple[str, str], Bilingual]
    named: frozenset[str]

    @property
    def few(self) -> bool:
        """Whether a side has fewer people than can be compared."""
        return min(self.members, self.others) < FEWEST


@dataclass(frozen=True)
class SegmentWorth:
    """What a segment is worth, as of `at`; `worth` is None where the project declares no revenue."""

    segment: str
    at: Moment
    worth: Worth | None


def distinctions_of(workspace: Workspace, segment: str, against: str | None) -> Distinctions:
    """Return how the members of a segment differ from everybody else, or from those of another.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that has no members yet,
    UsageError for a segment against itself.
    """
    if segment == against:
        raise UsageError("a segment does not differ from itself; choose another one")
    at = _moment(workspace, segment)
    crowd = Crowd.of(workspace, at)
    inside = crowd.having(recorded_people(workspace, segment))
    others = crowd.existing & ~inside
    if against is not None:
        there = crowd.having(recorded_people(workspace, against))
        inside, others = inside & ~there, there & ~inside
    members, rest = int(np.count_nonzero(inside)), int(np.count_nonzero(others))
    found = _compared(workspace, crowd, inside, others) if min(members, rest) >= FEWEST else ()
    return Distinctions(
        segment,
        against,
        at,
        members,
        rest,
        RECENT,
        most_distinctive(found),
        known_labels(workspace.scores),
        _values(workspace, at),
        _named(workspace, [one for one in (segment, against) if one is not None]),
    )


def segment_worth(workspace: Workspace, segment: str) -> SegmentWorth:
    """Return what the members of a segment have spent; raises as `distinctions_of`."""
    at, revenue = _moment(workspace, segment), workspace.settings.revenue
    crowd = Crowd.of(workspace, at)
    inside = crowd.having(recorded_people(workspace, segment))
    if revenue is None or ValueType.NUMBER not in crowd.catalog.events.get(revenue[0], {}).get(revenue[1], {}):
        return SegmentWorth(segment, at, None)
    spent = crowd.sums(*revenue)
    return SegmentWorth(segment, at, worth_of(spent[crowd.existing], inside[crowd.existing]))


def _moment(workspace: Workspace, segment: str) -> Moment:
    at = latest_moment(workspace)
    if at is None:
        recorded_people(workspace, segment)
        raise NotEvaluatedError(segment, workspace.why_not_evaluated())
    return at


def _compared(workspace: Workspace, crowd: Crowd, inside: Mask, others: Mask) -> Iterator[Distinction | None]:
    # The number of a cluster is a name, and no quantity; its identity says the same as its name.
    clusters = [one.name for one in workspace.scores if isinstance(one, ClustersDefinition)]
    names = {f"{one}_{told}" for one in clusters for told in ("number", "id")}
    traits = crowd.catalog.traits
    for trait, kind in sorted(traits.items()):
        if is_raw(trait, traits) or trait in names:
            continue
        if kind is ValueType.NUMBER:
            values = crowd.numbers(trait)
            yield compare_means(trait, *(_summary(values[mask]) for mask in (inside, others)))
        elif kind in {ValueType.TEXT, ValueType.BOOLEAN}:
            yield from _categories(trait, *crowd.codes(trait), inside, others)
    sizes = [int(np.count_nonzero(one)) for one in (inside, others)]
    for event in sorted(crowd.catalog.events):
        did = crowd.did(event, crowd.at - RECENT)
        hits = [int(np.count_nonzero(did & mask)) for mask in (inside, others)]
        if sum(hits):
            yield compare_shares(Kind.EVENT, event, "", (hits[0], sizes[0]), (hits[1], sizes[1]))


def _summary(values: NDArray[np.int64]) -> Summary:
    return Summary.of(values[values != MISSING] / MICRO)


def _categories(
    trait: str, codes: NDArray[np.int64], values: list[str], inside: Mask, others: Mask
) -> Iterator[Distinction | None]:
    counts = [np.bincount(codes[mask & (codes >= 0)], minlength=len(values)) for mask in (inside, others)]
    known = [int(one.sum()) for one in counts]
    both = counts[0] + counts[1]
    for place in np.argsort(-both, kind="stable")[:_VALUES].tolist():
        # What few people share, such as an address, tells of them and not of the segment.
        if both[place] >= FEWEST:
            hits = [int(one[place]) for one in counts]
            yield compare_shares(Kind.CATEGORY, trait, values[place], (hits[0], known[0]), (hits[1], known[1]))


def _values(workspace: Workspace, at: Moment) -> dict[tuple[str, str], Bilingual]:
    found: dict[tuple[str, str], Bilingual] = {}
    for one in workspace.scores:
        if isinstance(one, RfmDefinition):
            found |= {(f"{one.name}_cell", cell.key): cell.label for cell in rfm_cells(one)}
        elif isinstance(one, ClustersDefinition):
            document = latest_discovery(workspace, one.name, at)
            for card in document.report.personas if document else ():
                found[one.name, card.name.en] = card.name
    return found


def _named(workspace: Workspace, segments: list[str]) -> frozenset[str]:
    sentences = workspace.in_force().sentences
    nodes = (node for one in segments for node in nodes_of(parse_rule(sentences[one])))
    return frozenset(node.name for node in nodes if isinstance(node, Trait))
