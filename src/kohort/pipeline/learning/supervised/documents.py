"""What was found of supervised segments, as the registry keeps it: read without what learns or scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.definitions.supervised import SupervisedDefinition
from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.results import PredictionStudy
from kohort.pipeline.workspace import Workspace
from kohort.reports.persona_data import PersonaRule

KIND: Final = "supervised"
"""What the registry calls models of supervised segments."""


_NAMED: Final = 20


@dataclass(frozen=True)
class Dropped:
    """Examples that nothing is learnt from, of one reason: how many, and the first of them by their places."""

    count: int = 0
    places: tuple[str, ...] = ()

    @staticmethod
    def of(places: Sequence[str]) -> "Dropped":
        """Return what is told of some places.

        >>> Dropped.of(["line 3", "line 9"])
        Dropped(count=2, places=('line 3', 'line 9'))
        """
        return Dropped(len(places), tuple(places[:_NAMED]))


NONE: Final = Dropped()
"""Where all examples are of use."""


@dataclass(frozen=True)
class SupervisedDocument:
    """What was found of a supervised segment as of `at`, learnt from `yes` and `no` people.

    Of the examples `unknown`, `unsaid` and `contradicted` are of no use. `asked` counts who was told a chance, `chosen`
    those from the chance `threshold` on; `rule` is the one that comes nearest to them, and how near, None where nothing
    but texts is known or too few are chosen. `alarms` are features that alone tell the answers.

    What was known of examples is that of so many microseconds `before`. Of then, nothing was known of `unseen` people
    with an answer, and `entered_before` were in a segment already: neither are learnt from.
    """

    score: str
    at: Moment
    yes: int
    no: int
    unknown: Dropped
    unsaid: Dropped
    contradicted: Dropped
    asked: int
    chosen: int
    threshold: float
    study: PredictionStudy
    left_out: tuple[LeftOut, ...]
    alarms: tuple[LeftOut, ...]
    rule: PersonaRule | None
    before: int = 0
    unseen: int = 0
    entered_before: int = 0


def declared_supervised(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the supervised segments that a project declares."""
    return tuple(one.name for one in workspace.scores if isinstance(one, SupervisedDefinition))
