"""Following the membership log by its numbers, while others append to it.

The log is read a page at a time, from any place, in the order of `seq`: whoever has come to a place asks for what
follows. Nobody holds more of it than a page, however long it is and however slowly it is read.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.pipeline.moving import last_of_record
from kohort.pipeline.recording import changes_of, log_rows
from kohort.storage.followed import FollowedTable, TableFile
from kohort.storage.recent import FollowedRecords
from kohort.storage.schemas import SCHEMAS

PAGE: Final = 20_000
"""The most rows of a page."""
_FILES: Final = 64
"""The most files that a page is made of, unless more begin at one place."""
_SCANNED: Final = 1_000_000
"""The rows after which no further file is read for a page."""
_BATCH: Final = 50_000

_SCHEMA: Final = SCHEMAS["membership_log"]
_NONE: Final = _SCHEMA.empty_table()
_NUMBERS: Final = pa.schema([_SCHEMA.field("seq")])
_WITH_SEGMENTS: Final = pa.schema([_SCHEMA.field("seq"), _SCHEMA.field("segment")])


@dataclass(frozen=True)
class LogPage:
    """Rows of the log in the order of `seq`; none that was asked for is missing up to the place `up_to`."""

    rows: pa.Table
    up_to: int


@dataclass(frozen=True)
class LogState:
    """What the log was at one look: its files, and the last place that readers may see.

    Files have all up to the place `written`; `recent` rows are those that follow.
    """

    files: Sequence[TableFile] = ()
    written: int = 0
    recent: pa.Table = field(default_factory=_SCHEMA.empty_table)

    @property
    def end(self) -> int:
        """The last place that readers may see."""
        last = self.recent.column("seq")[-1].as_py() if self.recent.num_rows else 0
        return max(self.written, last)

    def page(self, after: int, segments: Collection[str] = (), most: int = PAGE) -> LogPage:
        """Return the first rows after a place: those of these segments, or, if none is named, of all.

        Raises FileNotFoundError if a file has gone since the look: the tables were made anew, or files made one.
        """
        if after >= self.written:
            return self._recent_page(after, segments, most)
        files, up_to = self._next_files(after)
        asked = _Asked(after, up_to, pa.array(sorted(segments), pa.string()))
        # First the numbers alone: the other columns are read of no more rows than are wanted.
        first = _WITH_SEGMENTS if segments else _NUMBERS
        found = first.empty_table()
        for file in files:
            for rows in asked.read(file, first):
                found = pa.concat_tables([found, rows]).sort_by("seq")
                if found.num_rows >= most:
                    found = found.slice(0, most)
                    asked.up_to = found.column("seq")[-1].as_py()
        return LogPage(asked.rows(files, found.num_rows), asked.up_to)

    def _recent_page(self, after: int, segments: Collection[str], most: int) -> LogPage:
        seq = self.recent.column("seq")
        rows, up_to = self.recent.filter(pc.greater(seq, after)), max(after, self.end)
        if segments:
            rows = rows.filter(pc.is_in(rows.column("segment"), pa.array(sorted(segments), pa.string())))
        if rows.num_rows > most:
            rows = rows.slice(0, most)
            up_to = rows.column("seq")[-1].as_py()
        return LogPage(rows, up_to)

    def _next_files(self, after: int) -> tuple[list[TableFile], int]:
        """Return the files to read next, and up to which place they hold everything."""
        left = [one for one in self.files if after < one.last and one.first <= self.written]
        chosen: list[TableFile] = []
        rows = 0
        for one in sorted(left, key=lambda one: one.first):
            if (len(chosen) >= _FILES or rows >= _SCANNED) and one.first - 1 > after:
                return chosen, one.first - 1
            chosen.append(one)
            rows += one.rows
        return chosen, self.written


class MembershipLog:
    """The log of the tables in a folder; `state` is what it was at the last look.

    Readers look no further than `memberships` has come, or `membership_updates`: what an epoch, or whoever keeps
    memberships up live, has begun to write is seen once it is whole. With a file of `recent` records they see besides
    what is not written yet, at once, when other tables may not tell of it by now.
    """

    def __init__(self, tables: Path, recent: Path | None = None) -> None:
        self._recent = None if recent is None else FollowedRecords(recent)
        self._rows: dict[int, pa.Table] = {}
        self._memberships = FollowedTable(tables / "memberships")
        self._updates = FollowedTable(tables / "membership_updates")
        self._log = FollowedTable(tables / "membership_log")
        self.state = LogState()

    def look(self) -> bool:
        """Look whether the log has moved on, which costs next to nothing if not; tell whether `state` changed.

        Raises StorageError for a table that cannot be read.
        """
        # In this order: what records follow on is in the tables before them, and what memberships speak of in the log.
        is_news = self._recent is not None and self._recent.look()
        moved = [one.look() for one in (self._memberships, self._updates, self._log)]
        if any(moved) or is_news:
            # Tables that were dropped between the two looks are two states: then there is nothing, until the next look.
            whole = self._memberships.stands()
            seq = max(self._memberships.watermark, self._updates.watermark)
            files, written = tuple(self._log.files.values()), last_of_record(seq)
            self.state = LogState(files, written, self._rows_after(seq)) if whole else LogState()
        return any(moved) or is_news

    def _rows_after(self, seq: int) -> pa.Table:
        """Return the rows that recent records say beyond the record `seq`, up to which the tables are."""
        if self._recent is None or self._recent.base > seq:
            return _NONE
        records = [one for one in self._recent.records if one.seq > seq]
        self._rows = {one.seq: self._rows.get(one.seq) or log_rows(changes_of(one), one) for one in records}
        return pa.concat_tables([_NONE, *self._rows.values()])


@dataclass
class _Asked:
    """The rows after one place, up to another that may come nearer, of the segments named, or of all."""

    after: int
    up_to: int
    segments: pa.Array

    def rows(self, files: Iterable[TableFile], count: int) -> pa.Table:
        """Return these rows, of which there are so many, in the order of `seq`."""
        found, missing = [_NONE], count
        for file in files:
            for rows in self.read(file, _SCHEMA) if missing else ():
                found.append(rows)
                missing -= rows.num_rows
                if not missing:
                    break
        return pa.concat_tables(found).sort_by("seq")

    def read(self, file: TableFile, schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield these rows of a file, in the order of the file: the columns of `schema`."""
        with pq.ParquetFile(file.path) as opened:
            for group in range(opened.num_row_groups):
                if not self._may_be_in(opened.metadata, group):
                    continue
                for batch in opened.iter_batches(_BATCH, row_groups=[group], columns=schema.names):
                    rows = pa.Table.from_batches([batch]).filter(self._wanted(batch))
                    if rows.num_rows:
                        yield rows.select(schema.names).cast(schema)

    def _wanted(self, batch: pa.RecordBatch) -> pa.Array:
        seq = batch.column("seq")
        wanted = pc.and_(pc.greater(seq, self.after), pc.less_equal(seq, self.up_to))
        return pc.and_(wanted, pc.is_in(batch.column("segment"), self.segments)) if len(self.segments) else wanted

    def _may_be_in(self, metadata: pq.FileMetaData, group: int) -> bool:
        statistics = metadata.row_group(group).column(metadata.schema.names.index("seq")).statistics
        if statistics is None or not statistics.has_min_max:
            return True
        return bool(self.after < statistics.max and statistics.min <= self.up_to)
