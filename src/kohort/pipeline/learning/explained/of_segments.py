"""What goes with the chances of a segment's members, beside everybody: mean contributions, with intervals."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.contributions import Contributions, Unit, contributions
from kohort.learning.models.explanation.sampled import sampled_contributions
from kohort.learning.models.explanation.summaries import segment_weights
from kohort.learning.models.explanation.usual import is_exact
from kohort.learning.models.explanation.weights import Weight
from kohort.learning.models.scoring import points_of
from kohort.pipeline.learning.explained.drivers import alike, is_explained
from kohort.pipeline.learning.explained.opened import predictions_of
from kohort.pipeline.learning.explained.people import RunRead, others_of, read_of
from kohort.pipeline.learning.segment_insights import FEWEST
from kohort.pipeline.segments.crowds import recorded_people
from kohort.pipeline.workspace import Workspace
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary

MOST_LOOKED_AT: Final = 2_000
"""How many members, and how many of everybody, are looked at: of more, that many are drawn."""
_MOST_SAMPLED: Final = 100
"""The same of a model without exact contributions, of which each person costs thousands of scores."""
_SEED: Final = 0


@dataclass(frozen=True)
class SegmentDriver:
    """What features that are read as one bring on average, in parts of the chance: to members, and to everybody."""

    features: tuple[str, ...]
    members: Interval
    everybody: Interval


@dataclass(frozen=True)
class SegmentDrivers:
    """What goes with the chances of a score of a segment's members, of the run that speaks of `at`.

    Mean chances and contributions are of `looked_at` of the `members` who were scored, and of as many of everybody;
    95 % intervals. `found` is empty where there are too `few`, or where the model cannot be explained.
    """

    segment: str
    score: str
    at: Moment
    model: int
    members: int
    everybody: int
    looked_at: int
    mean: Interval | None
    mean_of_all: Interval | None
    base: float | None
    found: tuple[SegmentDriver, ...]

    @property
    def few(self) -> bool:
        """Whether there are fewer people than may be told of."""
        return self.members < FEWEST


def segment_drivers(workspace: Workspace, segment: str, score: str | None = None) -> list[SegmentDrivers]:
    """Return what goes with the chances of a segment's members, for each prediction that has run, or one of them.

    Those that differ most from everybody come first. People are drawn by a fixed seed, contributions exact or sampled
    as `drivers_of` has them. Raises UnknownNameError for a segment or a prediction that nobody declared,
    NotEvaluatedError for a segment without members yet.
    """
    inside = recorded_people(workspace, segment)
    found = []
    for definition in predictions_of(workspace, score):
        read = read_of(workspace, definition)
        if read is not None:
            found.append(_of_run(segment, definition, read, inside))
    return found


def _of_run(segment: str, definition: PredictionDefinition, read: RunRead, inside: pa.ChunkedArray) -> SegmentDrivers:
    scored, random = read.people, np.random.default_rng(_SEED)
    people, wanted = pa.array(scored.people), inside.combine_chunks()
    members = np.flatnonzero(pc.is_in(people, value_set=wanted).to_numpy(zero_copy_only=False))
    most = MOST_LOOKED_AT if is_exact(read.model.plain) else _MOST_SAMPLED
    told = (segment, definition.name, read.run.at, read.model.number, len(members), len(scored))
    if len(members) < FEWEST or not is_explained(read.model.plain):
        return SegmentDrivers(*told, 0, None, None, None, ())
    chosen, others = (_drawn(random, rows, most) for rows in (members, np.arange(len(scored))))
    ours, all_ = (_brought(read, scored.table(rows)) for rows in (chosen, others))
    means = {one.group: one.brought for one in _means(ours)}
    beside = {one.group: one.brought for one in _means(all_)}
    drivers = [SegmentDriver(group, means[group], beside[group]) for group in ours.groups]
    drivers.sort(key=lambda one: -abs(one.members.estimate - one.everybody.estimate))
    mean, mean_of_all = (mean_interval(Summary.of(scored.chances[rows])) for rows in (chosen, others))
    return SegmentDrivers(*told, len(chosen), mean, mean_of_all, ours.base, tuple(drivers))


def _drawn(random: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(random.choice(rows, most, replace=False))


def _brought(read: RunRead, table: FeatureTable) -> Contributions:
    plain = read.model.plain
    values = points_of(plain, table)
    if is_exact(plain):
        return alike(read.model, contributions(plain, values, unit=Unit.SCORE))
    others = points_of(plain, others_of(read.people))
    return alike(read.model, sampled_contributions(plain, values, others, seed=_SEED))


def _means(found: Contributions) -> tuple[Weight, ...]:
    return segment_weights(found, np.ones(len(found.brought), dtype=bool))
