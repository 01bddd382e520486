"""The membership log and what derives from it: changes written to the tables, in the order in which readers look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import HOUR, MINUTE, Moment
from kohort.pipeline.membership_parts import memberships_in_parts
from kohort.pipeline.moving import LOG_ROWS_A_RECORD, moved, told_anew
from kohort.pipeline.thinning import thinned_sizes, thinned_updates
from kohort.pipeline.versions import in_force, readable
from kohort.segments.membership import MembershipChange
from kohort.storage.frames import Record
from kohort.storage.records import ChangesSaid, MembershipsKept
from kohort.storage.row_groups import rows_among
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

_MOST_BEHIND: Final = 20_000
"""How many rows of the log `memberships` may lack, or an eighth of its own, before it is written at the next minute."""


def append_log(tables: Tables, changes: Sequence[MembershipChange], record: Record) -> None:
    """Append changes, in their order, to `membership_log`."""
    rows = [
        {**vars(change), "seq": record.seq * LOG_ROWS_A_RECORD + index, "recorded_at": record.recorded_at}
        for index, change in enumerate(changes)
    ]
    tables.append("membership_log", pa.Table.from_pylist(rows, schema=SCHEMAS["membership_log"]), watermark=record.seq)


def changes_of(record: Record) -> ChangesSaid:
    """Return the changes that a record of memberships kept live says."""
    return msgspec.json.decode(record.body, type=MembershipsKept).changes


def log_rows(said: ChangesSaid, record: Record) -> pa.Table:
    """Return rows of `membership_log` that a record says."""
    size, which = len(said.people), pa.array(said.which, pa.int32())
    ways = pa.array(["left", "entered"])
    columns = {
        "seq": pa.array(np.arange(size) + record.seq * LOG_ROWS_A_RECORD),
        "segment": pa.array(said.segments, pa.string()).take(which),
        "version": pa.array(said.versions, pa.int64()).take(which),
        "person_id": pa.array(said.people, pa.string()),
        "change": ways.take(pa.array(said.entered, pa.bool_()).cast(pa.int8())),
        "effective_at": pa.array(said.moments, pa.int64()),
        "recorded_at": pa.array(np.full(size, record.recorded_at)),
        "cause": pa.array(said.causes, pa.string()).take(pa.array(said.why, pa.int32())),
        "corrects": pa.array([said.corrects.get(place) for place in range(size)], pa.int64()),
    }
    return pa.table(columns, schema=SCHEMAS["membership_log"])


def current_memberships(tables: Tables, seq: int | None = None, *, segments: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of `memberships` up to the journal's record `seq`, by default as far as readers may look.

    While memberships are kept up live, the table itself stays behind the log, and is written now and then. With
    `segments` they are the rows of these, without reading those of others.
    """
    up_to = readable(tables) if seq is None else seq
    stored = (
        tables.read("memberships") if segments is None else rows_among(tables, "memberships", {"segment": segments})
    )
    log = log_since(tables, up_to)
    if segments is not None:
        log = log.filter(pc.is_in(log.column("segment"), value_set=pa.array(segments, pa.string())))
    return _moved(tables, stored, log, up_to) if log.num_rows else stored


def log_since(tables: Tables, seq: int | None = None) -> pa.Table:
    """Return the rows of the log, in its order, that the table `memberships` lacks up to the record `seq`."""
    up_to, stands = readable(tables) if seq is None else seq, tables.watermark("memberships")
    if stands >= up_to:
        return SCHEMAS["membership_log"].empty_table()
    log = tables.read_after("membership_log", (stands + 1) * LOG_ROWS_A_RECORD - 1)
    return log.filter(pc.less(log.column("seq"), pa.scalar((up_to + 1) * LOG_ROWS_A_RECORD))).sort_by("seq")


def memberships_now(tables: Tables, person: str) -> pa.Table:
    """Return the rows of one person in `current_memberships`, without reading those of others."""
    # DuckDB, which most who record have no need of.
    from kohort.storage.lookups import rows_with  # noqa: PLC0415

    stored, log = rows_with(tables, "memberships", "person_id", [person]), log_since(tables)
    log = log.filter(pc.equal(log.column("person_id"), person))
    return _moved(tables, stored, log, readable(tables)) if log.num_rows else stored


def _moved(tables: Tables, stored: pa.Table, log: pa.Table, seq: int) -> pa.Table:
    """Return memberships as they are after rows of the log, in its order, up to the record `seq`."""
    rows, keys = moved(stored, log)
    return pa.concat_tables([rows, *(found for found in told_anew(tables, keys, seq) if found is not None)])


def said_of(changes: Sequence[MembershipChange]) -> ChangesSaid:
    """Return changes as the journal holds them."""
    kinds = {(one.segment, one.version): None for one in changes}
    causes = list(dict.fromkeys(str(one.cause) for one in changes))
    places = {kind: place for place, kind in enumerate(kinds)}
    return ChangesSaid(
        [segment for segment, _ in kinds],
        [version for _, version in kinds],
        [places[one.segment, one.version] for one in changes],
        [one.person_id for one in changes],
        [one.change == "entered" for one in changes],
        [one.effective_at for one in changes],
        causes,
        [causes.index(str(one.cause)) for one in changes],
        {place: one.corrects for place, one in enumerate(changes) if one.corrects is not None},
    )


def parts_of(said: ChangesSaid, most: int) -> list[ChangesSaid]:
    """Return changes in parts of at most so many rows; one without rows if there are none."""
    size = len(said.people)
    if size <= most:
        return [said]
    return [
        msgspec.structs.replace(
            said,
            **{
                name: getattr(said, name)[start : start + most]
                for name in ("which", "people", "entered", "moments", "why")
            },
            corrects={row - start: seq for row, seq in said.corrects.items() if start <= row < start + most},
        )
        for start in range(0, size, most)
    ]


@dataclass
class LogSoFar:
    """What is known of the log by whoever writes one record after another: it reads only what is new."""

    _sizes: dict[str, int] = field(default_factory=dict)
    _sized: int = -1
    _behind: int = 0
    _counted: int = -1
    _stood: int = -1
    _before: Moment | None = None
    _newest: Moment | None = None

    def is_hour_over(self, tables: Tables, record: Record) -> bool:
        """Tell whether a record is the first of its hour: then what was said before is thinned."""
        if self._newest is None:
            moments = _before(tables, "membership_updates", record).column("recorded_at")
            self._newest = pc.max(moments).as_py()
        before, self._newest = self._newest, max(record.recorded_at, self._newest or record.recorded_at)
        return before is not None and before // HOUR < record.recorded_at // HOUR

    def sizes(self, tables: Tables, seq: int) -> dict[str, int]:
        """Return the newest size of each segment before the journal's record `seq`."""
        rows = tables.read_after("segment_sizes", self._sized)
        self.take(rows.filter(pc.less(rows.column("seq"), pa.scalar(seq))).sort_by("seq"))
        return self._sizes

    def take(self, sizes: pa.Table) -> None:
        """Take in the sizes that come next, in the order of `seq`."""
        self._sizes |= zip(sizes.column("segment").to_pylist(), sizes.column("size").to_pylist(), strict=True)
        self._sized = max([self._sized, *sizes.column("seq").to_pylist()[-1:]])

    def is_far(self, tables: Tables, record: Record) -> bool:
        """Tell whether `memberships` lacks so much of the log that it is time to write it: once a minute at most.

        That depends on nothing but records up to this one, so that it is the same whenever they are applied.
        """
        stands = tables.watermark("memberships")
        if stands != self._stood:
            self._stood, self._counted, self._behind = stands, stands, 0
        rows = tables.read_after("membership_updates", self._counted)
        rows = rows.filter(pc.less_equal(rows.column("seq"), pa.scalar(record.seq))).sort_by("seq")
        self._behind += pc.sum(rows.column("changes")).as_py() or 0
        self._counted = max([self._counted, *rows.column("seq").to_pylist()[-1:]])
        before = [self._before, *rows.column("recorded_at").to_pylist()[:-1]][-1]
        self._before = record.recorded_at
        is_first = before is not None and before // MINUTE < record.recorded_at // MINUTE
        return is_first and self._behind > _MOST_BEHIND and self._behind > tables.count("memberships") // 8


def log_kept(tables: Tables, record: Record, so_far: LogSoFar) -> None:
    """Write what a record of memberships kept live says; `memberships` now and then, where it lacks much of the log."""
    kept = msgspec.json.decode(record.body, type=MembershipsKept)
    is_over = so_far.is_hour_over(tables, record)
    tables.append("membership_log", log_rows(kept.changes, record), watermark=record.seq)
    sizes = _sizes(tables, kept, record.seq, so_far.sizes(tables, record.seq))
    if is_over:
        tables.replace("segment_sizes", pa.concat_tables([_thinned_sizes(tables, record), sizes]), watermark=record.seq)
    else:
        tables.append("segment_sizes", sizes, watermark=record.seq)
    so_far.take(sizes)
    size = len(kept.changes.people)
    update = {"seq": record.seq, "at": kept.at, "recorded_at": record.recorded_at, "changes": size}
    if kept.statistics is not None:
        epoch = {
            "seq": record.seq,
            "at": record.recorded_at,
            "recorded_at": record.recorded_at,
            "statistics": msgspec.json.encode(kept.statistics).decode(),
        }
        tables.append("epochs", pa.Table.from_pylist([epoch], schema=SCHEMAS["epochs"]), watermark=record.seq)
    rows = pa.Table.from_pylist([update], schema=SCHEMAS["membership_updates"])
    # The commit that counts: readers look as far as this.
    if is_over:
        thinned = _thinned_updates(tables, record)
        tables.replace("membership_updates", pa.concat_tables([thinned, rows]), watermark=record.seq)
    else:
        tables.append("membership_updates", rows, watermark=record.seq)
    if tables.watermark("memberships") < record.seq and so_far.is_far(tables, record):
        tables.replace_in_parts("memberships", memberships_in_parts(tables, record.seq), watermark=record.seq)


def _thinned_sizes(tables: Tables, record: Record) -> pa.Table:
    sizes = _before(tables, "segment_sizes", record)
    return thinned_sizes(sizes, _before(tables, "epochs", record).column("seq").to_numpy(), record.recorded_at)


def _thinned_updates(tables: Tables, record: Record) -> pa.Table:
    named = [_before(tables, name, record).column("seq").to_numpy() for name in ("epochs", "segment_sizes")]
    updates = _before(tables, "membership_updates", record)
    stands = tables.watermark("memberships")
    return thinned_updates(updates, np.concatenate(named), stands, record.recorded_at)


def _before(tables: Tables, name: str, record: Record) -> pa.Table:
    rows = tables.read(name)
    return rows.filter(pc.less(rows.column("seq"), pa.scalar(record.seq)))


def _sizes(tables: Tables, kept: MembershipsKept, seq: int, sizes: Mapping[str, int]) -> pa.Table:
    """Return rows of `segment_sizes` for the segments that somebody entered or left, given the `sizes` before."""
    said = kept.changes
    # Who is taken back leaves by the same row, or enters again.
    which = np.array(said.which, np.int64)
    moved = np.bincount(which, np.where(said.entered, 1, -1), len(said.segments)) if len(which) else np.zeros(0)
    by: Counter[str] = Counter()
    for place in np.unique(which).tolist():
        by[said.segments[place]] += int(moved[place])
    versions = in_force(tables, seq).versions
    rows = [
        {
            "seq": seq,
            "segment": name,
            "version": versions[name],
            "at": kept.at,
            "size": sizes.get(name, 0) + count,
            "population": kept.population,
        }
        for name, count in sorted(by.items())
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["segment_sizes"])
