"""What a look for drift has found, and the looks that were kept."""

from dataclasses import dataclass

from kohort.clock import Moment
from kohort.learning.drift.matured import Performance, PerformanceDrift
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.kept_documents import BY_MOMENT, kept_rows, read_document
from kohort.pipeline.learning.registry.entries import live_runs, models_of
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class WatchedFeature:
    """How far one feature has moved, or what the model says of people (`is_score`).

    `index` is the population stability index, `divergence` that of Jensen and Shannon in bits, `usual` what nineteen of
    twenty quiet months stay below, and `p_value` Holm's: both None where the index is too small to matter. `distance`
    is Kolmogorov's and Smirnov's, `moved` Wasserstein's in standard deviations of before, both None for texts.
    `furthest` is the bin whose share has moved most, from `share_before` to `share_now`.
    """

    feature: str
    is_score: bool
    index: float
    divergence: float
    usual: float | None
    p_value: float | None
    distance: float | None
    moved: float | None
    furthest: str
    share_before: float
    share_now: float
    found: bool


@dataclass(frozen=True)
class JudgedMonth:
    """How good chances were that people had at the end of a `month`, by what they have done since."""

    month: str
    found: Performance


@dataclass(frozen=True)
class DriftLook:
    """What one month looked like to the model of number `model`, beside the months that it is compared with.

    `against` names those: a year before, or, where nobody was known then (`is_seasonal` False), those before the model
    learnt. No retraining is proposed by a look that could not tell a season from a drift, unless the score declares
    that there is none: `proposes`. `words` say what was found.

    `judged_months` say how good chances were of each month since the model learnt whose people's time is over, at most
    the newest twelve, and `losses` how far the newest is from what the model was; nothing where no month is over, or
    nothing is foretold.
    """

    score: str
    model: int
    at: Moment
    month: str
    people: int
    against: tuple[str, ...]
    is_seasonal: bool
    features: tuple[WatchedFeature, ...]
    proposes: bool
    words: Bilingual
    judged_months: tuple[JudgedMonth, ...] = ()
    losses: tuple[PerformanceDrift, ...] = ()

    @property
    def found(self) -> tuple[str, ...]:
        """The names of what has drifted: features, what the model says, and how good that is."""
        moved = tuple(one.feature for one in self.features if one.found)
        return (*moved, *(one.measure for one in self.losses if one.found))

    @property
    def judged(self) -> JudgedMonth | None:
        """The newest month that is judged, None where none is."""
        return self.judged_months[-1] if self.judged_months else None


def looks_of(workspace: Workspace, score: str) -> tuple[DriftLook, ...]:
    """Return the looks that were kept of a score's model in force, the oldest month first.

    Raises UnknownNameError for a score without models.
    """
    models_of(workspace, score)
    named = {"score": score, "run": live_runs(workspace).get(score)}
    rows = kept_rows(workspace, "model_drift", named, newest=BY_MOMENT)
    return tuple(read_document(workspace, row["file"], DriftLook) for row in rows)
