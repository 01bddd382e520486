"""The table `memberships` made in parts, none of which takes long, however many people moved since it was written.

People are dealt into buckets by their ids, so that what the log tells of a person is in the bucket of what is stored of
them. One bucket after another is brought up, and last all rows are put together, segment by segment.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.pipeline.moving import LOG_ROWS_A_RECORD, moved, told_anew
from kohort.segments.log import Key
from kohort.storage.parquet_files import in_order
from kohort.storage.row_groups import Part, parts_of
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.text_index import numbers_of

_A_BUCKET: Final = 2**15
"""About how many rows are brought up at once."""
_A_PART: Final = 2**16
"""How many rows are put together at once."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_NOTHING: Final = SCHEMAS["memberships"].empty_table()


def memberships_in_parts(tables: Tables, seq: int) -> Iterator[pa.Table]:
    """Return the rows of `current_memberships(tables, seq)`, in parts, in the order in which they are written.

    What there is to read is found at once, and read when the parts are asked for, a little between two of them: for
    some that is all, and they have no rows.
    """
    first, end = ((one + 1) * LOG_ROWS_A_RECORD for one in (tables.watermark("memberships"), seq))
    log = parts_of(tables, "membership_log", after=first - 1)
    return _in_parts(tables, parts_of(tables, "memberships"), log, pa.scalar(first), pa.scalar(end))


def _in_parts(
    tables: Tables, stored: list[Part], log: list[Part], first: pa.Scalar, end: pa.Scalar
) -> Iterator[pa.Table]:
    buckets = 1 + sum(part.rows for part in (*stored, *log)) // _A_BUCKET
    dealt: list[tuple[list[pa.Table], list[pa.Table]]] = [([], []) for _ in range(buckets)]
    for part in stored:
        for number, its in _deal(part.read(), buckets):
            dealt[number][0].append(its)
        yield _NOTHING
    for part in log:
        rows = part.read()
        seq = rows.column("seq")
        rows = rows.filter(pc.and_(pc.greater_equal(seq, first), pc.less(seq, end)))
        for number, its in _deal(rows, buckets):
            dealt[number][1].append(its)
        yield _NOTHING
    done, anew = list[pa.Table](), list[Key]()
    for its, told in dealt:
        rows, keys = _brought_up(its, told)
        its.clear()
        told.clear()
        anew += keys
        done.append(rows)
        yield _NOTHING
    for found in told_anew(tables, anew, end.as_py() // LOG_ROWS_A_RECORD - 1):
        if found is None:
            yield _NOTHING
        else:
            done.append(in_order("memberships", found))
    yield from _together(done)


def _deal(rows: pa.Table, buckets: int) -> Iterator[tuple[int, pa.Table]]:
    """Yield the rows of each bucket, in their order."""
    if not rows.num_rows:
        return
    people = rows.column("person_id").combine_chunks()
    hashed = (numbers_of(people) * _GOLDEN) >> np.uint64(32)
    numbers = (hashed % np.uint64(buckets)).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    dealt, edges = rows.take(pa.array(order)), np.searchsorted(numbers[order], np.arange(buckets + 1)).tolist()
    for number in range(buckets):
        if edges[number] < edges[number + 1]:
            yield number, dealt.slice(edges[number], edges[number + 1] - edges[number])


def _brought_up(stored: list[pa.Table], log: list[pa.Table]) -> tuple[pa.Table, list[Key]]:
    """Return memberships after rows of the log, in order, and whose are not among them, but to be told anew."""
    before = pa.concat_tables(stored) if stored else _NOTHING
    if not log:
        return in_order("memberships", before), []
    rows, keys = moved(before, pa.concat_tables(log).sort_by("seq"))
    return in_order("memberships", rows), keys


def _together(sorted_: list[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of tables, each of which is in order, in order, so many at a time."""
    runs = [_runs(rows) for rows in sorted_]
    waiting, size = list[pa.Table](), 0
    for key in sorted({key for its in runs for key in its}):
        for rows, its in zip(sorted_, runs, strict=True):
            first, end = its.get(key, (0, 0))
            while first < end:
                taken = min(end - first, _A_PART - size)
                waiting.append(rows.slice(first, taken))
                first, size = first + taken, size + taken
                if size == _A_PART:
                    yield pa.concat_tables(waiting)
                    waiting, size = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _runs(rows: pa.Table) -> dict[tuple[str, bool], tuple[int, int]]:
    """Return from where to where the open and the ended memberships of each segment stand in rows that are in order."""
    if not rows.num_rows:
        return {}
    coded = rows.column("segment").combine_chunks().dictionary_encode()
    has_left = rows.column("left_at").is_valid().to_numpy()
    keys: NDArray[np.int64] = 2 * coded.indices.to_numpy().astype(np.int64) + has_left
    firsts = np.flatnonzero(np.append([True], keys[1:] != keys[:-1])).tolist()
    names = coded.dictionary.to_pylist()
    return {
        (names[int(keys[first]) // 2], bool(keys[first] & 1)): (first, end)
        for first, end in zip(firsts, [*firsts[1:], len(keys)], strict=True)
    }
