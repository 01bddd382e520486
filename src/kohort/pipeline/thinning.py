"""What is said at each step while memberships are kept up live, thinned once it is past: else tables only ever grow.

The rule: of what has been said of an hour that is over the last row stays, of each segment; of a day that was over a
month ago the last row of the day, both in UTC. What an epoch said stays. So the size of a segment at the end of each
hour, and later of each day, is what it was.
"""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import DAY, HOUR, Moment

HOURS_FOR: Final = 31 * DAY
"""For how long each hour is told apart."""

Numbers = NDArray[np.int64]


def thinned_sizes(sizes: pa.Table, epochs: Numbers, now: Moment) -> pa.Table:
    """Return the rows of `segment_sizes` that stay at a moment, in the order of `seq`; `epochs` are numbers of records.

    >>> names = ("seq", "segment", "version", "at", "size", "population")
    >>> rows = [(n, "vip", 1, n * HOUR // 2, n, 9) for n in range(5)]
    >>> its = pa.table(dict(zip(names, map(list, zip(*rows)))))
    >>> thinned_sizes(its, np.array([2]), now=2 * HOUR).column("seq").to_pylist()
    [1, 2, 3, 4]
    """
    sizes = sizes.sort_by("seq")
    seq, at = (sizes.column(name).to_numpy() for name in ("seq", "at"))
    names = sizes.column("segment").combine_chunks().dictionary_encode().indices.to_numpy()
    return sizes.filter(pa.array(_is_last(names.astype(np.int64), _spans(at, now)) | np.isin(seq, epochs)))


def thinned_updates(updates: pa.Table, named: Numbers, stands: int, now: Moment) -> pa.Table:
    """Return the rows of `membership_updates` that stay at a moment, each with the changes of those before it that go.

    `named` are records of which other tables tell. Up to the record `stands` the changes are in `memberships`: they are
    not counted together with others.

    >>> its = pa.table({"seq": [1, 2, 3], "at": [1, 2, 3], "recorded_at": [1, 2, 3], "changes": [5, 7, 1]})
    >>> thinned_updates(its, np.array([], np.int64), stands=0, now=HOUR).to_pylist()
    [{'seq': 3, 'at': 3, 'recorded_at': 3, 'changes': 13}]
    """
    updates = updates.sort_by("seq")
    seq, moments, changes = (updates.column(name).to_numpy() for name in ("seq", "recorded_at", "changes"))
    stays = _is_last((seq > stands).astype(np.int64), _spans(moments, now)) | np.isin(seq, named)
    ends = np.flatnonzero(stays)
    sums = np.diff(np.concatenate([[0], np.cumsum(changes)[ends]]))
    place = updates.schema.get_field_index("changes")
    kept = updates.filter(pa.array(stays))
    return kept.set_column(place, updates.schema.field("changes"), pa.array(sums, pa.int64()))


def _spans(moments: Numbers, now: Moment) -> Numbers:
    """Return a number for the hour or day of which each moment tells; each of the present hour has its own."""
    hours = moments // HOUR
    days = -1 - moments // DAY
    spans = np.where(moments // DAY * DAY + DAY <= now - HOURS_FOR, days, hours)
    own = np.iinfo(np.int64).max - np.arange(len(moments))
    found: Numbers = np.where(hours >= now // HOUR, own, spans)
    return found


def _is_last(whose: Numbers, spans: Numbers) -> NDArray[np.bool_]:
    """Return which rows, in order, are the last of their span, of those of the same."""
    keys = np.stack([whose[::-1], spans[::-1]], axis=1)
    _, firsts = np.unique(keys, axis=0, return_index=True)
    last = np.zeros(len(whose), np.bool_)
    last[len(whose) - 1 - firsts] = True
    return last
