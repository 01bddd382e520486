"""Rows of the membership log of one segment, read from its files without reading the whole."""

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.storage.row_groups import rows_among
from kohort.storage.tables import Tables

COLUMNS = ("seq", "person_id", "change", "effective_at", "cause", "corrects")
_LATEST = 2**63 - 1


def changes_after(tables: Tables, segment: str, after: Moment, up_to: int) -> pa.Table:
    """Return who entered and left a segment after a moment, by rows up to the place `up_to`, in the order of the log.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     changes_after(Tables(Path(folder)), "vip", 0, 10).num_rows
    0
    """
    late = ("effective_at", (after + 1, _LATEST))
    rows = rows_among(tables, "membership_log", {"segment": [segment]}, columns=COLUMNS, within=late)
    wanted = pc.and_(
        pc.greater(rows.column("effective_at"), pa.scalar(after)), pc.less_equal(rows.column("seq"), pa.scalar(up_to))
    )
    return rows.filter(wanted).sort_by("seq")
