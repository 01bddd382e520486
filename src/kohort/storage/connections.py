"""Opening DuckDB: in memory, locked down, able to read only the files it is given."""

from collections.abc import Sequence
from pathlib import Path

import duckdb


def open_duckdb(
    *,
    folders: Sequence[Path] = (),
    files: Sequence[Path] = (),
    memory: str = "4GB",
    threads: int = 2,
    time_zone: str = "UTC",
    spill: bool = True,
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that reads only `folders` and `files`, loads no extension and keeps its settings.

    `memory` is the most it may use ("4GB"); `threads` the most processor threads; `time_zone` that of its calendar;
    without `spill`, a statement that needs more than `memory` fails instead of using the disk. Statements may be
    hostile in their values only, never in their text (DuckDB lets one write in the folders that it may read): this
    is the second line of defence. People's own statements pass `kohort.storage.statements.relations_read` first.

    >>> open_duckdb().execute("SELECT 1").fetchone()
    (1,)
    """
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": memory,
            # Else a table that is not there is looked up among the variables of this program.
            "python_enable_replacements": "false",
            "threads": threads,
        }
    )
    if folders:
        connection.execute("SET allowed_directories = $1", [[f"{folder.resolve()}/" for folder in folders]])
    if files:
        connection.execute("SET allowed_paths = $1", [[str(file.resolve()) for file in files]])
    connection.execute("SET enable_progress_bar = false")
    # Of every connection to it, and not of this one alone.
    connection.execute("SET GLOBAL TimeZone = $1", [time_zone])
    if not spill:
        connection.execute("SET temp_directory = ''")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
