"""Which cluster somebody is in now: between two runs, and of whoever came after the last one."""

from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.errors import UsageError
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import Bilingual
from kohort.pipeline.identified import who_is
from kohort.pipeline.learning.cluster_features import features_now
from kohort.pipeline.learning.documents import latest_discovery
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class PersonCluster:
    """The cluster of somebody by what is known of them up to `at`, and the newest discovery on data up to then.

    `found_at` is the moment of that discovery's data. `number`, from 1 up, `identity` and `persona` are what a run as
    of `at` would write as traits; None for whoever is in no cluster, since they have none of the features or are near
    to nobody.
    """

    score: str
    person_id: str
    at: Moment
    found_at: Moment
    number: int | None
    identity: str | None
    persona: Bilingual | None


def person_cluster(workspace: Workspace, score: str | None, person: str, at: Moment) -> PersonCluster:
    """Return the cluster of a person, by any of their ids, as of `at`; nothing is recorded.

    What scores read from events is computed anew, as a run would, so that it costs what those scores cost. Raises
    UnknownNameError for a score or a person that nobody knows, UsageError where no stable clusters were found by then.
    """
    definition = workspace.clusters_score(score)
    document = latest_discovery(workspace, definition.name, at)
    if document is None or document.model is None:
        raise UsageError(
            f'score "{definition.name}": there are no stable clusters to assign people to; find them with: '
            "kohort discover"
        )
    identity = who_is(workspace, person).person_id
    table = features_now(workspace, definition, at).table
    row = table.person_ids.index(identity) if identity in table.person_ids else None
    label = -1 if row is None else int(ClusterModel.from_json(document.model).assign(_only(table, row))[0])
    card = document.report.personas[label] if label >= 0 else None
    return PersonCluster(
        definition.name,
        identity,
        at,
        document.at,
        None if card is None else label + 1,
        None if card is None else card.identity,
        None if card is None else card.name,
    )


def _only(table: FeatureTable, row: int) -> FeatureTable:
    texts = {name: (values[row],) for name, values in table.texts.items()}
    return FeatureTable((table.person_ids[row],), table.names, np.ascontiguousarray(table.values[[row]]), texts)
