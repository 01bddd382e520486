"""How much features bring to many people, as plain values that are kept and read where nothing is explained."""

from dataclasses import dataclass

from kohort.stats.intervals import Interval

Group = tuple[str, ...]
"""Features that are read as one: a text and its levels, or features that say the same."""


@dataclass(frozen=True)
class Weight:
    """How much a group of features brings: a mean over people, of sizes if `absolute`, with its 95 % interval."""

    group: Group
    brought: Interval
    absolute: bool = False
