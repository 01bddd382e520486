"""Commands that change what is in force, and go back."""

from pathlib import Path
from typing import Annotated

import typer

from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption, SegmentsArgument, SureOption, open_project
from kohort.cli.output import Format, out
from kohort.errors import CheckError, UsageError


def plan(
    at: AtOption = None,
    output: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep the plan, for: kohort apply FILE")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 8 if anything would change.")] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what applying the segment files would change: who would enter and leave. Nothing is written."""
    from kohort.cli.changing import keep_plan, show_plan

    opened = open_project(project)
    found = opened.plan(at)
    show_plan(found, form, opened.spoken)
    if output is not None:
        keep_plan(found, output)
    if check and found.changes:
        raise typer.Exit(CheckError.exit_code)


def apply(
    kept: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A plan kept by: kohort plan --out FILE")
    ] = None,
    at: AtOption = None,
    sure: SureOption = False,
    despite: Annotated[
        list[str] | None, typer.Option("--despite", metavar="GUARD", help="Override a guard rail that stops.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; the journal keeps it.")] = "",
    project: ProjectOption = HERE,
) -> None:
    """Put the segment files in force: show the plan, ask, and switch definitions and members at once."""
    from kohort.cli.changing import apply_shown, read_plan

    opened = open_project(project)
    if kept is not None and at is not None:
        raise UsageError("a kept plan has its own moment; leave --at out")
    found = opened.plan(at) if kept is None else read_plan(kept)
    apply_shown(opened, found, sure=sure, despite=despite or (), reason=reason)


def rollback(
    segment: Annotated[
        str | None, typer.Argument(metavar="[SEGMENT]", help="By default all that the last application changed.")
    ] = None,
    version: Annotated[int | None, typer.Option("--to", metavar="VERSION", help="By default the one before.")] = None,
    at: AtOption = None,
    sure: SureOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Go back: one segment to an earlier version, or all to before the last application."""
    from kohort.cli.changing import apply_shown

    opened = open_project(project)
    if segment is None and version is not None:
        raise UsageError("name the segment whose version --to means")
    apply_shown(opened, opened.plan_rollback(segment, version, at), sure=sure)


def history(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List a segment's versions: when each came into force, why, its size, who entered and left by it."""
    from kohort.cli.changing import show_history

    opened = open_project(project)
    show_history(opened.history(segment), form, opened.show_moment)


def run_tests(
    segments: SegmentsArgument = None,
    at: AtOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run the tests in the segment files, on the rules that the files have now."""
    from kohort.cli.changing import show_verdicts

    show_verdicts(open_project(project).test(segments or (), at), form)


def format_rules(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a file would change.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Write the rules of the segment files in their one canonical form; comments stay."""
    from kohort.cli.fmt import format_segments

    changed = format_segments(project, check=check)
    out.print("\n".join(f"formatted {path}" for path in changed) or "every rule is in its canonical form", markup=False)
