"""Rows that are still to be written to a table: what a process that alone writes holds back, to write much at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa


@dataclass
class _Batch:
    rows: pa.Table
    watermark: int
    told: bool = False


class Commit(NamedTuple):
    """Rows to write at once, the watermark that the table has then, and whether they were told."""

    rows: pa.Table
    watermark: int
    told: bool


@dataclass
class Held:
    """What is to be written to one table, in order; `replaces`: in place of all that it has.

    >>> held = Held()
    >>> held.add(pa.table({"n": [1]}), watermark=3)
    >>> held.tell()
    >>> held.add(pa.table({"n": [2]}), watermark=4)
    >>> [(one.rows.num_rows, one.watermark, one.told) for one in held.commits()], len(held.untold())
    ([(1, 3, True), (1, 4, False)], 1)
    """

    replaces: bool = False
    _batches: list[_Batch] = field(default_factory=list)

    def add(self, rows: pa.Table, watermark: int) -> None:
        """Hold rows that are to be appended."""
        self._batches.append(_Batch(rows, watermark))

    def replace(self, rows: pa.Table, watermark: int) -> None:
        """Hold rows that are to take the place of all."""
        self.replaces, self._batches = True, [_Batch(rows, watermark)]

    @property
    def watermark(self) -> int:
        """The watermark that the table has once all is written."""
        return self._batches[-1].watermark

    @property
    def rows(self) -> list[pa.Table]:
        """All rows, in parts."""
        return [one.rows for one in self._batches]

    def tell(self) -> None:
        """Remember that whoever follows the table was told of all rows so far."""
        for one in self._batches:
            one.told = True

    def is_told(self) -> bool:
        """Tell whether anybody was told of any of the rows."""
        return any(one.told for one in self._batches)

    def untold(self) -> list[pa.Table]:
        """Return the rows of which nobody was told yet, in parts."""
        return [one.rows for one in self._batches if not one.told]

    def commits(self) -> Iterator[Commit]:
        """Yield what is to be written; what was told stands apart from what was not, so that its files are known."""
        for told, its in groupby(self._batches, lambda one: one.told and not self.replaces):
            batches = list(its)
            rows = pa.concat_tables([one.rows for one in batches], promote_options="default")
            yield Commit(rows, batches[-1].watermark, told)
