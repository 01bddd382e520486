"""Learning to predict from a table of its own: no project, no events, a row an example."""

from collections.abc import Callable
from dataclasses import dataclass

from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.study import OUTER, Trained, train
from kohort.learning.prediction.thresholds import BANDS
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.example_files import ExampleFile


@dataclass(frozen=True, eq=False)
class TableTraining:
    """What was learnt from a table; `alarms` are features that alone tell the label so well that they must know it."""

    file: ExampleFile
    trained: Trained
    alarms: tuple[LeftOut, ...]

    @property
    def study(self) -> PredictionStudy:
        """What was found."""
        return self.trained.study


def train_table(
    file: ExampleFile,
    plan: Plan,
    *,
    parts: int = OUTER,
    rule: str | None = None,
    bands: tuple[float, ...] = BANDS,
    progress: Callable[[int, int], None] | None = None,
) -> TableTraining:
    """Learn from a table, and judge by `parts` folds: by person, or forward in time where its rows have times.

    Features that tell too well stay in: in a table without moments nobody but its owner knows when they were known.
    """
    trained = train(file.examples, plan, parts=parts, rule=rule, limits=bands, progress=progress)
    return TableTraining(file, trained, telling_features(file.examples.table, file.examples.reached))
