"""Whether clusters foretell what people do: sought before a split in time, and looked at after it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.clock import Moment, datetime_of
from kohort.definitions.clusters import ClustersDefinition, Method
from kohort.definitions.values import MICRO
from kohort.errors import UsageError
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.clustering.methods.fitted import METHOD_NAMES
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import measure_outcomes
from kohort.measurement.prediction import predictive_power
from kohort.pipeline.facts import revenue_of
from kohort.pipeline.learning.discovery import criteria_of
from kohort.pipeline.learning.documents import latest_discovery
from kohort.pipeline.learning.outcomes import did_between, horizon_words
from kohort.pipeline.learning.periods import features_at, moments_of, named_after
from kohort.pipeline.workspace import Workspace
from kohort.reports.periods_data import ClusterConversion

_QUINTILES: Final = (0.2, 0.4, 0.6, 0.8)
_FEWEST: Final = 10
"""How many must have done it, and how many not, for anything to be said."""


def cluster_conversion(workspace: Workspace, score: str | None, at: Moment) -> tuple[ClusterConversion, ...]:
    """Return, for each outcome event, whether clusters found before a split tell who does it after.

    Clusters are sought among what was known at the split, `at` minus the horizon, alone, by the method that the newest
    discovery up to `at` took; before the first one that found any, by whichever the score's methods find best. Only
    their names are from the discovery. Raises UsageError where no outcome is declared, nobody was known then, or that
    method finds nothing that holds.
    """
    definition, outcome = workspace.clusters_score(score), workspace.settings.outcome
    if outcome is None:
        raise UsageError("kohort.yaml names no outcome: say there what people may do, and within how long")
    split = at - outcome.horizon
    table = features_at(workspace, definition, split)
    if table is None:
        raise UsageError(f'score "{definition.name}": nobody had its features before the split; ask for a later moment')
    document = latest_discovery(workspace, definition.name, at)
    taken = None if document is None or document.model is None else Method(document.report.method)
    found, k = _sought(workspace, definition, taken, table, split)
    seen = np.full(len(table.person_ids), -1)
    if document is not None and document.model is not None:
        seen = ClusterModel.from_json(document.model).assign(table)
    names = named_after(document, seen, found.labels, k)
    people = np.array(table.person_ids)
    groups = {f"cluster {one + 1}": frozenset(people[found.labels == one].tolist()) for one in range(k)}
    recency = _recency_quintiles(workspace, table.person_ids, split)
    spent = {person: micros / MICRO for person, micros in revenue_of(workspace, at, after=split).items()}
    answers = []
    for event, words in outcome.events.items():
        if event not in workspace.catalog({}).events:
            continue
        did = did_between(workspace, event, split, at)
        hits = np.array([person in did for person in table.person_ids])
        few = min(int(hits.sum()), int((~hits).sum())) < _FEWEST
        answers.append(
            ClusterConversion(
                did=Bilingual(words["en"], words["fr"]),
                horizon=horizon_words(outcome.horizon),
                split=datetime_of(split, workspace.settings.zone),
                names=names,
                method=found.method.value,
                sought_by=METHOD_NAMES[found.method],
                outcomes=measure_outcomes(groups, everyone=frozenset(table.person_ids), converted=did, value=spent),
                power=None if few else predictive_power(found.labels + 1, recency, hits, seed=definition.seed),
            )
        )
    return tuple(answers)


def _sought(
    workspace: Workspace, definition: ClustersDefinition, taken: Method | None, table: FeatureTable, split: Moment
) -> tuple[Discovery, int]:
    """Return the clusters known at the split, by the method taken if there was one, and their number."""
    revenue = revenue_of(workspace, split)
    found = discover(
        table,
        value=np.array([revenue.get(person, 0) / MICRO for person in table.person_ids]),
        seed=definition.seed,
        ks=range(definition.smallest, definition.largest + 1),
        bootstraps=definition.bootstraps,
        options=definition.preparation,
        criteria=criteria_of(definition),
        methods=definition.methods if taken is None else (taken,),
        only=taken,
    )
    if found.choice.k is None:
        raise UsageError(
            f'score "{definition.name}": no clusters hold among what was known before the split '
            f"({found.choice.words.en.rstrip('.')}); ask for a later moment"
        )
    return found, found.choice.k


def _recency_quintiles(workspace: Workspace, people: Sequence[str], split: Moment) -> npt.NDArray[np.int64]:
    """Return in which fifth of people each is by when they last did anything; the obvious rule."""
    _, seen = moments_of(workspace, split)
    last = seen.group_by("person_id").aggregate([("ts", "max")])
    latest = dict(zip(last.column("person_id").to_pylist(), last.column("ts_max").to_pylist(), strict=True))
    moments = np.array([latest.get(person, 0) for person in people], dtype=np.float64)
    return np.searchsorted(np.quantile(moments, _QUINTILES), moments, side="right").astype(np.int64)
