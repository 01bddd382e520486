"""What filling and judging the values of traits have in common: what was told, and the file that is written."""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, UnknownNameError
from kohort.pipeline.facts import traits_at
from kohort.pipeline.findings import score_step
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import Finding, FindingsRecorded

_MARK = "#mark"


class FileTable:
    """The file of a score in the making: a column of people, traits with their types, and marks of their values."""

    def __init__(self, people: pa.ChunkedArray) -> None:
        self._columns: dict[str, pa.Array | pa.ChunkedArray] = {"person_id": people}
        self.types: dict[str, ValueType] = {}
        self.marks: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._columns["person_id"])

    def add(self, trait: str, kind: ValueType, values: pa.Array, marks: pa.Array | None = None) -> None:
        """Add a trait; `marks` says of each value how it was made, null where it was told."""
        self._columns[trait], self.types[trait] = values, kind
        if marks is not None:
            self.marks[trait] = f"{trait}{_MARK}"
            self._columns[self.marks[trait]] = marks

    def table(self) -> pa.Table:
        """Return the file's content."""
        return pa.table(self._columns)


def told_traits(
    workspace: Workspace, score: str, names: Sequence[str], at: Moment, kinds: Collection[ValueType]
) -> tuple[pa.Table, list[ValueType]]:
    """Return people's traits as of `at`, as `facts.traits_at` does, and their types.

    Raises UnknownNameError for a trait that nobody has shown, DefinitionError for one whose type is none of `kinds`.
    """
    catalog = workspace.catalog({})
    where = f'score "{score}"'
    for name in names:
        if name not in catalog.traits:
            raise UnknownNameError("trait", name, catalog.traits, where=where)
        if catalog.traits[name] not in kinds:
            expected = " or ".join(kinds)
            raise DefinitionError(f"{where}: the trait {name} should be a {expected} and is a {catalog.traits[name]}")
    types = [catalog.traits[name] for name in names]
    with workspace.views(catalog) as views:
        return traits_at(views, list(zip(names, types, strict=True)), at=at), types


def numbers_of(table: pa.Table, places: Iterable[int]) -> np.ndarray:
    """Return traits that are numbers, by their places, as float64 of shape (people, traits); NaN where missing."""
    columns = [table.column(place + 1).cast(pa.float64(), safe=False).to_numpy() / MICRO for place in places]
    found: np.ndarray = np.column_stack(columns)
    return found


def record_repairs(workspace: Workspace, score: str, file: FileTable, findings: Sequence[Finding], at: Moment) -> None:
    """Keep what a score wrote and found, in the journal."""
    record_scores(workspace, score, file.table(), file.types, at, file.marks)
    body = msgspec.json.encode(FindingsRecorded(score_step(score), list(findings)))
    workspace.journal.append("findings", [body], recorded_at=workspace.clock.now())
