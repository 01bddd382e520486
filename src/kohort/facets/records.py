"""What is on record: sources and what was refused, runs, scores; and files that come over HTTP."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from kohort.clock import Moment
from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.collection.uploads import Upload
    from kohort.pipeline.quality.audit import SourceAudit
    from kohort.pipeline.quality.reporting import SourceReport
    from kohort.pipeline.results import IngestResult
    from kohort.pipeline.runs import Run, ScoreSummary
    from kohort.pipeline.sources import DeadLetterPage, SourceSummary


class RecordsFacet(Facet):
    """The part of `Project` that tells what has come in and what was made of it."""

    def sources(self) -> "list[SourceSummary]":
        """Return every source that is declared or has brought anything."""
        from kohort.pipeline.sources import source_summaries

        return source_summaries(self._workspace())

    def quality(self, source: str | None = None) -> "list[SourceReport]":
        """Return how good each source is, by its loads, or one; raises UnknownNameError."""
        from kohort.pipeline.quality.reporting import source_reports

        workspace = self._workspace()
        return source_reports(workspace, self._moment(workspace, None), source)

    def audits(self) -> "list[SourceAudit]":
        """Return where each source comes from, how good it is, and what rests on it."""
        from kohort.pipeline.quality.audit import source_audits

        workspace = self._workspace()
        return source_audits(workspace, self._moment(workspace, None))

    def dead_letter_page(
        self, source: str | None = None, after: tuple[Moment, str] | None = None, most: int = 100
    ) -> "DeadLetterPage":
        """Return dead letters that wait, the newest first, at most `most`, behind a place (when, and the id)."""
        from kohort.pipeline.sources import dead_letter_page

        return dead_letter_page(self._workspace(), source, after, most)

    def runs(self, before: int | None = None, most: int = 100) -> "list[Run]":
        """Return runs, the newest first, at most `most`, before the `seq` of one."""
        from kohort.pipeline.runs import runs

        return runs(self._workspace(), before, most)

    def scores(self) -> "list[ScoreSummary]":
        """Return every declared score with its newest run, and how its values are spread."""
        from kohort.pipeline.runs import score_summaries

        return score_summaries(self._workspace())

    def check_source(self, source: str) -> None:
        """Raise UnknownNameError unless files can be read by a source of this name."""
        from kohort.pipeline.collection.uploads import check_source

        check_source(self._workspace(), source)

    def receiving(self, name: str) -> "AbstractContextManager[Upload]":
        """Give a file to write to, which is gone at the end of the block; `name` is a new one of ours."""
        from kohort.pipeline.collection.uploads import receiving

        return receiving(self.folder.uploads, name, self.settings.api.file)

    def ingest_upload(self, upload: "Upload", source: str, *, despite_gates: bool = False) -> "IngestResult":
        """Read a file that was received into the project, as `ingest`; the same content again changes nothing."""
        from kohort.pipeline.collection.uploads import ingest_upload

        shown = upload.finish()
        with self._writing() as (workspace, catch_up):
            return ingest_upload(workspace, upload, source, catch_up, shown, despite_gates=despite_gates)
