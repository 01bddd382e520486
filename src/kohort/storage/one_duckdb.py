"""One DuckDB for all who read a folder: to open one takes longer than most answers, a connection to it nothing."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


class OneDuckDB:
    """A DuckDB in memory that reads `folder`, opened when somebody first asks, and closed with the last who holds it.

    Each connection is for one who reads: what it makes must be temporary, is seen by it alone, and goes with it. They
    share one limit of memory. Threads may ask at once.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one = OneDuckDB(Path(folder))
    ...     with one.connect() as mine, one.connect() as other:
    ...         _ = mine.execute("CREATE TEMPORARY TABLE people AS SELECT 'ada' AS person_id")
    ...         _ = other.execute("CREATE TEMPORARY TABLE people AS SELECT 'bob' AS person_id")
    ...         mine.execute("FROM people").fetchall(), other.execute("FROM people").fetchall()
    ([('ada',)], [('bob',)])
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[str, duckdb.DuckDBPyConnection] = {}
        self._opening = Lock()

    def connect(self, *, memory: str = "4GB") -> "duckdb.DuckDBPyConnection":
        """Return a new connection, to one DuckDB for each limit of `memory` ("4GB"); see `open_duckdb`."""
        # A quarter of a second that whoever only looks at what is mapped need not pay.
        from kohort.storage.connections import open_duckdb  # noqa: PLC0415

        with self._opening:
            if memory not in self._opened:
                self._opened[memory] = open_duckdb(folders=[self._folder], memory=memory)
            return self._opened[memory].cursor()
