"""Runs, what quality checks found, and scores."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment


class RunStep(Answer):
    """A step of a run."""

    step: str
    recorded_at: IsoMoment
    summary: str = Field(description="What came of it.")


class Run(Answer):
    """Steps that were done one after another for the same moment."""

    seq: int = Field(description="The place of its first step in the journal.")
    at: IsoMoment = Field(description="The moment that it evaluated.")
    steps: list[RunStep]


class Runs(Answer):
    """A page of runs, the newest first. What is not stale is not done again, and is no step."""

    runs: list[Run]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")


class QualityFinding(Answer):
    """What a quality check found."""

    check: str
    source: str
    subject: str
    severity: str = Field(description="error, warning or info.")
    count: int
    share: float | None
    detail: str


class Quality(Answer):
    """A page of what reading files found, and what the last quality checks found, the gravest first."""

    counts: dict[str, int] = Field(description="How many findings there are of each severity, on all pages.")
    findings: list[QualityFinding]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")


class Quantile(Answer):
    """A value that so large a share of people do not exceed."""

    share: float
    value: str = Field(description="A number, with every digit.")


class ValueCount(Answer):
    """How many people have a value."""

    value: str
    people: int


class ScoreTrait(Answer):
    """A trait that a score writes, and how its values are spread over people."""

    name: str
    type: str
    people: int = Field(description="How many have a value.")
    mean: str | None = Field(description="Of a number; null for other types.")
    quantiles: list[Quantile] = Field(description="Of a number; empty for other types.")
    values: list[ValueCount] = Field(description="Of a text, the most frequent first; empty for other types.")


class Score(Answer):
    """A declared score, and its newest run."""

    name: str
    kind: str = Field(description="rfm, behaviour, clusters, imputation or outliers.")
    version: int | None = Field(description="Greater at every run; null before the first.")
    at: IsoMoment | None = Field(description="The moment that it speaks of.")
    recorded_at: IsoMoment | None
    traits: list[ScoreTrait]


class Scores(Answer):
    """Every declared score."""

    scores: list[Score]
