"""What is told of clusters over time."""

from dataclasses import dataclass
from datetime import datetime

from kohort.learning.clustering.cohorts import CohortCell
from kohort.learning.clustering.periods import PeriodFound
from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import SegmentOutcome
from kohort.measurement.prediction import PredictionBeside


@dataclass(frozen=True)
class PeriodsReport:
    """The clusters of the month `first`, followed month by month.

    `names` are those of the clusters: of the persona that each is, where there is one. `months` are the names of all
    months looked at, the first among them; `periods` tells of the others, `cohorts` of those who came in each month,
    numbered as in `months`. `words` says in a sentence whether anything changed.
    """

    score: str
    first: str
    names: tuple[Bilingual, ...]
    months: tuple[str, ...]
    periods: tuple[PeriodFound, ...]
    cohorts: tuple[CohortCell, ...]
    words: Bilingual


@dataclass(frozen=True)
class ClusterConversion:
    """Whether clusters formed from what was known at `split` tell who did something in the `horizon` after it.

    `outcomes` tells of each cluster beside everybody else, `power` how well all together predict, beside quintiles of
    how lately people came; None where too few people did it to say.
    """

    did: Bilingual
    horizon: Bilingual
    split: datetime
    outcomes: tuple[SegmentOutcome, ...]
    power: PredictionBeside | None
