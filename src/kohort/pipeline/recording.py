"""The membership log and what derives from it: changes written to the tables, in the order in which readers look."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.pipeline.versions import in_force, readable
from kohort.segments.log import Key, Logged, intervals, net_changes
from kohort.segments.membership import Membership, MembershipChange, apply_changes
from kohort.storage.frames import Record
from kohort.storage.records import ChangeSaid, MembershipsKept
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

LOG_ROWS_A_RECORD: Final = 1_000_000
"""The log's sequence number is the journal's times this, plus the row's place in the record."""

_MOST_BEHIND: Final = 20_000
"""How many rows of the log `memberships` may lack, or an eighth of its own, before it is written."""

_KEY: Final = "\0"


def append_log(tables: Tables, changes: Sequence[MembershipChange], record: Record) -> None:
    """Append changes, in their order, to `membership_log`."""
    rows = [
        {**vars(change), "seq": record.seq * LOG_ROWS_A_RECORD + index, "recorded_at": record.recorded_at}
        for index, change in enumerate(changes)
    ]
    tables.append("membership_log", pa.Table.from_pylist(rows, schema=SCHEMAS["membership_log"]), watermark=record.seq)


def current_memberships(tables: Tables, seq: int | None = None) -> pa.Table:
    """Return the rows of `memberships` up to the journal's record `seq`, by default as far as readers may look.

    While memberships are kept up live, the table itself stays behind the log, and is written now and then.
    """
    up_to = readable(tables) if seq is None else seq
    stored, stands = tables.read("memberships"), tables.watermark("memberships")
    if stands >= up_to:
        return stored
    log = tables.read_after("membership_log", (stands + 1) * LOG_ROWS_A_RECORD - 1)
    log = log.filter(pc.less(log.column("seq"), pa.scalar((up_to + 1) * LOG_ROWS_A_RECORD))).sort_by("seq")
    if not log.num_rows:
        return stored
    names = ("segment", "version", "person_id", "change", "effective_at", "cause", "corrects")
    columns = (log.column(name).to_pylist() for name in names)
    return _moved(tables, stored, [MembershipChange(*row) for row in zip(*columns, strict=True)], up_to)


def _moved(tables: Tables, stored: pa.Table, changes: Sequence[MembershipChange], seq: int) -> pa.Table:
    moved = {(one.segment, one.person_id) for one in changes}
    keys = pc.binary_join_element_wise(stored.column("segment"), stored.column("person_id"), _KEY)
    theirs = pc.is_in(keys, value_set=pa.array([_KEY.join(one) for one in moved], pa.string()))
    before = [Membership(**row) for row in stored.filter(theirs).to_pylist()]
    mended = _mended(before, changes)
    after = apply_changes(
        [one for one in before if (one.segment, one.person_id) not in mended],
        [one for one in changes if (one.segment, one.person_id) not in mended],
    )
    after += _anew(tables, mended, seq)
    rows = pa.Table.from_pylist([vars(one) for one in after], schema=SCHEMAS["memberships"])
    return pa.concat_tables([stored.filter(pc.invert(theirs)), rows])


def _mended(before: Iterable[Membership], changes: Iterable[MembershipChange]) -> set[Key]:
    """Return whose memberships do not just go on: a row takes another back, or stands before others."""
    latest: dict[Key, Moment] = {}
    for one in before:
        key = (one.segment, one.person_id)
        latest[key] = max(latest.get(key, one.entered_at), one.entered_at, one.left_at or one.entered_at)
    mended = set()
    for change in changes:
        key = (change.segment, change.person_id)
        if change.corrects is not None or change.effective_at < latest.get(key, change.effective_at):
            mended.add(key)
        latest[key] = max(change.effective_at, latest.get(key, change.effective_at))
    return mended


def _anew(tables: Tables, whose: set[Key], seq: int) -> list[Membership]:
    """Return the memberships that the log, up to the record `seq`, tells of."""
    counted = logged_of(tables, whose, seq)
    return [one for key in sorted(whose) for one in intervals(counted.get(key, ()))]


def logged_of(tables: Tables, whose: Iterable[Key], seq: int | None = None) -> Mapping[Key, Sequence[Logged]]:
    """Return the rows that count of some people in some segments, in the log up to the journal's record `seq`."""
    whose = list(whose)
    if not whose:
        return {}
    seq = readable(tables) if seq is None else seq
    log = tables.read("membership_log")
    keys = pc.binary_join_element_wise(log.column("segment"), log.column("person_id"), _KEY)
    its = pc.and_(
        pc.is_in(keys, value_set=pa.array([_KEY.join(one) for one in whose], pa.string())),
        pc.less(log.column("seq"), pa.scalar((seq + 1) * LOG_ROWS_A_RECORD)),
    )
    return net_changes(log.filter(its).sort_by("seq").to_pylist())


def said_of(changes: Iterable[MembershipChange]) -> list[ChangeSaid]:
    """Return changes as the journal holds them."""
    return [
        ChangeSaid(one.segment, one.version, one.person_id, one.change, one.effective_at, str(one.cause), one.corrects)
        for one in changes
    ]


def log_kept(tables: Tables, record: Record) -> None:
    """Write what a record of memberships kept live says; `memberships` only where much of the log is not in it."""
    kept = msgspec.json.decode(record.body, type=MembershipsKept)
    changes = [MembershipChange(*msgspec.structs.astuple(one)) for one in kept.changes]
    append_log(tables, changes, record)
    tables.append("segment_sizes", _sizes(tables, changes, kept, record.seq), watermark=record.seq)
    update = {"seq": record.seq, "at": kept.at, "recorded_at": record.recorded_at, "changes": len(changes)}
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
    tables.append("membership_updates", rows, watermark=record.seq)
    stands = tables.watermark("memberships")
    behind = pc.sum(tables.read_after("membership_updates", stands).column("changes")).as_py() or 0
    if stands < record.seq and behind > max(_MOST_BEHIND, tables.count("memberships") // 8):
        tables.replace("memberships", current_memberships(tables, record.seq), watermark=record.seq)


def _sizes(tables: Tables, changes: Sequence[MembershipChange], kept: MembershipsKept, seq: int) -> pa.Table:
    """Return rows of `segment_sizes` for the segments that somebody entered or left."""
    moved = Counter({one.segment: 0 for one in changes})
    for one in changes:
        # Who is taken back leaves by the same row, or enters again.
        moved[one.segment] += 1 if one.change == "entered" else -1
    stored = tables.read("segment_sizes")
    before = stored.filter(pc.less(stored.column("seq"), pa.scalar(seq))).sort_by("seq")
    sizes = dict(zip(before.column("segment").to_pylist(), before.column("size").to_pylist(), strict=True))
    versions = in_force(tables, seq).versions
    rows = [
        {
            "seq": seq,
            "segment": name,
            "version": versions[name],
            "at": kept.at,
            "size": sizes.get(name, 0) + by,
            "population": kept.population,
        }
        for name, by in sorted(moved.items())
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["segment_sizes"])
