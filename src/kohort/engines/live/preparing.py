"""Compiling the loops of the live engine before they are needed: most of a minute, once on a machine."""

import numpy as np
import pyarrow as pa

from kohort.clock import SECOND
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import Block, Column, History, Rows
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.engine import LiveEngine
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule

_RULES = (
    "did visit in last 5 seconds",
    "count of visit in last 1 day >= 2",
    "sum of order.total in last 1 day > 5",
    "did visit in last 1 day then not order within 10 seconds",
)


def prepare_loops() -> None:
    """Keep two people right for a moment, so that what numba compiles for it is in the cache, and in this process.

    >>> prepare_loops()
    """
    catalog = Catalog(events={"visit": {}, "order": {"total": {ValueType.NUMBER: "total"}}})
    rules = {sentence: read_rule(sentence, catalog) for sentence in _RULES}
    people = History(pa.array(["ada", "ben"]), [Block(np.zeros(2, np.int64), {}, {})])
    live = LiveEngine(people, catalog, rules, at=0)
    for moment in (30, 20, 90):  # in order, late, and far enough on for deadlines
        ts = np.array([moment * SECOND], np.int64)
        total = {"total": Column(np.array([9 * MICRO], np.int64))}
        told = {"visit": Rows(np.zeros(1, np.int32), ts), "order": Rows(np.ones(1, np.int32), ts, total)}
        live.tell(Arrivals(told), now=max(moment, 40) * SECOND)
    live.tell(Arrivals(), now=300 * SECOND)
