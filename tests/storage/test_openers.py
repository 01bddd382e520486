"""From a store's definition to a connection: secrets are looked up, kept to themselves, and missed clearly."""

import sys
from pathlib import Path

import duckdb
import keyring
import pytest
from keyring.backend import KeyringBackend

from kohort.definitions.references import Reference
from kohort.definitions.stores import StoreDefinition
from kohort.errors import KohortError, LockedError, MissingExtraError, ProjectError, UnknownNameError
from kohort.storage.duckdb_file import open_duckdb_file
from kohort.storage.openers import open_store
from kohort.storage.secrets import secret_of


class Memory(KeyringBackend):
    """A keyring that holds one entry."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return "postgresql://there" if (service, username) == ("kohort", "shop") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def test_a_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "postgresql://there")
    assert secret_of(Reference(env="SHOP")) == "postgresql://there"
    monkeypatch.delenv("SHOP")
    with pytest.raises(ProjectError, match="the environment variable SHOP is not set"):
        secret_of(Reference(env="SHOP"))


def test_a_secret_of_the_keyring() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())  # type: ignore[no-untyped-call]  # of keyring's own
    try:
        assert secret_of(Reference(keyring="kohort/shop")) == "postgresql://there"
        with pytest.raises(ProjectError, match="is not there; set it with: keyring set kohort other"):
            secret_of(Reference(keyring="kohort/other"))
    finally:
        keyring.set_keyring(before)


def test_the_extra_of_the_keyring_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[keyring\]"'):
        secret_of(Reference(keyring="kohort/shop"))


def test_a_kind_that_nobody_opens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r'unknown kind of store "postgress".*did you mean "postgres"'):
        open_store(StoreDefinition("there", "postgress", "x"), tmp_path)


@pytest.mark.parametrize(
    "address", ["postgresql://ada:hunter2@127.0.0.1:1/shop", "hunter2", "host=127.0.0.1 port=1 password=hunter2 x"]
)
def test_no_error_repeats_a_secret(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", address)
    with (
        pytest.raises(KohortError) as caught,
        open_store(StoreDefinition("there", "postgres", Reference(env="SHOP")), tmp_path),
    ):
        pass
    assert "hunter2" not in str(caught.value)


def test_a_duckdb_file_is_found_from_the_project(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    with open_store(StoreDefinition("there", "duckdb", "shop.duckdb"), tmp_path) as store:
        with store.alone("kohort"):
            assert store.fetch("SELECT 1 AS one", []).to_pylist() == [{"one": 1}]
            with pytest.raises(LockedError, match="another command"), store.alone("kohort"):
                pass
        with pytest.raises(ProjectError, match="a table changed its shape"):
            store.fetch("SELECT * FROM nowhere", [])


def test_a_file_that_is_no_duckdb_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.duckdb").write_text("not a database, but long enough to be looked at" * 1000)
    with pytest.raises(ProjectError, match="DuckDB"), open_duckdb_file(tmp_path / "shop.duckdb"):
        pass
