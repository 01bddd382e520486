"""What was known of people at a moment: traits told by then, and scores computed anew from the events up to then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.repair import repaired_trait
from kohort.definitions.score import BehaviourDefinition, ScoreDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.values import ValueType
from kohort.pipeline.facts import traits_told
from kohort.pipeline.learning.computing import computed_at
from kohort.pipeline.workspace import Workspace

_MODELLED = PredictionDefinition | LookalikeDefinition | SupervisedDefinition


@dataclass(frozen=True)
class Known:
    """What is known at a moment: people, and a column of each trait, null where it is not known."""

    people: Sequence[str]
    columns: Mapping[str, tuple[pa.Array, ValueType]]
    at: Moment


def known_at(workspace: Workspace, at: Moment, scores: Sequence[ScoreDefinition] | None = None) -> Known:
    """Return what was known at `at`; a score recorded by a later run is computed anew, so that it tells of no later.

    Clusters, what models say of people, forecasts of value, repairs and consents are left out. `scores`, by default
    the others, are computed. Of a workspace of some people no more is told, and what compares people still sees
    everybody.
    """
    catalog = workspace.catalog({})
    forecasts = [one for one in workspace.scores if isinstance(one, ClvDefinition)]
    chosen = [one for one in workspace.scores if one not in forecasts] if scores is None else scores
    computed = [found for one in chosen if (found := computed_at(_seen_by(workspace, one), one, at))]
    anew = {name for _, types in computed for name in types}
    modelled = {name for one in workspace.scores if isinstance(one, ClustersDefinition) for name in _written(one)}
    modelled |= {name for one in forecasts for name in one.traits}
    modelled |= {name for one in workspace.scores if isinstance(one, _MODELLED) for name in one.traits}
    told = [
        (name, kind)
        for name, kind in sorted(catalog.traits.items())
        if name not in anew
        and name not in modelled
        and repaired_trait(name) == name
        and not name.startswith(CONSENT_PREFIX)
    ]
    table = traits_told(workspace, catalog, told, at)
    people = table.column("person_id").combine_chunks()
    columns = {name: (table.column(name).combine_chunks(), kind) for name, kind in told}
    for found, types in computed:
        places = pc.index_in(people, value_set=found.column("person_id").combine_chunks())
        for name, kind in types.items():
            column = found.column(name)
            columns[name] = (column.combine_chunks().take(places), kind)
    return Known(people.to_pylist(), columns, at)


def _seen_by(workspace: Workspace, score: ScoreDefinition) -> Workspace:
    """Return the people that a score has to see: habits are each person's own, others may compare people."""
    return workspace if isinstance(score, BehaviourDefinition) else workspace.of_everybody


def _written(score: ClustersDefinition) -> tuple[str, str, str]:
    return score.name, f"{score.name}_number", f"{score.name}_id"
