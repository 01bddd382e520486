"""The state store: its rights, its versions, and what it says when the disk or another process is in the way."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kohort.errors import CorruptionError, LockedError, ProjectError, StorageError
from kohort.storage import state as module
from kohort.storage.state import KEYS, METADATA, MIGRATIONS, State

ROW = {"kind": "write", "digest": b"", "name": "web", "origins": [], "scopes": [], "created_at": 0}


def ids(state: State) -> list[str]:
    with state.reading() as connection:
        return list(connection.scalars(sa.select(KEYS.c.key_id).order_by(KEYS.c.key_id)))


def test_nobody_else_may_read_it_even_after_a_careless_copy(tmp_path: Path) -> None:
    path = tmp_path / "data" / "state.sqlite"
    assert ids(State(path)) == []
    path.chmod(0o644)
    with State(path).writing() as connection:
        connection.execute(KEYS.insert().values(key_id="one", **ROW))
        files = list(path.parent.iterdir())
        assert len(files) == 3, "beside it the write-ahead log and its index"
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_what_fails_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")

    def insert(*names: str) -> None:
        with state.writing() as connection:
            for name in names:
                connection.execute(KEYS.insert().values(key_id=name, **ROW))

    with pytest.raises(StorageError, match="UNIQUE"):
        insert("one", "one")
    assert ids(state) == []


def test_the_migrations_together_give_the_declared_shape(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    with state.reading() as connection:
        found = sa.MetaData()
        found.reflect(connection)
    assert {name: [column.name for column in table.columns] for name, table in found.tables.items()} == {
        name: [column.name for column in table.columns] for name, table in METADATA.tables.items()
    }


def test_an_older_file_is_brought_forward_and_a_newer_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with State(path).writing() as connection:
        connection.execute(KEYS.insert().values(key_id="one", **ROW))

    def second(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE keys ADD COLUMN colour TEXT DEFAULT 'red'"))

    newer = State(path, (*MIGRATIONS, second))
    for _ in range(2):
        with newer.reading() as connection:
            assert connection.execute(sa.text("SELECT key_id, colour FROM keys")).all() == [("one", "red")]
    with pytest.raises(ProjectError, match="install a newer Kohort"):
        ids(State(path))


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    assert ids(State(path)) == []

    def broken(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE keys ADD COLUMN colour TEXT"))
        connection.execute(sa.text("ALTER TABLE nowhere ADD COLUMN colour TEXT"))

    with pytest.raises(StorageError, match="nowhere"):
        ids(State(path, (*MIGRATIONS, broken)))
    with State(path).reading() as connection:
        assert "colour" not in {column["name"] for column in sa.inspect(connection).get_columns("keys")}


def test_a_deleted_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    state = State(path)
    assert ids(state) == []
    path.unlink()
    assert ids(state) == []


def test_what_is_no_state_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"a letter to a friend, and nothing else " * 100)
    with pytest.raises(CorruptionError, match="restore it from a backup"):
        ids(State(path))
    assert path.read_bytes().startswith(b"a letter to a friend")


def test_readers_do_not_wait_and_a_second_writer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT", 0.05)
    path = tmp_path / "state.sqlite"
    assert ids(State(path)) == []
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    state = State(path)
    with pytest.raises(LockedError, match="try again"), state.writing():
        pass
    assert ids(State(path)) == []
    other.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not open"):
        ids(State(tmp_path / "file" / "state.sqlite"))


def test_processes_that_begin_at_once_all_keep_their_rows(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kohort.storage.state import KEYS, State\n"
        "state = State(Path(sys.argv[1]))\n"
        "for number in range(5):\n"
        "    with state.writing() as connection:\n"
        "        connection.execute(KEYS.insert().values(key_id=f'{sys.argv[2]}-{number}', kind='write', digest=b'',\n"
        "            name='', origins=[], scopes=[], created_at=0))\n"
    )
    path = tmp_path / "state.sqlite"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), str(number)]) for number in range(4)]
    assert [one.wait() for one in running] == [0] * 4
    assert len(ids(State(path))) == 20
