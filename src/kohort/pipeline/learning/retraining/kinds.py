"""The kinds of scores that have models: a new one is told to `kind_of`, and everything else is as for all others."""

from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.errors import UnknownNameError
from kohort.pipeline.learning.retraining.cluster_kind import ClusterKind
from kohort.pipeline.learning.retraining.lookalike_kind import LookalikeKind
from kohort.pipeline.learning.retraining.model_kind import ModelKind
from kohort.pipeline.learning.retraining.prediction_kind import PredictionKind
from kohort.pipeline.learning.retraining.supervised_kind import SupervisedKind
from kohort.pipeline.workspace import Workspace


def kind_of(score: ScoreDefinition) -> ModelKind | None:
    """Return what a score does with its models, None for one that has none."""
    if isinstance(score, PredictionDefinition):
        return PredictionKind(score)
    if isinstance(score, LookalikeDefinition):
        return LookalikeKind(score)
    if isinstance(score, SupervisedDefinition):
        return SupervisedKind(score)
    return ClusterKind(score) if isinstance(score, ClustersDefinition) else None


def kinds_of(workspace: Workspace) -> dict[str, ModelKind]:
    """Return the scores of a project that have models, by name."""
    return {one.name: kind for one in workspace.scores if (kind := kind_of(one)) is not None}


def kind_named(workspace: Workspace, score: str) -> ModelKind:
    """Return a score that has models; raises UnknownNameError for any other."""
    found = kinds_of(workspace)
    if score not in found:
        raise UnknownNameError("score", score, found, where="the scores with models that scores/ declares")
    return found[score]
