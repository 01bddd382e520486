"""Small helpers that say in one line what a test reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from kohort.collection.batches import Batch, InputFinding
from kohort.collection.ingestion import Ingestion, read_file, reread
from kohort.definitions.source import SourceDefinition, source_definition_of
from kohort.definitions.tracking import TrackingPlan
from kohort.storage.messages import Message
from kohort.storage.records import Rejection


@dataclass
class Outcome:
    """All batches of a file together."""

    source: str = ""
    messages: list[Message] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[InputFinding] = field(default_factory=list)
    rows: int = 0
    sizes: list[int] = field(default_factory=list)

    def add(self, batches: Iterable[Batch]) -> "Outcome":
        for batch in batches:
            self.messages += batch.messages
            self.rejected += batch.rejected
            self.warnings += batch.warnings
            self.rows += batch.rows
            self.sizes.append(len(batch.messages))
        return self

    def checks(self) -> dict[str, int]:
        return {finding.check: finding.count for finding in self.warnings}


@dataclass
class Desk:
    """A folder for files, and the settings with which they are read."""

    folder: Path
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    plan: TrackingPlan = field(default_factory=TrackingPlan)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def source(self, text: str) -> SourceDefinition:
        return source_definition_of(yaml.safe_load(text), "sources/test.yaml")

    def open(
        self, path: Path, *sources: str | SourceDefinition, name: str | None = None, size: int = 1000
    ) -> Ingestion:
        known = [self.source(one) if isinstance(one, str) else one for one in sources]
        return read_file(
            path, sources=known, source=name, plan=self.plan, zone=self.zone, received_at=1, batch_size=size
        )

    def read(self, path: Path, *sources: str | SourceDefinition, name: str | None = None, size: int = 1000) -> Outcome:
        ingestion = self.open(path, *sources, name=name, size=size)
        return Outcome(ingestion.source).add(ingestion)

    def reread(self, rejections: Sequence[Rejection], *sources: str | SourceDefinition) -> Outcome:
        known = [self.source(one) if isinstance(one, str) else one for one in sources]
        return Outcome().add(reread(rejections, sources=known, plan=self.plan, zone=self.zone, received_at=2))
