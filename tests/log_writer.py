"""A log of memberships as epochs write it, without a rule or a person."""

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

SEGMENTS = ("buyers", "regulars")
Row = dict[str, object]


def log_rows(seq: int, size: int) -> list[Row]:
    """Return what the record `seq` of the journal says."""
    return [
        {
            "seq": seq * LOG_ROWS_A_RECORD + place,
            "segment": SEGMENTS[(seq + place) % 2],
            "version": 1,
            "person_id": f"user:{place}",
            "change": "entered",
            "effective_at": seq,
            "recorded_at": seq,
            "cause": "rule",
            "corrects": None,
        }
        for place in range(size)
    ]


class Writer:
    """Writes as epochs do: the log, and last the memberships."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: list[int] = []

    def epoch(self, size: int, *, whole: bool = True) -> None:
        self.sizes.append(size)
        self._write(len(self.sizes), size, whole=whole)

    def finish(self) -> None:
        self._write(len(self.sizes), 0, whole=True)

    def compact(self) -> None:
        if (self.folder / "membership_log").exists():
            DeltaTable(self.folder / "membership_log").optimize.compact()

    def rebuild(self, up_to: int) -> None:
        """Drop all tables, and make them anew up to an epoch."""
        Tables(self.folder).drop_all()
        for seq, size in enumerate(self.sizes[:up_to], start=1):
            self._write(seq, size, whole=True)

    def _write(self, seq: int, size: int, *, whole: bool) -> None:
        tables = Tables(self.folder)
        rows = pa.Table.from_pylist(log_rows(seq, size), schema=SCHEMAS["membership_log"])
        tables.append("membership_log", rows, watermark=seq)
        if whole:
            tables.replace("memberships", SCHEMAS["memberships"].empty_table(), watermark=seq)

    def rows(self) -> list[Row]:
        return [row for seq, size in enumerate(self.sizes, start=1) for row in log_rows(seq, size)]
