"""Clusters month by month, and what they foretell."""

from pydantic import Field

from kohort.pipeline.learning.cluster_studies import ConversionDocument, PeriodsDocument
from kohort.reports.periods_data import ClusterConversion, PeriodsReport
from kohort.reports.validation_conversion import foretelling_words
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.discovery import Interval, Words


class ClusterFate(Answer):
    """What became of a group of the first month."""

    cluster: int = Field(description="Its number, from 0, as in names.")
    fate: str = Field(
        description="persists, split, merged, dissolved, or moved: the same, beyond the reach of the first model."
    )
    into: list[int] = Field(description="The groups sought anew that its people are in.")
    jaccard: Interval = Field(description="The similarity of its people with those of its partner.")


class ClusterShift(Answer):
    """How far one measure has moved since the first month."""

    kind: str = Field(description="centre, spread or correlation.")
    cluster: int | None = Field(description="The group; null where it is of everybody.")
    feature: str
    other: str | None = Field(description="The second feature of a correlation.")
    change: Interval
    p_value: float = Field(description="Adjusted by Holm for all that was looked at.")
    found: bool = Field(description="Whether it is beyond chance, and large enough to matter.")


class ClusterPeriod(Answer):
    """One later month."""

    name: str
    people: int
    k: int = Field(description="How many groups hold in it.")
    shares: list[Interval] = Field(description="Of each group by the first month's model.")
    stayed: list[Interval | None] = Field(description="Of those who were in it in the first month and are still known.")
    fates: list[ClusterFate]
    appeared: list[int] = Field(description="The groups sought anew whose people were not there before.")
    shifts: list[ClusterShift]


class CohortOfMonth(Answer):
    """Those who came in a month, so many months later."""

    cohort: int = Field(description="The month in which they came: its place in months.")
    since: int
    people: int
    active: Interval
    shares: list[Interval] = Field(description="Those in each group, of who is in one.")


class ClusterPeriods(Answer):
    """The groups of the month `first`, followed month by month up to `at`."""

    score: str
    at: IsoMoment
    words: Words
    is_silent: bool = Field(description="Whether nothing has changed in any month.")
    method: str = Field(description="What sought the groups of every month: the method that the discovery took.")
    first: str
    months: list[str]
    names: list[Words]
    features: dict[str, Words]
    periods: list[ClusterPeriod]
    cohorts: list[CohortOfMonth]


class ClusterOutcome(Answer):
    """What the people of a group did after the split, beside everybody else; null where there is nobody."""

    name: Words
    rate: Interval | None
    others: Interval | None
    difference: Interval | None
    lift: Interval | None = Field(description="The ratio of both rates.")
    p_value: float | None = Field(description="Adjusted by Holm over the groups.")
    is_small: bool = Field(description="Whether there are too few to read more than the interval.")


class DepthOfLift(Answer):
    """What the `depth` share of people of whom it was expected most hold of all who did it."""

    depth: float
    captured: Interval
    lift: Interval


class ForetellingPower(Answer):
    """How well people are told apart: an area of 0.5 and an association of 0 are chance."""

    area: Interval
    association: Interval = Field(description="Cramér's V, corrected for bias.")
    lift: list[DepthOfLift]


class ForetoldOutcome(Answer):
    """Whether groups formed at the split tell who did something after it; powers are null where too few did it."""

    did: Words
    horizon: Words
    split: str
    words: Words
    method: str = Field(description="What sought the groups: the method that the discovery took.")
    base: Interval | None
    outcomes: list[ClusterOutcome]
    groups: ForetellingPower | None
    rule: ForetellingPower | None = Field(description="The same of fifths of people by how lately they came.")
    gain: Interval | None = Field(description="The area of the groups less that of the rule.")


class ClusterForetelling(Answer):
    """What the groups foretell, outcome by outcome, as seen up to `at`."""

    score: str
    at: IsoMoment
    outcomes: list[ForetoldOutcome]


def periods_of(document: PeriodsDocument, report: PeriodsReport) -> ClusterPeriods:
    """Return followed clusters as they are told."""
    silent = all(one.silent for one in report.periods)
    return ClusterPeriods.model_validate({**vars(report), "at": document.at, "is_silent": silent})


def foretelling_of(document: ConversionDocument) -> ClusterForetelling:
    """Return what clusters foretell as it is told."""
    outcomes = [_outcome(one) for one in document.conversions]
    return ClusterForetelling.model_validate({"score": document.score, "at": document.at, "outcomes": outcomes})


def _outcome(found: ClusterConversion) -> dict[str, object]:
    power = found.power
    rows = [
        {
            "name": name,
            "rate": one.members,
            "others": one.others,
            "difference": one.comparison and one.comparison.difference,
            "lift": one.comparison and one.comparison.lift,
            "p_value": one.comparison and one.comparison.adjusted_p_value,
            "is_small": one.small,
        }
        for name, one in zip(found.names, found.outcomes, strict=True)
    ]
    return {
        "did": found.did,
        "horizon": found.horizon,
        "split": found.split.isoformat(),
        "words": foretelling_words(found),
        "method": found.method,
        "base": found.outcomes[0].base if found.outcomes else None,
        "outcomes": rows,
        "groups": power and power.groups,
        "rule": power and power.rule,
        "gain": power and power.gain,
    }
