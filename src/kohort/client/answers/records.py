"""Answers about what came in, what was made of it, and who may ask."""

from collections.abc import Mapping

from msgspec import Struct


class RefusalCount(Struct, frozen=True):
    """How many dead letters fail for a reason."""

    field: str
    reason: str
    count: int


class Source(Struct, frozen=True):
    """A source: what it declares, and what it has brought."""

    name: str
    kind: str
    file: str
    declares: str
    files: str
    requires_consent: tuple[str, ...]
    received: int | None
    accepted: int | None
    duplicates: int | None
    events: int
    traits: int
    first_event: str | None
    last_event: str | None
    last_received: str | None
    rejected: int
    dead_letters: int
    reasons: tuple[RefusalCount, ...]


class Sources(Struct, frozen=True):
    """Every source that is declared or has brought anything, by name."""

    sources: tuple[Source, ...]


class DeadLetter(Struct, frozen=True):
    """What could not be read, where it stood, and why."""

    dead_letter_id: str
    recorded_at: str
    source: str
    file: str
    line: int
    field: str
    reason: str
    raw: str
    cut: bool


class DeadLetters(Struct, frozen=True):
    """A page of what was refused and not replayed yet, the newest first."""

    dead_letters: tuple[DeadLetter, ...]
    next_cursor: str | None


class FileFinding(Struct, frozen=True):
    """What was found while a file was read."""

    check: str
    subject: str
    severity: str
    count: int
    share: float | None
    detail: str


class Ingested(Struct, frozen=True):
    """What became of a file."""

    file: str
    source: str
    rows: int
    accepted: int
    known: int
    rejected: int
    withheld: int
    findings: tuple[FileFinding, ...]


class RunStep(Struct, frozen=True):
    """A step of a run."""

    step: str
    recorded_at: str
    summary: str


class Run(Struct, frozen=True):
    """Steps that were done one after another for the same moment."""

    seq: int
    at: str
    steps: tuple[RunStep, ...]


class Runs(Struct, frozen=True):
    """A page of runs, the newest first. What is not stale is not done again, and is no step."""

    runs: tuple[Run, ...]
    next_cursor: str | None


class QualityFinding(Struct, frozen=True):
    """What a quality check found."""

    check: str
    source: str
    subject: str
    severity: str
    count: int
    share: float | None
    detail: str


class Quality(Struct, frozen=True):
    """A page of what reading files found, and what the last quality checks found, the gravest first."""

    counts: Mapping[str, int]
    findings: tuple[QualityFinding, ...]
    next_cursor: str | None


class GateOutcome(Struct, frozen=True):
    """What came of a gate at a load; `holds` is None where it could not be judged."""

    gate: str
    action: str
    holds: bool | None
    value: float | None
    bound: float | None


class WorstRow(Struct, frozen=True):
    """A row that has many problems."""

    line: int
    problems: int
    reasons: tuple[str, ...]


class Load(Struct, frozen=True):
    """What was measured of a load: a file, or what a source sent between two runs."""

    load: str
    at: str
    records: int
    rejected: int
    accepted: int
    repeats: int
    stopped: bool
    measures: Mapping[str, float]
    scores: Mapping[str, float]
    reliability: float | None
    gates: tuple[GateOutcome, ...]
    worst: tuple[WorstRow, ...]


class SourceQuality(Struct, frozen=True):
    """How good a source is now, and what is known of it; `every` and `usual` are microseconds."""

    source: str
    file: str
    files: str
    one_per: tuple[str, ...]
    is_grouped: bool
    requires_consent: tuple[str, ...]
    every: int | None
    usual: int | None
    events: tuple[str, ...]
    traits: tuple[str, ...]
    segments: tuple[str, ...]
    reliability: float | None
    scores: Mapping[str, float]
    missing: tuple[str, ...]
    overdue: bool
    loads: tuple[Load, ...]


class SourceQualities(Struct, frozen=True):
    """Every source that was measured, or is declared, by name."""

    sources: tuple[SourceQuality, ...]


class Quantile(Struct, frozen=True):
    """A value that so large a share of people do not exceed."""

    share: float
    value: str


class ValueCount(Struct, frozen=True):
    """How many people have a value."""

    value: str
    people: int


class ScoreTrait(Struct, frozen=True):
    """A trait that a score writes, and how its values are spread over people."""

    name: str
    type: str
    people: int
    mean: str | None
    quantiles: tuple[Quantile, ...]
    values: tuple[ValueCount, ...]


class Score(Struct, frozen=True):
    """A declared score, and its newest run."""

    name: str
    kind: str
    version: int | None
    at: str | None
    recorded_at: str | None
    traits: tuple[ScoreTrait, ...]


class Scores(Struct, frozen=True):
    """Every declared score."""

    scores: tuple[Score, ...]


class Key(Struct, frozen=True):
    """A key, without what it is in plain."""

    key_id: str
    kind: str
    name: str
    origins: tuple[str, ...]
    rate: int | None
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    state: str


class NewKey(Struct, frozen=True):
    """A key that was made."""

    key_id: str
    kind: str
    name: str
    origins: tuple[str, ...]
    rate: int | None
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    state: str
    key: str


class Keys(Struct, frozen=True):
    """A page of all keys that ever were, the newest first."""

    keys: tuple[Key, ...]
    next_cursor: str | None
