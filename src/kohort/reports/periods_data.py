"""What is told of clusters over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kohort.learning.clustering.cohorts import CohortCell
from kohort.learning.clustering.period_results import PeriodFound
from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import SegmentOutcome
from kohort.measurement.prediction import PredictionBeside

_BY_K_MEANS: Final = Bilingual("k-means", "k-moyennes")


@dataclass(frozen=True)
class PeriodsReport:
    """The clusters of the month `first`, followed month by month.

    `names` are those of the clusters: of the persona that each is, where there is one. `features` says how each is
    called. `months` are the names of all months looked at, the first among them; `periods` tells of the others,
    `cohorts` of those who came in each month, numbered as in `months`. `words` says in a sentence whether anything
    changed. `method` sought the clusters of every month, in sentences `sought_by`; of documents of before that was
    told, it was k-means.
    """

    score: str
    first: str
    names: tuple[Bilingual, ...]
    features: Mapping[str, Bilingual]
    months: tuple[str, ...]
    periods: tuple[PeriodFound, ...]
    cohorts: tuple[CohortCell, ...]
    words: Bilingual
    method: str = "k_means"
    sought_by: Bilingual = _BY_K_MEANS


@dataclass(frozen=True)
class ClusterConversion:
    """Whether clusters formed from what was known at `split` tell who did something in the `horizon` after it.

    `names` are those of the clusters, of the persona that each is where there is one; `outcomes` tells of each cluster
    beside everybody else, `power` how well all together predict, beside quintiles of how lately people came; None where
    too few people did it to say. `method` found the clusters, in sentences `sought_by`; of documents of before that
    was told, it was k-means.
    """

    did: Bilingual
    horizon: Bilingual
    split: datetime
    names: tuple[Bilingual, ...]
    outcomes: tuple[SegmentOutcome, ...]
    power: PredictionBeside | None
    method: str = "k_means"
    sought_by: Bilingual = _BY_K_MEANS


@dataclass(frozen=True)
class ClustersOverTime:
    """What is kept of a discovery's clusters: whether they hold month by month, and what they foretell.

    `periods` is None where nobody followed them, or they could not be followed: then `periods_lack` says why. So do
    `conversions` and `conversion_lack`.
    """

    periods: PeriodsReport | None = None
    periods_lack: str = ""
    conversions: tuple[ClusterConversion, ...] = ()
    conversion_lack: str = ""


NOTHING_YET: Final = ClustersOverTime()
