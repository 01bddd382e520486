"""One DuckDB: whoever reads has a connection of their own, to one that is opened once and reads nothing else."""

import threading
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from kohort.storage import connections
from kohort.storage.one_duckdb import OneDuckDB


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> Mock:
    counting = Mock(wraps=connections.open_duckdb)
    monkeypatch.setattr(connections, "open_duckdb", counting)
    return counting


def test_it_is_opened_once_however_many_threads_ask(tmp_path: Path, openings: Mock) -> None:
    one, found = OneDuckDB(tmp_path), list[duckdb.DuckDBPyConnection]()
    assert openings.call_count == 0
    threads = [threading.Thread(target=lambda: found.append(one.connect())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), openings.call_count) == (4, 1)
    one.connect(memory="1GB")
    assert openings.call_count == 2


def test_every_connection_is_locked_down_as_the_first(tmp_path: Path) -> None:
    connection, asked = OneDuckDB(tmp_path / "tables").connect(memory="1GB"), "SELECT current_setting('{}')"
    settings = ("TimeZone", "enable_external_access", "lock_configuration", "python_enable_replacements")
    assert [connection.execute(asked.format(one)).fetchone() for one in settings] == [
        ("UTC",), (False,), (True,), (False,)
    ]  # fmt: skip
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(duckdb.PermissionException):
        connection.execute(f"FROM read_csv('{tmp_path}/other.csv')")


def test_what_a_connection_made_goes_with_it(tmp_path: Path) -> None:
    one = OneDuckDB(tmp_path)
    with one.connect() as first:
        first.execute("CREATE TEMPORARY TABLE held AS FROM range(1000000)")
    left = one.connect().execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()
    assert left == [(0,)]
