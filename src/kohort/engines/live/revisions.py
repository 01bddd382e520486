"""The course of some people's memberships, told anew in the order of time: what corrections are made of."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kohort.engines.columns import Block, History
from kohort.engines.live.archive import Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.design import Design
from kohort.engines.live.epochs import Epochs
from kohort.engines.live.upkeep import Upkeep
from kohort.engines.timelines.courses import Stretch


def courses(design: Design, blocks: Sequence[Block], epochs: Epochs, stretch: Stretch) -> Changes:
    """Return when people enter and leave each rule within a stretch, under the statistics of each epoch.

    `blocks` are their whole histories; people are numbered through them.

    >>> from kohort.engines.columns import Rows
    >>> from kohort.engines.live.epochs import Epoch
    >>> from kohort.engines.plan import build_plan
    >>> from kohort.engines.statistics import Statistics
    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(events={"visit": {}})
    >>> plan = build_plan({"new": parse_rule("did visit in last 5 seconds")}, catalog)
    >>> visit = Rows(np.zeros(1, np.int32), np.array([3_000_000]))
    >>> blocks = [Block(np.array([0]), {"visit": visit}, {}), Block(np.array([0]), {}, {})]
    >>> epochs = Epochs([Epoch(0, Statistics())], plan, Statistics())
    >>> design = Design.of(plan, catalog, Statistics(), at=0)
    >>> [(one.person, one.moment) for one in courses(design, blocks, epochs, Stretch(0, 9_000_000))]
    [(0, 3000000), (0, 8000000)]
    """
    history = History(pa.nulls(sum(block.size for block in blocks), pa.string()), blocks)
    (first, statistics), *others = epochs.between(stretch.since, stretch.until)
    upkeep = Upkeep(design, Archive(history), statistics, stretch.since)
    if not others:
        return upkeep.tell(Arrivals(), first.until)
    parts = []
    for part, its in others:
        told = upkeep.tell(Arrivals(), part.since)
        of_then = told.of(slice(int(np.searchsorted(told.moments, part.since)), None))
        parts += [told, upkeep.pin(its).undoing(of_then)]
    return Changes.joined([*parts, upkeep.tell(Arrivals(), stretch.until)]).standing()
