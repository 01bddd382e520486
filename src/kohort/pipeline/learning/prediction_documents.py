"""What a prediction found, as the registry keeps it beside the model: read without what learns or scores."""

from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.learning.importance.results import LeftOut
from kohort.learning.models.explanation.weights import Group, Weight
from kohort.learning.prediction.dates import DateRanges
from kohort.learning.prediction.results import PredictionStudy
from kohort.pipeline.learning.registry.entries import RegisteredModel, content_of
from kohort.pipeline.learning.signed import found_in
from kohort.pipeline.workspace import Workspace

KIND: Final = "prediction"
"""What the registry calls models that predict."""


@dataclass(frozen=True)
class PredictionDocument:
    """What a prediction found as of `at`: learnt at all `cut_offs` but the last, which judged it.

    `alarms` are features that alone tell so well who does it that they most likely know; `scored` counts the people
    of that day who were told a chance, `in_bands` those of each band, the lowest first. `weights` are what groups of
    features bring to the chances of those people, the most first; `alike` are the features that the model reads, in
    groups of those that say the same.
    """

    score: str
    at: Moment
    target: str
    event: str
    within: int
    cut_offs: tuple[Moment, ...]
    study: PredictionStudy
    left_out: tuple[LeftOut, ...]
    alarms: tuple[LeftOut, ...]
    scored: int
    in_bands: tuple[int, ...]
    dates: DateRanges | None = None
    weights: tuple[Weight, ...] = ()
    alike: tuple[Group, ...] = ()


def kept_document(workspace: Workspace, model: RegisteredModel) -> PredictionDocument | None:
    """Return what was found when a model of the registry learnt, None for one that predicts nothing.

    Raises CorruptionError if the file is not what it was.
    """
    if model.entry is None or model.entry.kind != KIND:
        return None
    return found_in(content_of(workspace, model), PredictionDocument)


def declared_predictions(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the predictions that a project declares."""
    return tuple(one.name for one in workspace.scores if isinstance(one, PredictionDefinition))
