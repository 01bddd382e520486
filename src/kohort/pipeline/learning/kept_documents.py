"""What an analysis found, as an immutable document that a record of the journal speaks of, and the newest of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from kohort.clock import Moment
from kohort.pipeline.workspace import Workspace
from kohort.storage.frames import RecordKind
from kohort.storage.immutable import fetch

Document = TypeVar("Document")
BY_MAKING: Final = ("seq",)
"""The newest is what was made last."""
BY_MOMENT: Final = ("at", "seq")
"""The newest is what speaks of the latest moment, of several of one moment what was made last."""


def keep_document(
    workspace: Workspace, kind: RecordKind, document: object, record: Callable[[str], msgspec.Struct]
) -> None:
    """Keep `document`, and append to the journal the `record` of this kind that speaks of its file; StorageError."""
    file = workspace.keep_file("models", msgspec.json.encode(document), ".json")
    workspace.journal.append(kind, [msgspec.json.encode(record(file))], recorded_at=workspace.clock.now())


def kept_rows(
    workspace: Workspace,
    table: str,
    named: Mapping[str, object],
    *,
    newest: Sequence[str] = BY_MAKING,
    until: Moment | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a table of documents whose columns are as `named`, of moments up to `until`, newest last."""
    rows = [
        row
        for row in workspace.tables.read(table).to_pylist()
        if all(row[column] == value for column, value in named.items()) and (until is None or row["at"] <= until)
    ]
    return sorted(rows, key=lambda row: tuple(row[column] for column in newest))


def read_document(workspace: Workspace, file: str, shape: type[Document]) -> Document:
    """Return a document that was kept; raises StorageError for a file that is missing or not what it was."""
    return msgspec.json.decode(fetch(workspace.folder.models, file), type=shape)


def latest_document(
    workspace: Workspace, table: str, shape: type[Document], named: Mapping[str, object]
) -> Document | None:
    """Return the document made last whose row is as `named`, None before the first."""
    rows = kept_rows(workspace, table, named)
    return read_document(workspace, rows[-1]["file"], shape) if rows else None
