"""What a training would learn from, as it is told and given back to begin it: read without what learns."""

from dataclasses import dataclass

from kohort.clock import Moment
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.retraining.foreseen import CutOff


@dataclass(frozen=True)
class TrainingPlan:
    """What training a model of a score as of `at` would learn from. Nothing has begun.

    `known` is the newest record of the journal that the data hold, `trained` how many models of the score there are,
    `live` the number of the one in force and `candidate` that of one that waits, None for none. `rows`, `reached`,
    `cut_offs` and `lack` are those of `Foreseen`. `seconds` is about how long it would take, by the newest training of
    the score that was done, None where none was. `why` says what speaks for it; `parameters` is the SHA-256 of what a
    model would learn by.
    """

    score: str
    kind: str
    at: Moment
    known: int
    trained: int
    live: int | None
    candidate: int | None
    rows: int
    reached: int | None
    cut_offs: tuple[CutOff, ...]
    lack: str
    seconds: int | None
    why: Bilingual
    parameters: str
