"""How good sources are: what was measured of their loads, and what rests on them."""

from pydantic import Field

from kohort.pipeline.quality.audit import SourceAudit
from kohort.web.api.models.answer import Answer, IsoMoment


class GateOutcome(Answer):
    """What came of a gate at a load."""

    gate: str = Field(description="As it is written.")
    action: str = Field(description="fail or warn.")
    holds: bool | None = Field(description="Whether its condition holds; null where it could not be judged.")
    value: float | None
    bound: float | None


class WorstRow(Answer):
    """A row that has many problems."""

    line: int = Field(description="0 where the line is not known.")
    problems: int
    reasons: list[str] = Field(description="The first of them, without anybody's values.")


class Load(Answer):
    """What was measured of a load: a file, or what a source sent between two runs."""

    load: str = Field(description="The file, or run.")
    at: IsoMoment
    records: int
    rejected: int
    accepted: int
    repeats: int
    stopped: bool = Field(description="Whether a gate has stopped it.")
    measures: dict[str, float] = Field(description="Freshness in microseconds, volume in records, shares from 0 to 1.")
    scores: dict[str, float] = Field(description="Of each dimension that could be measured, from 0 to 1.")
    reliability: float | None = Field(description="From 0 to 100.")
    gates: list[GateOutcome]
    worst: list[WorstRow]


class SourceQuality(Answer):
    """How good a source is now, and what is known of it."""

    source: str
    file: str = Field(description="Where it is declared; empty where it is not.")
    files: str = Field(description="The pattern of the names of its files.")
    one_per: list[str] = Field(description="The columns of which each value is one record.")
    is_grouped: bool = Field(description="Whether several rows make a record.")
    requires_consent: list[str]
    every: int | None = Field(description="How often it promises to come, in microseconds.")
    usual: int | None = Field(description="How often it comes, in microseconds; null before the third load.")
    events: list[str]
    traits: list[str]
    segments: list[str] = Field(description="Segments in force that rest on what it brings.")
    reliability: float | None
    scores: dict[str, float]
    missing: list[str] = Field(description="Dimensions that could not be measured; they count for nothing.")
    overdue: bool
    loads: list[Load] = Field(description="The newest 30, the newest last.")


class SourceQualities(Answer):
    """Every source that was measured, or is declared, by name."""

    sources: list[SourceQuality]


def source_quality_of(found: SourceAudit) -> SourceQuality:
    """Return what is known of a source as an answer."""
    report = found.report
    return SourceQuality(
        source=found.source,
        file=found.file,
        files=found.files,
        one_per=list(found.one_per),
        is_grouped=found.is_grouped,
        requires_consent=list(found.requires_consent),
        every=found.every,
        usual=found.usual,
        events=list(found.events),
        traits=list(found.traits),
        segments=list(found.segments),
        reliability=report.reliability,
        scores={str(name): score for name, score in report.scores.items()},
        missing=[str(one) for one in report.missing],
        overdue=report.is_overdue,
        loads=[Load.model_validate(one) for one in report.loads],
    )
