"""Which columns hold so great numbers that 64 bits might not hold a person's sum."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kohort.engines.columns import Column, Rows

_LARGEST: Final = 2**63 - 1
_NOTHING = np.zeros(1, np.int64)


@dataclass
class Widths:
    """The number of rows of each event, and the greatest magnitude in each of the `watched` columns of events.

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
        columns = {
            (event, name): column
            for event, name in self.watched
            if event in events and (column := events[event].columns.get(name)) is not None
        }
        if not self._holds(columns):
            for one, column in columns.items():
                self._largest[one] = max(self._largest.get(one, 0), column.largest)
        for event in {event for event, _ in self.watched} & events.keys():
            self._rows[event] = self._rows.get(event, 0) + len(events[event].ts)

    def _holds(self, columns: Mapping[tuple[str, str], Column]) -> bool:
        """Return whether no number, of all columns together, is greater than the least of what is known of each."""
        known = min((self._largest.get(one, 0) for one in columns), default=0)
        values = np.concatenate([_NOTHING, *[column.values for column in columns.values()]])
        return -known <= int(values.min()) and int(values.max()) <= known

    def wide(self) -> set[tuple[str, str]]:
        """Return the columns of which all rows together could exceed 64 bits."""
        return {one for one, largest in self._largest.items() if largest * self._rows[one[0]] > _LARGEST}
