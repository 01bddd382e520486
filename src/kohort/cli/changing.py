"""Plans of changes, tests and histories, as tables, or as JSON or CSV."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kohort.cli.output import Format, err, out, show_rows
from kohort.clock import Moment
from kohort.errors import CheckError, StorageError, UsageError
from kohort.pipeline.segments.applying import check_plan
from kohort.pipeline.segments.history import VersionRow
from kohort.segments.change_plan import ChangePlan, ModelChange
from kohort.segments.changes import Kind
from kohort.segments.expectations import State, Verdict

if TYPE_CHECKING:
    from kohort.project import Project

_COLUMNS = ("segment", "change", "version", "before", "after", "entering", "leaving", "downstream")
Spoken = Callable[[str], str]


def show_plan(plan: ChangePlan, form: Format, spoken: Spoken) -> None:
    """Show what would change, and what speaks against it; `spoken` says a canonical sentence in the project's words."""
    if form is Format.JSON:
        sys.stdout.write(written(plan).decode() + "\n")
        return
    rows: list[dict[str, object]] = [
        {
            "segment": one.segment,
            "change": " ".join((one.kind.value, *one.through)),
            "version": one.version,
            "before": one.size_before,
            "after": one.size_after,
            "entering": one.entering,
            "leaving": one.leaving,
            "downstream": " ".join(one.downstream),
        }
        for one in plan.changes
    ]
    if form is Format.CSV:
        show_rows(rows, _COLUMNS, form)
        return
    if plan.model is not None:
        _show_model(plan.model)
    if plan.changes:
        show_rows(rows, _COLUMNS, form)
    for one in plan.changes:
        _show_details(one.segment, one.before, one.after, one.kind, spoken)
        for way, count, sample in (
            ("enter", one.entering, one.entering_sample),
            ("leave", one.leaving, one.leaving_sample),
        ):
            if count:
                out.print(f"  would {way}: {_few(sample, count)}", markup=False)
    for name, reason in plan.left_out.items():
        out.print(f"left out: {name} {reason}", markup=False)
    for guard in plan.broken:
        out.print(
            f"{'STOP' if guard.stops else 'warning'}: {guard.guard} of {guard.segment}: {guard.words}", markup=False
        )
    _show_failed(plan.verdicts)
    out.print(_conclusion(plan), markup=False)


def written(plan: ChangePlan) -> bytes:
    """Return a plan as JSON, as `kohort apply FILE` reads it."""
    return msgspec.json.encode(plan)


def read_plan(path: Path) -> ChangePlan:
    """Read a plan that `kohort plan --out` wrote; raises UsageError if the file is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ChangePlan)
    except OSError as error:
        raise UsageError(
            f"could not read the plan {path}: {error.strerror}; make one with: kohort plan --out"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no plan of this Kohort ({error}); make one with: kohort plan --out {path}"
        ) from error


def keep_plan(plan: ChangePlan, path: Path) -> None:
    """Write a plan to a file; raises StorageError if the disk refuses."""
    try:
        path.write_bytes(written(plan))
    except OSError as error:
        raise StorageError(f"could not write the plan to {path}: {error.strerror}") from error
    err.print(f"kept in {path}; apply exactly this with: kohort apply {path}", markup=False)


def apply_shown(
    project: "Project", plan: ChangePlan, *, sure: bool, despite: Sequence[str] = (), reason: str = ""
) -> None:
    """Show a plan, ask unless `sure`, and apply it; raises CheckError if the answer is no."""
    show_plan(plan, Format.TABLE, project.spoken)
    if not plan.changes and plan.model is None:
        return
    check_plan(plan, despite, reason)
    if not sure:
        err.print("apply this? type yes: ", end="", markup=False)
        if sys.stdin.readline().strip() != "yes":
            raise CheckError("nothing was applied; answer yes, or give --yes where nobody can be asked")
    project.apply(plan, despite=despite, reason=reason)
    back = "kohort rollback" if plan.model is None else f"kohort models rollback {plan.model.score}"
    out.print(f"in force as of {project.show_moment(plan.at)}; to go back: {back}", markup=False)


def show_verdicts(found: Sequence[Verdict], form: Format) -> None:
    """Show every test with what became of it; raises CheckError if one failed."""
    columns = ["segment", "test", "state", "found"]
    rows = [{"segment": one.segment, "test": one.test, "state": one.state.value, "found": one.found} for one in found]
    show_rows(rows, columns, form)
    failed = sum(one.state is State.FAILED for one in found)
    if failed:
        raise CheckError(f"{failed} of {len(found)} tests failed")
    if not found:
        err.print("no segment has tests; add them under `tests` in segments/", markup=False)


def show_history(found: Sequence[VersionRow], form: Format, show_moment: Callable[[Moment | None], str]) -> None:
    """Show a segment's versions, the oldest first: a table of figures, then each rule with who moved because of it."""
    rows: list[dict[str, object]] = [
        {
            "version": one.version,
            "in_force": one.in_force if form is not Format.TABLE else "yes" if one.in_force else "",
            "at": show_moment(one.at),
            "applied_at": show_moment(one.applied_at),
            "cause": one.cause,
            "size": one.size,
            "entered": one.entered,
            "left": one.left,
            "where": one.sentence or "(removed)",
            "who_entered": _people(one.entered_sample, form),
            "who_left": _people(one.left_sample, form),
            "despite": _people(one.despite, form),
            "reason": one.reason,
        }
        for one in found
    ]
    if form is not Format.TABLE:
        show_rows(rows, list(rows[0]), form)
        return
    show_rows(rows, ["version", "in_force", "at", "cause", "size", "entered", "left"], form)
    for one in found:
        out.print(f"{one.version}: {one.sentence or '(removed)'}", markup=False)
        for way, count, sample in (
            ("entered", one.entered, one.entered_sample),
            ("left", one.left, one.left_sample),
        ):
            if sample:
                out.print(f"   {way}: {_few(sample, count)}", markup=False)
        if one.despite:
            out.print(f"   despite {', '.join(one.despite)}: {one.reason}", markup=False)


def _few(sample: Sequence[str], count: int) -> str:
    more = f" and {count - len(sample):,} more" if count > len(sample) else ""
    return ", ".join(sample) + more


def _people(sample: Sequence[str], form: Format) -> object:
    return list(sample) if form is Format.JSON else " ".join(sample)


def _show_details(segment: str, before: str | None, after: str | None, kind: Kind, spoken: Spoken) -> None:
    out.print(f"{segment}:", markup=False)
    if kind is Kind.THROUGH and after is not None:
        out.print(f"    {spoken(after)}", markup=False)
        return
    for sign, sentence in (("-", before), ("+", after)):
        if sentence is not None:
            out.print(f"  {sign} {spoken(sentence)}", markup=False)


def _show_failed(verdicts: Sequence[Verdict]) -> None:
    if verdicts:
        passed = sum(one.state is State.PASSED for one in verdicts)
        out.print(f"tests: {passed} of {len(verdicts)} passed", markup=False)
    for one in verdicts:
        if one.state is not State.PASSED:
            out.print(f"  {one.state.value}: {one.segment}: {one.test} ({one.found})", markup=False)


def _show_model(model: ModelChange) -> None:
    instead = "the first" if model.before is None else f"in place of {model.score} {model.before}"
    out.print(
        f"model {model.score} {model.run}, {instead}: scores {model.scored:,} people, "
        f"{model.moved:,} of them otherwise than now ({model.trait})",
        markup=False,
    )
    if model.journeys:
        out.print(f"journeys that will tell of it: {', '.join(model.journeys)}", markup=False)


def _conclusion(plan: ChangePlan) -> str:
    if plan.model is not None:
        return f"{len(plan.changes)} segments ask for its scores, {len(plan.unchanged)} do not"
    if not plan.changes:
        return f"nothing to change: {len(plan.unchanged)} segments mean what is in force"
    changed = f"{len(plan.changes)} to change, {len(plan.unchanged)} unchanged"
    if plan.cause == "rollback":
        return changed
    if plan.failed:
        return f"{changed}; tests fail, so kohort apply would stop"
    if plan.stopping:
        return f"{changed}; guard rails stop kohort apply"
    return changed
