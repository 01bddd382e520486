"""Reading what quality checks found, and what was rejected."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kohort.collection.batches import InputFinding
from kohort.pipeline.workspace import Workspace
from kohort.storage.frames import Record
from kohort.storage.records import Finding


def current_findings(workspace: Workspace) -> list[Finding]:
    """Return what reading files has found, and what the last quality checks and the last run of each score found."""
    rows = workspace.tables.read("quality_findings").to_pylist()
    steps = {"quality", *(score_step(one.name) for one in workspace.scores)}
    last = {step: max((row["recorded_at"] for row in rows if row["step"] == step), default=None) for step in steps}
    gone = {row["step"] for row in rows if row["step"].startswith(score_step(""))} - steps
    kept = [
        row
        for row in rows
        if row["step"] not in gone and last.get(row["step"], row["recorded_at"]) == row["recorded_at"]
    ]
    return [Finding(**{name: row[name] for name in Finding.__struct_fields__}) for row in kept]


def score_step(name: str) -> str:
    """Return the step that computes a score, by which its findings are known."""
    return f"score {name}"


def lost_finding(record: Record, remains: str) -> Finding:
    """Return that records of the journal are lost; `remains` says where what is left of them is kept.

    >>> lost_finding(Record(8, 0, "lost", b"2"), "it is gone").subject
    'records 7 to 8'
    """
    span = f"{record.first:,} to {record.seq:,}" if record.lost > 1 else f"{record.seq:,}"
    detail = (
        f"the journal was damaged, and its records {span} are lost: what was sent around that time is not in the "
        f"tables; send it again; {remains}"
    )
    return Finding("journal damaged", "", f"records {span}", "error", record.lost, None, detail)


def open_dead_letters(workspace: Workspace) -> pa.Table:
    """Return the dead letters that no replay has taken in yet."""
    letters = workspace.tables.read("dead_letters")
    return letters.filter(pc.is_null(letters.column("replayed_at")))


def finding_of(warning: InputFinding, rows: int) -> Finding:
    """Return what reading has found, as the journal keeps it; `rows` is how many were read."""
    file = Path(warning.file).name
    return Finding(
        check=warning.check,
        source=warning.source,
        subject=f"{file}: {warning.field}" if warning.field else file,
        severity="warning",
        count=warning.count,
        share=warning.count / rows if rows else None,
        detail=f"{warning.count:,} {warning.message}",
    )
