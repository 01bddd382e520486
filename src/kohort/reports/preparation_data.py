"""What the report shows of how features became points."""

from dataclasses import dataclass

from kohort.learning.wording import Bilingual


@dataclass(frozen=True)
class PreparedFeature:
    """One feature and how it came among the points; `skewness` as it is scaled, None of a text.

    `why` is the reason, `skewness_before` the skewness within its limits before it was scaled, and `missing` the share
    of people without a value; all are None in reports of before they were kept.
    """

    label: Bilingual
    how: Bilingual
    skewness: float | None = None
    why: Bilingual | None = None
    skewness_before: float | None = None
    missing: float | None = None


@dataclass(frozen=True)
class PreparationSummary:
    """The features used, sentences on those left out and on what warns of trouble, and the reduction if there is any.

    There is a warning of each feature that is more skewed than `most_skewed`. `digest` is that of the parameters:
    people of another day are prepared by the same ones.
    """

    features: tuple[PreparedFeature, ...]
    left_out: tuple[Bilingual, ...]
    warnings: tuple[Bilingual, ...]
    reduction: Bilingual | None
    digest: str
    most_skewed: float
