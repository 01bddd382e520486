"""Which columns hold so great numbers that 64 bits might not hold a person's sum."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from kohort.engines.columns import Rows

_LARGEST: Final = 2**63 - 1


@dataclass
class Widths:
    """The number of rows of each event, and the greatest magnitude in each of the `watched` columns of events.

    >>> import numpy as np
    >>> from kohort.engines.columns import Column
    >>> widths = Widths({("order", "total")})
    >>> for total in (2**62, 3):
    ...     column = Column(np.array([total]))
    ...     widths.add({"order": Rows(np.zeros(1, np.int32), np.zeros(1, np.int64), {"total": column})})
    ...     print(widths.wide())
    set()
    {('order', 'total')}
    """

    watched: Collection[tuple[str, str]]
    _rows: dict[str, int] = field(default_factory=dict)
    _largest: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, events: Mapping[str, Rows]) -> None:
        """Look at rows."""
        for event, column in self.watched:
            if event in events and column in events[event].columns:
                largest = events[event].columns[column].largest
                self._largest[event, column] = max(self._largest.get((event, column), 0), largest)
        for event in {event for event, _ in self.watched} & events.keys():
            self._rows[event] = self._rows.get(event, 0) + len(events[event].ts)

    def wide(self) -> set[tuple[str, str]]:
        """Return the columns of which all rows together could exceed 64 bits."""
        return {one for one, largest in self._largest.items() if largest * self._rows[one[0]] > _LARGEST}
