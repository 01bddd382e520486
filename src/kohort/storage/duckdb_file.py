"""A DuckDB file as a store of the SQL engine: the quick way to run rules where the data are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from kohort.errors import LockedError, ProjectError
from kohort.storage.lock import write_lock
from kohort.storage.stores import DuckStore


class DuckFileStore(DuckStore):
    """A DuckDB file that rules run in and results land in; see `open_duckdb_file`.

    What DuckDB refuses raises ProjectError, a change that another run made meanwhile LockedError.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        super().__init__(connection)
        self._path = path

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        with _told():
            super().run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        with _told():
            return super().fetch(text, values)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:  # noqa: ARG002 - a file has one writer
        """Keep every other run that would write results out, whatever their `name`; raises LockedError for one."""
        with write_lock(self._path.with_name(f"{self._path.name}.lock")):
            yield


@contextmanager
def open_duckdb_file(path: Path) -> Iterator[DuckFileStore]:
    """Open a DuckDB file and close it in the end; it loads no extension.

    Raises ProjectError for a file that is missing or no DuckDB file, LockedError if another process writes to it.

    >>> with open_duckdb_file(Path("nowhere.duckdb")):
    ...     pass
    Traceback (most recent call last):
    ...
    kohort.errors.ProjectError: there is no DuckDB file nowhere.duckdb; say in kohort.yaml where it is
    """
    if not path.is_file():
        raise ProjectError(f"there is no DuckDB file {path}; say in kohort.yaml where it is")
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }
    with _told():
        connection = duckdb.connect(str(path), config=settings)
    with connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        yield DuckFileStore(connection, path)


@contextmanager
def _told() -> Iterator[None]:
    """Say in Kohort's errors what DuckDB refused, and what to do about it."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise ProjectError(
            f"DuckDB has not what the project expects: {_first_line(error)}; a table changed its shape, or the "
            "mapping names another"
        ) from error
    except duckdb.TransactionException as error:
        raise LockedError(f"another run changed the same rows: {_first_line(error)}; try again") from error
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise LockedError(f"another process has the DuckDB file open: {_first_line(error)}; try again") from error
        raise ProjectError(f"DuckDB could not read or write: {_first_line(error)}") from error
    except duckdb.Error as error:
        raise ProjectError(f"DuckDB refused: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
