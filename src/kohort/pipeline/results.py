"""What the writing commands answer."""

from dataclasses import dataclass, field

from kohort.storage.records import Finding, LoadMeasured


@dataclass
class IngestResult:
    """What became of a file: rows read, messages accepted, those already known, dead letters, findings.

    `withheld` counts messages that were not stored for want of consent; `measured` is how good the load is.
    """

    file: str
    source: str
    rows: int = 0
    accepted: int = 0
    known: int = 0
    rejected: int = 0
    withheld: int = 0
    findings: list[Finding] = field(default_factory=list)
    measured: LoadMeasured | None = None


@dataclass(frozen=True)
class StepOutcome:
    """What became of a step: "done" with what came out, or "skipped" with the reason."""

    step: str
    state: str
    detail: str
