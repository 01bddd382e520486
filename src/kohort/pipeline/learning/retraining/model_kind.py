"""What the registry asks of each kind of model: to be trained without being recorded, to score, to tell its features.

The border is narrow: bytes, which only their own kind reads, and what is told of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.retraining import RetrainingDefinition
from kohort.definitions.values import ValueType
from kohort.learning.drift.matured import Foretold, Performance
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import scores_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.registry.entries import ModelEntry
from kohort.pipeline.learning.retraining.foreseen import Foreseen
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ModelFitted

Scores = tuple[pa.Table, dict[str, ValueType]]
"""People (column person_id) with a column for each trait of a score, and the traits' types."""

Progress = Callable[[int, int], None]
"""What is told how many of how many steps of the learning are done."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model that nobody has recorded: its bytes, and what is told of it."""

    content: bytes
    entry: ModelEntry


class OpenedModel(Protocol):
    """A model whose bytes were read and verified once, and that may be asked as often as one likes."""

    @property
    def learnt(self) -> Performance | None:
        """How good the model was on the people who judged it, None for one that foretells nothing."""
        ...

    def scores(self, at: Moment) -> Scores:
        """Return what the model says of everybody as of `at`."""
        ...

    def features(self, at: Moment) -> FeatureTable | None:
        """Return the model's features as they were known at `at`, None where nobody had any."""
        ...

    def said(self, table: FeatureTable) -> Texts:
        """Return what the model says of the people of a table, in words: a group, or a band of chances."""
        ...

    def foretold(self, cut_off: Moment, at: Moment, known: Callable[[], FeatureTable | None]) -> Foretold | None:
        """Return the chances that people had at a cut-off, and who has reached the goal by `at`.

        `known` gives the features of that cut-off, and is asked for them only if something can be said. None for a
        model that foretells nothing, and while the time of the people of that cut-off is not over.
        """
        ...

    def fitted(self, file: str, at: Moment) -> ModelFitted | None:
        """Return what else a promotion says, for readers who look for the model elsewhere; `file` is the model's."""
        ...


class ForetellsNothing:
    """What models have in common of whose words none comes true at some time, such as clusters and look-alikes."""

    @property
    def learnt(self) -> Performance | None:
        """Nothing: nobody can have judged it."""
        return None

    def foretold(
        self,
        cut_off: Moment,  # noqa: ARG002 - asked of every model
        at: Moment,  # noqa: ARG002
        known: Callable[[], FeatureTable | None],  # noqa: ARG002
    ) -> Foretold | None:
        """Return nothing."""
        return None

    def fitted(self, file: str, at: Moment) -> ModelFitted | None:  # noqa: ARG002 - asked of every model
        """Return nothing: it is read from the registry."""
        return None


def chosen_by(model: PlainModel, threshold: float, table: FeatureTable) -> Texts:
    """Return whether a model chooses each person of a table, by the threshold of the time when it learnt."""
    return tuple("chosen" if one >= threshold else "others" for one in scores_of(model, table).tolist())


class ModelKind(Protocol):
    """What a kind of score does with its models, here those of one declared score."""

    @property
    def name(self) -> str:
        """The score's name."""
        ...

    @property
    def main_trait(self) -> str:
        """The trait by which it is counted how many people's score changes."""
        ...

    @property
    def retrain(self) -> RetrainingDefinition:
        """When a new model is proposed."""
        ...

    @property
    def kind(self) -> str:
        """What the registry calls models of the kind."""
        ...

    def parameters(self, workspace: Workspace) -> Mapping[str, Any]:
        """Return what a model learns by, as its entry has it; raises as `train` for a declaration that is wrong."""
        ...

    def foreseen(self, workspace: Workspace, at: Moment) -> Foreseen:
        """Return what a training as of `at` would learn from; raises as `train` for a declaration that is wrong."""
        ...

    def train(
        self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None, progress: Progress | None = None
    ) -> Trained:
        """Train a model on what is known as of `at`, and record nothing."""
        ...

    def opened(self, workspace: Workspace, content: bytes) -> OpenedModel:
        """Return a model by its bytes; raises CorruptionError for one that this project does not know as its own."""
        ...
