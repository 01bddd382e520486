"""What was found of look-alikes, as the registry keeps it beside the model: read without what learns or scores."""

from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.learning.importance.results import LeftOut
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.results import PredictionStudy
from kohort.pipeline.workspace import Workspace

KIND: Final = "lookalike"
"""What the registry calls models of look-alikes."""


@dataclass(frozen=True)
class EntriesLookedAt:
    """The `moments` as of which people were learnt from, at each member's own entry, and who was not, with the reason.

    `learnt` members were, of those of the seed; `unlogged` have no entry in the log, of `unknown` nothing was known
    before it, beside `unmatched` hardly anybody else was, and `asked_for_not` were not among those asked about then.
    `others` people outside were drawn; `former` were members once, and are on neither side.
    """

    moments: tuple[Moment, ...]
    learnt: int
    others: int
    unlogged: int = 0
    unknown: int = 0
    unmatched: int = 0
    asked_for_not: int = 0
    former: int = 0


@dataclass(frozen=True)
class LookalikeDocument:
    """What was found of who is like a `seed`, whose rule was `sentence`, as of `at`.

    What was known of people is that of `cut_off`, or at the moments of `entries`, of which it is the first. Of
    `members` of the seed, `entered_before` were in it by then and are not learnt from. `outside` counts who was told a
    likeness, `chosen` those of them who are chosen, from the chance `threshold` on; `left_out` are the traits that
    nothing was learnt from.
    """

    score: str
    at: Moment
    cut_off: Moment
    seed: str
    sentence: str
    members: int
    entered_before: int
    outside: int
    chosen: int
    threshold: float
    study: PredictionStudy
    quality: LookalikeQuality
    left_out: tuple[LeftOut, ...]
    entries: EntriesLookedAt | None = None


def declared_lookalikes(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the look-alikes that a project declares."""
    return tuple(one.name for one in workspace.scores if isinstance(one, LookalikeDefinition))
