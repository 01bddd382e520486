"""Whether personas persist: those of a discovery beside those of the one before, on the same people."""

from kohort.clock import Moment, datetime_of
from kohort.learning.clustering.discovery import Discovery
from kohort.learning.clustering.match import match_clusterings
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import NARROW_SPACE, Bilingual, number
from kohort.pipeline.documents import latest_discovery
from kohort.pipeline.workspace import Workspace


def persona_histories(
    workspace: Workspace, name: str, at: Moment, table: FeatureTable, found: Discovery
) -> dict[int, Bilingual]:
    """Return, by cluster, which persona of the latest discovery before `at` it continues, or that it is new.

    Today's people are given to the earlier model, with its own preparation, and both clusterings are matched
    (Hungarian method on Jaccard similarity; below 0.5 nothing continues). Nothing is said without an earlier model
    on the same features.
    """
    before = latest_discovery(workspace, name, at - 1)
    if before is None or before.model is None or found.model is None:
        return {}
    model = ClusterModel.from_json(before.model)
    if not set(model.preparation.features) <= set(table.features):
        return {}
    matching = match_clusterings(model.assign(table), found.labels)
    day = datetime_of(before.at, workspace.settings.zone).date().isoformat()
    histories = {one.after: _new(day) for one in matching.appeared}
    for match in matching.matches:
        persona = before.report.personas[match.before].name
        similarity = number(match.jaccard, 2)
        histories[match.after] = Bilingual(
            f"Continues “{persona.en}” of {day} (Jaccard {similarity.en}).",
            f"Prolonge «{NARROW_SPACE}{persona.fr}{NARROW_SPACE}» du {day} (Jaccard {similarity.fr}).",
        )
    return histories


def _new(day: str) -> Bilingual:
    return Bilingual(f"New since {day}.", f"Nouveau depuis le {day}.")
