"""`kohort duplicates` in a project: merges that people's traits propose, and what somebody decides."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kohort.cli.output import Format, err, out, show_rows, write_rows

if TYPE_CHECKING:
    from kohort.pipeline.duplicates.proposals import Proposal, Proposals

_COLUMNS = ["left", "right", "probability", "family", "why"]
_MOST_SHOWN = 20


def show_proposals(project: Path, review: Path | None, form: Format) -> None:
    """Show which people may be one, the surest first, and write the review list."""
    from kohort.project import Project

    found = Project(project).proposals()
    said = "; ".join(f'"{one.column}" is {one.kind}, {one.why}' for one in found.fields)
    err.print(f"compared: {said}", markup=False)
    if review is not None:
        names = [one.column for one in found.fields]
        sides = [f"{side} {name}" for name in names for side in ("left", "right")]
        columns = ["left", "right", "probability", "decision", "why", *sides]
        write_rows(review, columns, _review(found.proposals, names))
    rows = [_row(one) for one in found.proposals]
    show_rows(rows[:_MOST_SHOWN] if form is Format.TABLE else rows, _COLUMNS, form)
    if form is Format.TABLE:
        _tell(found)


def decide_merges(project: Path, file: Path, reason: str, form: Format) -> None:
    """Carry out the decisions of a review list, and show how many of each there were."""
    from kohort.pipeline.duplicates.proposals import read_decisions
    from kohort.project import Project

    done = Project(project).decide_people(read_decisions(file), reason=reason)
    show_rows([done], list(done), form)
    if done["merged"] + done["taken back"]:
        err.print("segments follow with: kohort run", markup=False)


def _tell(found: "Proposals") -> None:
    rest = len(found.proposals) - _MOST_SHOWN
    if rest > 0:
        out.print(f"and {rest:,} more; all of them with --review FILE", markup=False)
    out.print(
        f"{len(found.sure):,} of {len(found.proposals):,} are above {found.threshold:.2f} and no family", markup=False
    )


def _row(one: "Proposal") -> dict[str, object]:
    why = ", ".join(f"{name} {bits:+.1f}" for name, bits in one.weights)
    return {
        "left": one.left, "right": one.right, "probability": round(one.probability, 4), "family": one.kin, "why": why,
    }  # fmt: skip


def _review(proposals: "Iterable[Proposal]", names: list[str]) -> Iterable[list[object]]:
    for one in proposals:
        row = _row(one)
        why = f"family? {row['why']}" if one.kin else row["why"]
        values = [value for name in names for value in one.values[name]]
        yield [one.left, one.right, row["probability"], "", why, *values]
