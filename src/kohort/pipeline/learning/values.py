"""What was found of people's value, as an immutable document, and the value of segments as of now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.values import MICRO
from kohort.engines.columns import MISSING
from kohort.errors import UnknownNameError
from kohort.learning.value.results import ValueStudy
from kohort.pipeline.learning.kept_documents import latest_document
from kohort.pipeline.segments.crowds import Crowd
from kohort.pipeline.segments.people import open_memberships
from kohort.pipeline.workspace import Workspace
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary


@dataclass(frozen=True)
class ValueDocument:
    """What a score of value found of everybody up to `at`; `currency` is that of its amounts, `horizon` in micros."""

    score: str
    at: Moment
    currency: str
    horizon: int
    study: ValueStudy


@dataclass(frozen=True)
class SegmentValue:
    """What members of a segment are worth: of how many it is known, the mean with its interval, its share of all."""

    segment: str
    label: Mapping[str, str]
    members: int
    valued: int
    worth: Interval | None
    share: float


@dataclass(frozen=True)
class ValueSearch:
    """The scores of value of a project, the one looked at, and what was found; None where nothing was yet."""

    scores: tuple[str, ...]
    score: str | None
    document: ValueDocument | None
    segments: tuple[SegmentValue, ...]


def latest_value(workspace: Workspace, score: str) -> ValueDocument | None:
    """Return the newest study of a score of value, None before the first."""
    return latest_document(workspace, "value_studies", ValueDocument, {"score": score})


def value_studies(workspace: Workspace) -> Iterator[ValueStudy]:
    """Yield the newest study of each score of value that has one."""
    for score in workspace.scores:
        found = latest_value(workspace, score.name) if isinstance(score, ClvDefinition) else None
        if found is not None:
            yield found.study


def value_search(workspace: Workspace, score: str | None) -> ValueSearch:
    """Return the newest study of a score of value, by default of the first that has one, and the value of segments.

    Raises UnknownNameError for a score that nobody declared.
    """
    scores = tuple(one.name for one in workspace.scores if isinstance(one, ClvDefinition))
    if score is not None and score not in scores:
        raise UnknownNameError("score", score, scores, where="scores of the kind clv")
    for name in scores if score is None else (score,):
        document = latest_value(workspace, name)
        if document is not None:
            return ValueSearch(scores, name, document, segment_values(workspace, name, document.at))
    return ValueSearch(scores, score or next(iter(scores), None), None, ())


def segment_values(workspace: Workspace, score: str, at: Moment) -> tuple[SegmentValue, ...]:
    """Return what the members of each segment in force are worth, those who are worth most first.

    Intervals are those of the mean over members, 95 %, by the central limit theorem; None below two members.
    """
    crowd = Crowd.of(workspace, at)
    if score not in crowd.catalog.traits:
        return ()
    numbers = crowd.numbers(score)
    known = crowd.existing & (numbers != MISSING)
    worth = np.where(known, numbers, 0) / MICRO
    whole = float(worth.sum())
    places = {person: place for place, person in enumerate(crowd.history.people.to_pylist())}
    found = []
    for name, members in open_memberships(workspace).items():
        where = np.array([places[one] for one in members if one in places], dtype=np.int64)
        inside = worth[where[known[where]]]
        mean = mean_interval(Summary.of(inside)) if len(inside) > 1 else None
        label = workspace.segments[name].label if name in workspace.segments else {"en": name, "fr": name}
        share = float(inside.sum()) / whole if whole else 0.0
        found.append(SegmentValue(name, label, len(members), len(inside), mean, share))
    return tuple(sorted(found, key=lambda one: (-(one.worth.estimate if one.worth else -1.0), one.segment)))
