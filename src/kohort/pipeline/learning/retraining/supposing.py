"""A project as it would be with other scores: read like any, and never written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kohort.clock import Moment
from kohort.pipeline.columns import Names, score_rows
from kohort.pipeline.learning.retraining.model_kind import Scores
from kohort.pipeline.scoring import everybody
from kohort.pipeline.workspace import Workspace
from kohort.storage.folder import ProjectFolder
from kohort.storage.records import ScoreRun
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


@contextmanager
def supposing(workspace: Workspace, score: str, scores: Scores, at: Moment) -> Iterator[Workspace]:
    """Open the project as if these scores had been recorded now, as of `at`; nothing of it outlives the context.

    The rows are those that the journal's record would make. They wait in memory to be written, and never are; what
    engines map from files stands in a folder of its own, which is deleted.
    """
    table, types = scores
    tables = Tables(workspace.folder.tables, workspace.tables.duckdb)
    tables.holding = True
    seq = 1 + max(tables.watermark(name) for name in SCHEMAS)
    run = ScoreRun(score, at, "", {name: str(kind) for name, kind in types.items()})
    now = workspace.clock.now()
    value_id = f"score:{seq:020d}"
    rows = score_rows(everybody(workspace, table), run, recorded_at=now, value_id=value_id, types=types)
    tables.append("trait_values", rows, watermark=seq)
    names = Names.of(tables.read("names"))
    for name, kind in types.items():
        names.trait(name, kind)
    if names.fresh:
        tables.replace("names", names.rows(), watermark=seq)
    with TemporaryDirectory(prefix="kohort-") as scratch:
        folder = ProjectFolder(workspace.folder.path)
        folder.mapped = Path(scratch)
        yield replace(workspace, folder=folder, tables=tables)
