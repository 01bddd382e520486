"""Commands about what comes into a project and what becomes of it."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kohort.cli.deliveries import deliver_now
from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, err, out, show_rows
from kohort.clock import SECOND

if TYPE_CHECKING:
    from kohort.pipeline.status import ProjectStatus


def ingest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV, Parquet or JSON lines, gzip or not.")],
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="The mapping in sources/.")] = None,
    despite_gates: Annotated[
        bool, typer.Option("--despite-gates", help="Take in what a gate of its source would stop.")
    ] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read files into the project; the same file again changes nothing, and one that a gate stops neither."""
    from kohort.cli.progress import counting

    opened = open_project(project)
    rows = []
    for file in files:
        with counting(f"reading {file.name}", "rows") as advance:
            result = opened.ingest(file, source=source, progress=advance, despite_gates=despite_gates)
        rows.append({
            "file": result.file, "source": result.source, "rows": result.rows, "accepted": result.accepted,
            "known": result.known, "rejected": result.rejected,
        })  # fmt: skip
        if result.withheld:
            err.print(f"{result.file}: {result.withheld:,} not stored, for want of consent", markup=False)
        for finding in result.findings:
            if finding.severity != "info" or finding.check == "normalised":
                err.print(f"{finding.subject}: {finding.detail} ({finding.count:,})", markup=False)
    show_rows(rows, ["file", "source", "rows", "accepted", "known", "rejected"], form)
    if any(row["rejected"] for row in rows):
        err.print(f"see what was rejected and why with: kohort dead-letters --project {project}", markup=False)


def quality(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="All that is known of this one.")] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """How good each source is: six measures, their trend, what its gates say, its worst rows."""
    from kohort.cli.quality import show_source, show_sources

    opened = open_project(project)
    reports = opened.quality(source)
    if source is None:
        show_sources(reports, form, opened.show_moment)
    else:
        show_source(reports[0], form, opened.show_moment)


def dead_letters(
    replay: Annotated[bool, typer.Option("--replay", help="Read them again by today's mapping and plan.")] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what was rejected, with place and reason; or try it again."""
    opened = open_project(project)
    if replay:
        taken, left = opened.replay()
        out.print(f"{taken:,} taken in, {left:,} remain", markup=False)
        return
    columns = ["source", "file", "line", "field", "reason"]
    show_rows(opened.dead_letters().select(columns).to_pylist(), columns, form)


def run(
    at: AtOption = None,
    apply: Annotated[bool, typer.Option("--apply", help="Put the segment files in force first.")] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="Evaluate in this store of kohort.yaml.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="In a store: read everything again, whatever earlier runs kept.")
    ] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run everything that is stale, in order, and say what was skipped and why."""
    from kohort.cli.progress import stepping

    opened = open_project(project)
    with stepping("running") as describe:
        outcomes = []
        for outcome in opened.run(at, apply=apply, engine=engine, full=full):
            describe(outcome.step)
            outcomes.append({"step": outcome.step, "state": outcome.state, "detail": outcome.detail})
        outcomes += deliver_now(opened, describe)
    show_rows(outcomes, ["step", "state", "detail"], form)


def rebuild(project: ProjectOption = HERE) -> None:
    """Delete every table and make it anew from the journal."""
    from kohort.pipeline.projecting.reader_processes import ReaderProcesses

    with ReaderProcesses() as readers:
        readers.start_for(project)
        from kohort.cli.progress import portion

        opened = open_project(project)
        with portion("rebuilding") as advance:
            records = opened.rebuild(advance, readers)
    out.print(f"{records:,} journal records applied", markup=False)


def status(project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """Show what the project holds."""
    opened = open_project(project)
    held = opened.status()
    rows: list[dict[str, object]] = [
        {"what": what, "value": value}
        for what, value in (
            ("project", held.name),
            ("people", f"{held.people:,}"),
            *((f"events {name}", f"{count:,}") for name, count in held.events.items()),
            ("traits", f"{held.traits:,}"),
            ("segments", f"{held.segments:,}"),
            ("last run as of", opened.show_moment(held.last_run)),
            *([("the oldest event had waited", _lasted(held.lag))] if held.lag is not None else []),
            *([("events wait since", opened.show_moment(held.waiting_since))] if held.waiting_since else []),
            *((f"deliveries {state}", f"{count:,}") for state, count in sorted(held.deliveries.items())),
            *([("stalled segments", ", ".join(held.stalled))] if held.stalled else []),
            *(
                (f"model {one.score}", f"candidate {one.candidate} waits: kohort models plan {one.score}")
                for one in held.models
                if one.candidate is not None
            ),
            *((f"drift of {one.score}", ", ".join(one.drifted)) for one in held.models if one.drifted),
            *(
                (f"training of {one.score}", f"runs since {opened.show_moment(one.running_since)}")
                for one in held.trainings
                if one.running_since is not None
            ),
            *(
                (f"training of {one.score}", f"{one.failed.state}: {one.failed.reason}")
                for one in held.trainings
                if one.failed is not None
            ),
            ("dead letters", f"{held.dead_letters:,}"),
            ("journal", _journal_of(held)),
            ("tables behind the journal", f"{held.behind:,} records"),
            *([] if held.untaken is None else [("journal behind the events topic", f"{held.untaken:,} messages")]),
            *([("damage in the journal", f"{held.journal_damage:,} places")] if held.journal_damage else []),
        )
    ]
    show_rows(rows, ["what", "value"], form)


def _journal_of(held: "ProjectStatus") -> str:
    """Say how long the journal is, and how large where that is ours to know, else where it is."""
    records = f"{held.journal_records:,} records"
    if held.journal_bytes is None:
        return f"{records}, in {held.journal_place}; its brokers know its size"
    return f"{records}, {held.journal_bytes / 2**20:,.1f} MiB"


def _lasted(lag: int) -> str:
    """Return a stretch of time in the form that Python gives it, to the second."""
    return str(timedelta(seconds=round(lag / SECOND)))


def sql(
    statement: Annotated[
        str, typer.Argument(metavar="SELECT", help="One statement that reads, such as: SELECT * FROM memberships")
    ],
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Ask the project's tables in SQL; nothing can be written, and nothing else be read."""
    answer = open_project(project).sql(statement)
    show_rows(answer.to_pylist(), answer.column_names, form)
