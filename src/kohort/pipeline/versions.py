"""Which versions of the segments are in force, and what the epochs recorded: as of the last whole commit.

An epoch writes `memberships` last, and whoever keeps memberships up live `membership_updates`, so the journal record up
to which these tables have been brought says how far readers may look in the others: an interrupted switch shows the
state before it, never half of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from kohort.storage.tables import Tables

Periods = Mapping[str, tuple[date, date]]


@dataclass(frozen=True)
class InForce:
    """The segments in force: canonical sentences in English, versions, and the campaign periods that they rely on.

    `seq` is the journal record that put them in force, 0 if none has ever been.
    """

    seq: int = 0
    sentences: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    periods: Periods = field(default_factory=dict)


def readable(tables: Tables) -> int:
    """Return the journal's record up to which readers may look in the tables that epochs write."""
    return max(tables.watermark("memberships"), tables.watermark("membership_updates"))


def readable_on_disk(tables: Tables) -> int:
    """Return `readable` as others see it, who do not know what waits to be written."""
    return max(tables.watermark_on_disk("memberships"), tables.watermark_on_disk("membership_updates"))


def in_force(tables: Tables, up_to: int | None = None) -> InForce:
    """Return what is in force after the journal's record `up_to`, by default after the last whole epoch."""
    limit = readable(tables) if up_to is None else up_to
    log = tables.read("segment_versions")
    log = log.filter(pc.less_equal(log.column("seq"), pa.scalar(limit)))
    if not log.num_rows:
        return InForce()
    seq: int = pc.max(log.column("seq")).as_py()
    rows = log.filter(pc.equal(log.column("seq"), pa.scalar(seq))).sort_by("segment").to_pylist()
    active = [row for row in rows if row["active"]]
    return InForce(
        seq,
        {row["segment"]: row["sentence"] for row in active},
        {row["segment"]: row["version"] for row in active},
        msgspec.json.decode(rows[0]["periods"], type=dict[str, tuple[date, date]]),
    )


def newest_versions(tables: Tables) -> dict[str, tuple[int, str]]:
    """Return the newest version of every segment that ever was in force, with its sentence."""
    rows = tables.read("segment_versions").sort_by([("version", "ascending"), ("seq", "ascending")]).to_pylist()
    return {row["segment"]: (row["version"], row["sentence"]) for row in rows}


def recorded(tables: Tables, name: str) -> pa.Table:
    """Return the rows of `epochs`, `segment_sizes` or another table by epoch, up to the last whole one."""
    rows = tables.read(name)
    return rows.filter(pc.less_equal(rows.column("seq"), pa.scalar(readable(tables))))
