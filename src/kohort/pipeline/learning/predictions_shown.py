"""The predictions and segments from labels in force, with what was found when they learnt and at the last look."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.values import ValueType
from kohort.pipeline.facts import traits_at
from kohort.pipeline.learning.lookalikes.documents import LookalikeDocument, declared_lookalikes
from kohort.pipeline.learning.prediction_documents import kept_document
from kohort.pipeline.learning.registry.entries import RegisteredModel, content_of, live_model
from kohort.pipeline.learning.registry.standing import standings_of
from kohort.pipeline.learning.retraining.looks import looks_of
from kohort.pipeline.learning.signed import Found, found_in
from kohort.pipeline.learning.supervised.documents import SupervisedDocument, declared_supervised
from kohort.pipeline.workspace import Workspace
from kohort.reports.predictions_data import DriftShown, FeatureMoved, LabelledSegment, LookalikesShown, PredictionShown


def predictions_shown(workspace: Workspace) -> Iterator[PredictionShown]:
    """Yield each prediction that has a model in force, in the order in which scores were first trained."""
    for one in standings_of(workspace):
        document = None if one.live is None else kept_document(workspace, one.live)
        if one.live is None or document is None:
            continue
        drift = _drift(workspace, one.score)
        yield PredictionShown(one.score, one.live.number, document.study, document.alarms, document.weights, drift)


def supervised_shown(workspace: Workspace) -> Iterator[PredictionShown]:
    """Yield the supervised segments that have a model in force, in the order of their declarations."""
    for live, found in _in_force(workspace, declared_supervised(workspace), SupervisedDocument):
        drift = _drift(workspace, live.score)
        yield PredictionShown(live.score, live.number, found.study, found.alarms, drift=drift)


def lookalikes_shown(workspace: Workspace) -> Iterator[LookalikesShown]:
    """Yield the look-alikes that have a model in force, in the order of their declarations."""
    for live, found in _in_force(workspace, declared_lookalikes(workspace), LookalikeDocument):
        yield LookalikesShown(live.score, live.number, found.study, found.quality, _drift(workspace, live.score))


def _in_force(
    workspace: Workspace, scores: Sequence[str], kind: type[Found]
) -> Iterator[tuple[RegisteredModel, Found]]:
    """Yield the model in force of each score that has one, and what was found when it learnt."""
    for name in scores:
        live = live_model(workspace, name)
        if live is not None:
            yield live, found_in(content_of(workspace, live), kind)


def labelled_segments(workspace: Workspace, at: Moment) -> Iterator[LabelledSegment]:
    """Yield look-alikes and supervised segments in force, with who was chosen as of `at`."""
    shown: list[LookalikesShown | PredictionShown] = [*lookalikes_shown(workspace), *supervised_shown(workspace)]
    chosen = _chosen(workspace, [one.score for one in shown], at) if shown else {}
    for one in shown:
        live = live_model(workspace, one.score)
        if live is not None and live.entry is not None:
            column = chosen[one.score]
            told = len(column) - column.null_count
            yield LabelledSegment(live.entry.card, one, told, pc.sum(column.cast(pa.int64())).as_py() or 0)


def _chosen(workspace: Workspace, scores: Sequence[str], at: Moment) -> dict[str, pa.ChunkedArray]:
    """Return whether each person is chosen by each score as of `at`, null for who is told nothing."""
    kinds = LookalikeDefinition | SupervisedDefinition
    traits = {one.name: one.traits[1] for one in workspace.scores if isinstance(one, kinds) and one.name in scores}
    with workspace.views(workspace.catalog({})) as views:
        table = traits_at(views, [(one, ValueType.BOOLEAN) for one in traits.values()], at=at)
    return {score: table.column(trait) for score, trait in traits.items()}


def _drift(workspace: Workspace, score: str) -> DriftShown | None:
    """Return what the last look at a score's model found, None where no run has looked."""
    looks = looks_of(workspace, score)
    if not looks:
        return None
    last = looks[-1]
    moved = tuple(FeatureMoved(each.feature, each.index, each.found) for each in last.features)
    return DriftShown(last.month, last.people, last.words, moved, last.found)
