"""What was found of look-alikes, as the registry keeps it beside the model: read without what learns or scores."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.errors import UnknownNameError
from kohort.learning.importance.results import LeftOut
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.results import PredictionStudy
from kohort.pipeline.learning.registry.entries import content_of, live_model
from kohort.pipeline.learning.signed import found_in
from kohort.pipeline.workspace import Workspace
from kohort.reports.predictions_data import LookalikesShown

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


def latest_lookalikes(workspace: Workspace, score: str) -> LookalikeDocument | None:
    """Return what was found of the model of a score that is in force, None before the first.

    Raises UnknownNameError for a score of the kind that nobody declared.
    """
    names = declared_lookalikes(workspace)
    if score not in names:
        raise UnknownNameError("look-alikes", score, names, where="scores of the kind lookalike")
    live = live_model(workspace, score)
    return None if live is None else found_in(content_of(workspace, live), LookalikeDocument)


def declared_lookalikes(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the look-alikes that a project declares."""
    return tuple(one.name for one in workspace.scores if isinstance(one, LookalikeDefinition))


def lookalikes_shown(workspace: Workspace) -> Iterator[LookalikesShown]:
    """Yield the look-alikes that have a model in force, in the order of their declarations."""
    for name in declared_lookalikes(workspace):
        live = live_model(workspace, name)
        if live is not None:
            found = found_in(content_of(workspace, live), LookalikeDocument)
            yield LookalikesShown(name, live.number, found.study, found.quality)
