"""Rows that take the place of others in a table, beside its files, until these are written whole.

A table of people has a row for each, and a step changes a few of them. Delta Lake can only write files anew, so what
changes stands in files of our own, in a folder that readers of Delta Lake do not look at: for each id, all the rows
that it has since. A file tells after which journal record it begins and up to which it goes. It counts once the table's
own commit has come so far, and no longer once the table was written whole as of a later record.

As with sorted runs, files of about one size become one, so that there are few.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.errors import StorageError
from kohort.storage.whole import writing_whole

FOLDER: Final = "_amended"
STANDS: Final = "stands"
"""Which rows are rows; the others say of an id that it has none, or that it has those that come with it."""
_SUFFIX: Final = ".parquet"


class Span(NamedTuple):
    """A file of what changed after one journal record, up to another."""

    after: int
    up_to: int
    path: Path


class Amendment(NamedTuple):
    """Whose rows are others, and those rows, of which some ids may have none."""

    whose: pa.Array
    rows: pa.Table

    def over(self, before: pa.Table, column: str) -> pa.Table:
        """Return the rows of a table with these in place of those of the same ids."""
        others = pc.invert(pc.is_in(before.column(column), value_set=self.whose))
        return pa.concat_tables([before.filter(others), self.rows])

    def emptied(self, column: str) -> pa.Array:
        """Return the ids that have no rows any more."""
        ids = self.rows.column(column).combine_chunks()
        return self.whose.filter(pc.invert(pc.is_in(self.whose, value_set=ids)))

    def after(self, before: Self, column: str) -> "Amendment":
        """Return what this comes to after another one.

        >>> one = Amendment(pa.array(["a", "b"]), pa.table({"id": ["a", "b"], "n": [1, 1]}))
        >>> other = Amendment(pa.array(["b", "c"]), pa.table({"id": ["c"], "n": [2]}))
        >>> both = other.after(one, "id")
        >>> both.whose.to_pylist(), both.rows.to_pylist()
        (['a', 'b', 'c'], [{'id': 'a', 'n': 1}, {'id': 'c', 'n': 2}])
        """
        whose = pc.unique(pa.concat_arrays([before.whose, self.whose]))
        return Amendment(whose, self.over(before.rows, column))


class Amendments:
    """What amends the table in `folder`, whose rows are told apart by the texts of `column`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     its = Amendments(Path(folder), "id", pa.schema([("id", pa.string()), ("n", pa.int64())]))
    ...     its.write(Amendment(pa.array(["a"]), pa.table({"id": ["a"], "n": [1]})), after=3, up_to=5)
    ...     [(one.after, one.up_to) for one in its.spans(0, 5)], its.spans(5, 9)
    ...     its.joined(its.spans(0, 5)).rows.to_pylist()
    ([(3, 5)], [])
    [{'id': 'a', 'n': 1}]
    """

    def __init__(self, folder: Path, column: str, schema: pa.Schema) -> None:
        self._folder, self._column, self._schema = folder / FOLDER, column, schema

    def spans(self, whole: int, watermark: int) -> list[Span]:
        """Return the files that count, in order, of a table at `watermark` that was last whole as of `whole`."""
        found: list[Span] = []
        for one in sorted(self._all(), key=lambda one: (one.after, -one.up_to)):
            place = found[-1].up_to if found else whole
            if one.after >= place and one.up_to <= watermark:
                found.append(one)
        return found

    def after(self, since: int, watermark: int) -> tuple[list[Span], float]:
        """Return the files of what changed after a record and up to another, the later last, and when any was written.

        Those that do not count any more are among them as long as they are kept.
        """
        its = [(one, one.path.stat().st_mtime) for one in self._all()]
        found = sorted(
            (one for one, _ in its if since < one.up_to <= watermark), key=lambda one: (one.up_to, -one.after)
        )
        return found, max((moment for _, moment in its), default=0.0)

    def joined(self, spans: Sequence[Span]) -> Amendment:
        """Return what files come to, of which there is one at least, in order."""
        found = self._read(spans[0])
        for span in spans[1:]:
            found = self._read(span).after(found, self._column)
        return found

    def write(self, amendment: Amendment, *, after: int, up_to: int, whole: int = 0) -> None:
        """Write what changed; it counts once the table's commit has come up to there. Raises StorageError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for one in self._all():
                if one.up_to > after:
                    one.path.unlink()  # of a write that was interrupted
            joined = self.spans(whole, after)
            while joined and _count(joined[-1]) < 2 * amendment.rows.num_rows:
                last = joined.pop()
                amendment, after = amendment.after(self._read(last), self._column), last.after
            self._put(amendment, f"{after:016d}-{up_to:016d}{_SUFFIX}")
        except OSError as error:
            raise StorageError(
                f"could not write to {self._folder}: {error.strerror}; nothing of this is kept; "
                "free some space and run the command again"
            ) from error

    def drop(self, whole: int, seconds: float) -> None:
        """Delete files that have not counted for so many seconds, by the times of the files themselves."""
        its = [(one, one.path.stat().st_mtime) for one in self._all()]
        newest = max((moment for _, moment in its), default=0.0)
        for one, moment in its:
            if one.up_to <= whole and moment < newest - seconds:
                one.path.unlink()

    def _put(self, amendment: Amendment, name: str) -> None:
        rows = amendment.rows.append_column(STANDS, pa.array([True] * amendment.rows.num_rows, pa.bool_()))
        gone = amendment.emptied(self._column)
        nothing = {one.name: pa.nulls(len(gone), one.type) for one in self._schema}
        marks = pa.table({**nothing, self._column: gone, STANDS: pa.array([False] * len(gone), pa.bool_())})
        with writing_whole(self._folder / name, forced=True) as file:
            pq.write_table(pa.concat_tables([rows, marks.cast(rows.schema)]), file)

    def _read(self, span: Span) -> Amendment:
        read = pq.ParquetFile(span.path).read()
        rows = read.filter(read.column(STANDS)).select(self._schema.names).cast(self._schema)
        return Amendment(pc.unique(read.column(self._column)), rows)

    def _all(self) -> Iterator[Span]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - asked many times a second
        except FileNotFoundError:
            return
        for name in names:
            if name.endswith(_SUFFIX):
                after, _, up_to = name.removesuffix(_SUFFIX).partition("-")
                yield Span(int(after), int(up_to), self._folder / name)


def _count(span: Span) -> int:
    count: int = pq.ParquetFile(span.path).metadata.num_rows
    return count
