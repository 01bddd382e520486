"""What rows of the membership log make of memberships, and whose cannot be told from these rows alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.pipeline.versions import readable
from kohort.segments.log import Key, Logged, intervals, net_changes
from kohort.storage.row_groups import parts_of
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

LOG_ROWS_A_RECORD: Final = 1_000_000
"""The log's sequence number is the journal's times this, plus the row's place in the record."""

_KEY: Final = "\0"


def moved(stored: pa.Table, log: pa.Table) -> tuple[pa.Table, list[Key]]:
    """Return memberships as they are after rows of the log, in its order, and whose are to be told anew besides."""
    order = pc.sort_indices(log.append_column("key", _keys(log)), [("key", "ascending"), ("effective_at", "ascending")])
    log = log.take(order)
    told = _Told.of(_keys(log), _keys(stored))
    mended = _mended(stored, log, told)
    keys = told.keys.filter(pa.array(mended)).to_pylist()
    if keys:
        untold, plain = ~np.append(mended, [False])[told.whose], ~mended[told.numbers]
        stored, log = stored.filter(pa.array(untold)), log.filter(pa.array(plain))
        told = _Told(told.keys, told.numbers[plain], told.firsts[plain], told.whose[untold])
    pairs = (one.split(_KEY, 1) for one in keys)
    rows = pa.concat_tables([_closed(stored, log, told), _entered(log, told.firsts)])
    return rows, [(segment, person) for segment, person in pairs]


def told_anew(tables: Tables, whose: Sequence[Key], seq: int) -> Iterator[pa.Table | None]:
    """Yield the memberships that the log, up to the record `seq`, tells of; before that None, after each part of it."""
    parts = list[pa.Table]()
    for part in _parts_of_log(tables, whose, seq):
        parts.append(part)
        yield None
    counted = _counted(parts)
    rows = [vars(one) for key in sorted(whose) for one in intervals(counted.get(key, ()))]
    yield pa.Table.from_pylist(rows, schema=SCHEMAS["memberships"])


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows.column("segment"), rows.column("person_id"), _KEY)


class _Told(NamedTuple):
    """Of whom in which segment the log tells: its distinct `keys`, and the `numbers` of these.

    `numbers` has that of each row of the log, which stands in order, `firsts` whether a row is the first of its key,
    and `whose` the number of each stored membership, -1 where nothing is told of it. So texts are compared once.
    """

    keys: pa.Array
    numbers: NDArray[np.int32]
    firsts: NDArray[np.bool_]
    whose: NDArray[np.int32]

    @staticmethod
    def of(keys: pa.ChunkedArray, stored: pa.ChunkedArray) -> "_Told":
        """Return what the keys of a log, in order, and those of what is stored tell."""
        coded = keys.combine_chunks().dictionary_encode()
        numbers = coded.indices.to_numpy()
        firsts = np.append([True], numbers[1:] != numbers[:-1])[: len(numbers)]
        whose = pc.fill_null(pc.index_in(stored, value_set=coded.dictionary), -1).to_numpy()
        return _Told(coded.dictionary, numbers, firsts, whose)


def _mended(stored: pa.Table, log: pa.Table, told: _Told) -> NDArray[np.bool_]:
    """Return whose memberships do not just go on: a row takes another back, or stands before what is stored."""
    ends = pc.coalesce(stored.column("left_at"), stored.column("entered_at")).to_numpy()
    latest, known = np.full(len(told.keys), np.iinfo(np.int64).min), told.whose >= 0
    np.maximum.at(latest, told.whose[known], ends[known])
    odd = log.column("effective_at").to_numpy() < latest[told.numbers]
    odd |= log.column("corrects").is_valid().to_numpy()
    mended = np.zeros(len(told.keys), np.bool_)
    mended[told.numbers[odd]] = True
    return mended


def _closed(stored: pa.Table, log: pa.Table, told: _Told) -> pa.Table:
    """Return stored memberships; who leaves first of all that the log tells of them has left."""
    leaves = told.firsts & ~_enters(log)
    # The last place is that of those of whom nothing is told.
    moments, has_left = np.zeros(len(told.keys) + 1, np.int64), np.zeros(len(told.keys) + 1, np.bool_)
    moments[told.numbers[leaves]] = log.column("effective_at").to_numpy()[leaves]
    has_left[told.numbers[leaves]] = True
    left = pa.array(moments[told.whose], mask=~has_left[told.whose])
    ends = pc.coalesce(stored.column("left_at"), left)
    return stored.set_column(stored.schema.get_field_index("left_at"), "left_at", ends)


def _entered(log: pa.Table, firsts: NDArray[np.bool_]) -> pa.Table:
    """Return a membership for each row by which somebody enters, up to the row of theirs that follows."""
    enters = _enters(log)
    goes_on = np.append(~firsts[1:], [False])[: len(firsts)]
    moments = log.column("effective_at").to_numpy()
    ends = pa.array(np.append(moments[1:], [0])[: len(moments)], mask=~goes_on)
    columns = [log.column(name) for name in ("segment", "version", "person_id", "effective_at")]
    return pa.table([*columns, ends], schema=SCHEMAS["memberships"]).filter(pa.array(enters))


def _enters(log: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(pc.equal(log.column("change"), "entered").to_numpy(), np.bool_)


def logged_of(tables: Tables, whose: Iterable[Key], seq: int | None = None) -> Mapping[Key, Sequence[Logged]]:
    """Return the rows that count of some people in some segments, in the log up to the journal's record `seq`."""
    parts = list(_parts_of_log(tables, list(whose), readable(tables) if seq is None else seq))
    return _counted(parts)


def _counted(parts: Sequence[pa.Table]) -> Mapping[Key, Sequence[Logged]]:
    return net_changes(pa.concat_tables(parts).sort_by("seq").to_pylist()) if parts else {}


def _parts_of_log(tables: Tables, whose: Sequence[Key], seq: int) -> Iterator[pa.Table]:
    """Yield the rows of some people in some segments, of one part of the log after another, up to the record `seq`."""
    keys = pa.array([_KEY.join(one) for one in whose], pa.string())
    wanted = {"segment": sorted({segment for segment, _ in whose})}
    for part in parts_of(tables, "membership_log", wanted=wanted) if whose else ():
        log = part.read()
        its = pc.less(log.column("seq"), pa.scalar((seq + 1) * LOG_ROWS_A_RECORD))
        yield log.filter(pc.and_(pc.is_in(_keys(log), value_set=keys), its))


def last_of_record(seq: int) -> int:
    """Return the last place in the membership log that belongs to a journal record.

    >>> last_of_record(2)
    2999999
    """
    return (seq + 1) * LOG_ROWS_A_RECORD - 1
