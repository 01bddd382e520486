"""The predictions in force, with what was found when they learnt and at the last look for drift."""

from collections.abc import Iterator

from kohort.pipeline.learning.prediction_documents import kept_document
from kohort.pipeline.learning.registry.standing import standings_of
from kohort.pipeline.learning.retraining.looks import looks_of
from kohort.pipeline.workspace import Workspace
from kohort.reports.predictions_data import DriftShown, FeatureMoved, PredictionShown


def predictions_shown(workspace: Workspace) -> Iterator[PredictionShown]:
    """Yield each prediction that has a model in force, in the order in which scores were first trained."""
    for one in standings_of(workspace):
        document = None if one.live is None else kept_document(workspace, one.live)
        if one.live is None or document is None:
            continue
        looks = looks_of(workspace, one.score)
        drift = None
        if looks:
            last = looks[-1]
            moved = tuple(FeatureMoved(each.feature, each.index, each.found) for each in last.features)
            drift = DriftShown(last.month, last.people, last.words, moved, last.found)
        yield PredictionShown(one.score, one.live.number, document.study, document.alarms, document.weights, drift)
