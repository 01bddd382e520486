"""Who outside a seed is like its members, by a table alone: how good that is, and what is told of the others."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from kohort.definitions.lookalike import is_protected
from kohort.learning.importance.results import Fault, LeftOut
from kohort.learning.lookalike.quality import quality_of_trained
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.study import OUTER, Trained, train
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.example_files import ExampleFile


@dataclass(frozen=True, eq=False)
class TableLookalikes:
    """What was found in a table: `examples` are what was learnt from, `left_out` the columns that were not.

    `rows_of_members` counts rows outside the seed of people who have another row in it: they are in neither side.
    """

    file: ExampleFile
    examples: Examples
    left_out: tuple[LeftOut, ...]
    rows_of_members: int
    trained: Trained
    quality: LookalikeQuality

    @property
    def study(self) -> PredictionStudy:
        """What was found by taking everybody outside as unlike."""
        return self.trained.study

    def others(self) -> list[tuple[str, float]]:
        """Return the number of each row outside the seed, and the chance that a model that did not know it told."""
        outside = ~self.examples.reached[self.trained.rows]
        numbers = self.examples.table.person_ids
        rows, chances = self.trained.rows[outside].tolist(), self.trained.chances[outside].tolist()
        return sorted(((numbers[row], one) for row, one in zip(rows, chances, strict=True)), key=lambda one: -one[1])


def lookalikes_of_table(
    file: ExampleFile,
    plan: Plan,
    *,
    kept: Collection[str] = (),
    parts: int = OUTER,
    rule: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TableLookalikes:
    """Learn who is like the seed, the rows of a file that reached its goal, and judge it by hidden members.

    Columns that nobody may be chosen by, and those that alone tell the seed apart, are not learnt from unless they are
    `kept`. Raises UsageError where the seed, or who is outside, is too small.
    """
    everybody = file.examples
    members = np.isin(everybody.groups, everybody.groups[everybody.reached])
    examples = everybody.take(np.flatnonzero(everybody.reached | ~members))
    out = [LeftOut(one, Fault.PROTECTED, 1.0) for one in examples.table.features if is_protected(one)]
    out += telling_features(examples.table, examples.reached)
    out = [one for one in out if one.name not in kept]
    examples = replace(examples, table=examples.table.without({one.name for one in out}))
    trained = train(examples, plan, parts=parts, rule=rule, progress=progress)
    quality = quality_of_trained(trained, examples.reached, examples.groups, seed=plan.seed)
    return TableLookalikes(file, examples, tuple(out), len(everybody) - len(examples), trained, quality)
