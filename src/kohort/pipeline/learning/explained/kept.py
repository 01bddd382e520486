"""What a run of a prediction read of people, kept beside what it wrote, so that what was scored is what is explained.

The arrays are mapped from files under `data/mapped/scored`, of the newest run of each score; they are made anew, from
the history as it is known, wherever they are not there. So they can be deleted, as all that is mapped.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.values import MICRO
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.plain import PlainModel
from kohort.pipeline.learning.explained.opened import OpenedModel, ScoringRun, run_by
from kohort.pipeline.mapped.layout import folder_of
from kohort.pipeline.workspace import Workspace
from kohort.storage.immutable import fetch
from kohort.storage.mapped import SCORED, MappedFolder, drop_others
from kohort.storage.records import ScoreRun

Run = ScoringRun | ScoreRun
"""A run, as it is recorded or as it is found again."""


@dataclass(frozen=True, eq=False)
class ScoredPeople:
    """People of a run by id, the chance and the band that were written of each, and the features that a model read.

    `chances` is float64 of shape (people,), `values` of shape (people, names), NaN where nothing was known.
    """

    people: pa.Array
    chances: np.ndarray
    bands: pa.Array
    names: tuple[str, ...]
    values: np.ndarray
    texts: Mapping[str, pa.Array]

    def __len__(self) -> int:
        return len(self.people)

    def place_of(self, actors: Sequence[str]) -> int | None:
        """Return the row of the first of some ids that was scored, None where none was."""
        for actor in actors:
            place = bisect_left(range(len(self.people)), actor, key=lambda row: self.people[row].as_py())
            if place < len(self.people) and self.people[place].as_py() == actor:
                return place
        return None

    def table(self, rows: Sequence[int] | np.ndarray) -> FeatureTable:
        """Return the features of these rows."""
        chosen = np.asarray(rows, dtype=np.int64)
        places = pa.array(chosen)
        texts = {name: tuple(column.take(places).to_pylist()) for name, column in self.texts.items()}
        people = tuple(self.people.take(places).to_pylist())
        return FeatureTable(people, self.names, np.array(self.values[chosen]), texts)


def scored_of(workspace: Workspace, run: Run, model: PlainModel, table: FeatureTable) -> ScoredPeople:
    """Return the people of a run, of whom `table` holds the features that `model` reads.

    Raises CorruptionError if the file is gone.
    """
    content, written = fetch(workspace.folder.scores, run.file), ["person_id", run.score, f"{run.score}_band"]
    columns = pq.read_table(BytesIO(content), columns=written)
    rows = pc.index_in(columns.column("person_id"), value_set=pa.array(table.person_ids, pa.string()))
    inside = pc.and_(columns.column(run.score).is_valid(), rows.is_valid())
    columns, places = columns.filter(inside), rows.filter(inside).to_numpy()
    names = tuple(name for name in model.features if name in table.names)
    numbers = [table.column(name)[places] for name in names]
    return ScoredPeople(
        columns.column("person_id").combine_chunks(),
        columns.column(run.score).to_numpy() / MICRO,
        columns.column(f"{run.score}_band").combine_chunks(),
        names,
        np.column_stack(numbers) if numbers else np.empty((len(places), 0)),
        {name: _texts(table.text(name), places) for name in model.features if name in table.texts},
    )


def keep_scored(workspace: Workspace, run: Run, version: str, found: ScoredPeople) -> None:
    """Keep the people of a run by the model `version`; those of earlier runs go. StorageError if the disk refuses."""
    folder = _folder(workspace, run, version)
    told = {f"text-{place}": column for place, column in enumerate(found.texts.values())}
    MappedFolder.write(
        folder,
        {"chances": found.chances, "values": found.values},
        {
            "people": found.people,
            "bands": found.bands,
            "names": pa.array(found.names, pa.string()),
            "texts": pa.array(list(found.texts), pa.string()),
            **told,
        },
    )
    drop_others(folder.parent, folder.name)


def scored_people(
    workspace: Workspace, definition: PredictionDefinition, run: ScoringRun, model: OpenedModel
) -> ScoredPeople:
    """Return the people of a run with what the model read of them.

    Where that was not kept it is read anew, from the history as it is known now, and kept if no run is newer.
    """
    folder = _folder(workspace, run, model.version)
    if folder.is_dir():
        return _mapped(folder)
    # What reads the history anew loads all that learns, which nobody needs who reads what was kept.
    from kohort.pipeline.learning.prediction_features import read_by  # noqa: PLC0415

    found = scored_of(workspace, run, model.plain, read_by(workspace, definition, model.plain, run.at))
    if run == run_by(workspace, run.score):
        keep_scored(workspace, run, model.version, found)
    return found


@lru_cache(maxsize=16)
def _mapped(folder: Path) -> ScoredPeople:
    held = MappedFolder(folder)
    texts = held.texts("texts").to_pylist()
    return ScoredPeople(
        held.texts("people"),
        held.array("chances"),
        held.texts("bands"),
        tuple(held.texts("names").to_pylist()),
        held.array("values"),
        {name: held.texts(f"text-{place}") for place, name in enumerate(texts)},
    )


def _folder(workspace: Workspace, run: Run, version: str) -> Path:
    """Return where a run's people are kept: another moment or another model may find the same, of other features."""
    name = blake2b(f"{run.file} {run.at} {version}".encode(), digest_size=16).hexdigest()
    return workspace.folder.mapped / SCORED / folder_of(run.score) / name


def _texts(column: Sequence[str | None], places: np.ndarray) -> pa.Array:
    return pa.array([column[place] for place in places.tolist()], pa.string())
