"""From a store's definition to a connection: one opener a kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

from kohort.definitions.references import Reference
from kohort.definitions.stores import StoreDefinition
from kohort.errors import ProjectError, UnknownNameError
from kohort.storage.secrets import secret_of


class OpenStore(Protocol):
    """A connection that rules run on and results land on: what the SQL engine is handed, and `alone`."""

    @property
    def dialect(self) -> str:
        """The name of its dialect."""

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Show all statements inside one state of the data; undo what they made if an error leaves it."""

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Keep every other run that would write the results called `name` out; raises LockedError if one is there."""


Opener = Callable[[str, Mapping[str, str], Path], AbstractContextManager[OpenStore]]
"""Connects to the store at an address, with settings of its own, and closes it in the end.

A relative path starts in the folder, the project's.
"""


@contextmanager
def _postgres(address: str, settings: Mapping[str, str], folder: Path) -> Iterator[OpenStore]:  # noqa: ARG001 - a server stands in no folder
    from kohort.storage.postgres import open_postgres  # noqa: PLC0415 - only who uses a store loads its driver

    _refuse("postgres", settings, "its settings are part of the address")
    with open_postgres(address) as store:
        yield store


@contextmanager
def _duckdb(address: str, settings: Mapping[str, str], folder: Path) -> Iterator[OpenStore]:
    from kohort.storage.duckdb_file import open_duckdb_file  # noqa: PLC0415 - as above

    _refuse("duckdb", settings, "it has none")
    with open_duckdb_file(folder / address) as store:
        yield store


@contextmanager
def _spark(address: str, settings: Mapping[str, str], folder: Path) -> Iterator[OpenStore]:
    from kohort.storage.spark import lasting, open_spark  # noqa: PLC0415 - as above

    with open_spark(address, lasting(settings, folder)) as store:
        yield store


def _refuse(kind: str, settings: Mapping[str, str], why: str) -> None:
    if settings:
        raise ProjectError(f"a store of kind {kind} takes no settings: {why}; take them out of kohort.yaml")


OPENERS: Final[Mapping[str, Opener]] = {"duckdb": _duckdb, "postgres": _postgres, "spark": _spark}
"""What connects to each kind of store that `kohort.yaml` can name."""


def open_store(definition: StoreDefinition, folder: Path) -> AbstractContextManager[OpenStore]:
    """Connect to a store that the project in `folder` names.

    Raises UnknownNameError for a kind that has no opener, ProjectError for a secret that is not there, and what the
    opener raises.
    """
    if definition.kind not in OPENERS:
        raise UnknownNameError("kind of store", definition.kind, OPENERS, where=f'the store "{definition.name}"')
    settings = {name: _known(value) for name, value in definition.settings.items()}
    return OPENERS[definition.kind](_known(definition.address), settings, folder)


def _known(value: Reference | str) -> str:
    return secret_of(value) if isinstance(value, Reference) else value
