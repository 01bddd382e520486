"""`kohort`: the command line. Each command imports what it needs, so that help answers at once."""

import gc
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kohort.cli.accounts import accounts
from kohort.cli.catalogue import personas
from kohort.cli.clusters import clusters
from kohort.cli.clv import clv
from kohort.cli.deliveries import deliver_now, deliveries
from kohort.cli.discover import discover
from kohort.cli.duplicates import duplicates
from kohort.cli.explaining import explain
from kohort.cli.help import GroupedCommands
from kohort.cli.importance import importance
from kohort.cli.keys import keys
from kohort.cli.models import models
from kohort.cli.output import Format, err, out, show_rows
from kohort.cli.people import people
from kohort.cli.train import train
from kohort.clock import SECOND
from kohort.errors import CheckError, KohortError, UsageError
from kohort.imports import import_without_pandas

if TYPE_CHECKING:
    from kohort.pipeline.status import ProjectStatus
    from kohort.project import Project

_START, _DATA, _SEGMENTS, _CHANGE, _LEARN = "Start", "Data", "Segments", "Change segments", "Learn and report"
_SERVE = "Serve"
_PEOPLE = "People"

app = typer.Typer(
    help="Audience segmentation that is exact, explained and proven.",
    epilog=(
        "Exit codes: 0 done · 1 unexpected · 2 wrong call · 3 wrong definition or rule · 4 unreadable input · "
        "5 unusable project · 6 missing extra · 7 try again later · 8 a check fails, nothing was changed"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=GroupedCommands,
)

ProjectOption = Annotated[Path, typer.Option("--project", metavar="DIR", help="The project's folder.")]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="ISO 8601; without an offset in the project's time zone.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of the listing.")]
SegmentsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SEGMENT…]", help="By default all segments.", show_default=False)
]
UntilOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="The later moment; by default as of now.")
]
SureOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_HERE = Path()
_PATIENCE = 10


@app.command(rich_help_panel=_START)
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make the demo project.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="On a terminal, end with the studio, until Ctrl-C.")
    ] = True,
) -> None:
    """Segment a real retailer's customers: a year of purchases of 2,469 households."""
    from kohort.cli.demo import run_demo
    from kohort.cli.demo_studio import serve_demo, somebody_looks

    run_demo(directory)
    if serve and somebody_looks():
        serve_demo(_open(directory))


@app.command(rich_help_panel=_START)
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA name of the business's time zone.")] = "UTC",
) -> None:
    """Make a project, with the reference segments and scores."""
    from kohort.project import Project

    Project.create(directory, time_zone=time_zone)
    out.print(f"made a project in {directory}; next: kohort ingest FILE --project {directory}", markup=False)


@app.command(rich_help_panel=_DATA)
def ingest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV, Parquet or JSON lines, gzip or not.")],
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="The mapping in sources/.")] = None,
    despite_gates: Annotated[
        bool, typer.Option("--despite-gates", help="Take in what a gate of its source would stop.")
    ] = False,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read files into the project; the same file again changes nothing, and one that a gate stops neither."""
    from kohort.cli.progress import counting

    opened = _open(project)
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


@app.command(rich_help_panel=_DATA)
def quality(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="All that is known of this one.")] = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """How good each source is: six measures, their trend, what its gates say, its worst rows."""
    from kohort.cli.quality import show_source, show_sources

    opened = _open(project)
    reports = opened.quality(source)
    if source is None:
        show_sources(reports, form, opened.show_moment)
    else:
        show_source(reports[0], form, opened.show_moment)


@app.command("dead-letters", rich_help_panel=_DATA)
def dead_letters(
    replay: Annotated[bool, typer.Option("--replay", help="Read them again by today's mapping and plan.")] = False,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what was rejected, with place and reason; or try it again."""
    opened = _open(project)
    if replay:
        taken, left = opened.replay()
        out.print(f"{taken:,} taken in, {left:,} remain", markup=False)
        return
    columns = ["source", "file", "line", "field", "reason"]
    show_rows(opened.dead_letters().select(columns).to_pylist(), columns, form)


@app.command(rich_help_panel=_DATA)
def run(
    at: AtOption = None,
    apply: Annotated[bool, typer.Option("--apply", help="Put the segment files in force first.")] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="Evaluate in this store of kohort.yaml.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="In a store: read everything again, whatever earlier runs kept.")
    ] = False,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run everything that is stale, in order, and say what was skipped and why."""
    from kohort.cli.progress import stepping

    opened = _open(project)
    with stepping("running") as describe:
        outcomes = []
        for outcome in opened.run(at, apply=apply, engine=engine, full=full):
            describe(outcome.step)
            outcomes.append({"step": outcome.step, "state": outcome.state, "detail": outcome.detail})
        outcomes += deliver_now(opened, describe)
    show_rows(outcomes, ["step", "state", "detail"], form)


@app.command(rich_help_panel=_DATA)
def rebuild(project: ProjectOption = _HERE) -> None:
    """Delete every table and make it anew from the journal."""
    from kohort.pipeline.projecting.reader_processes import ReaderProcesses

    with ReaderProcesses() as readers:
        readers.start_for(project)
        from kohort.cli.progress import portion

        opened = _open(project)
        with portion("rebuilding") as advance:
            records = opened.rebuild(advance, readers)
    out.print(f"{records:,} journal records applied", markup=False)


@app.command(rich_help_panel=_DATA)
def status(project: ProjectOption = _HERE, form: FormatOption = Format.TABLE) -> None:
    """Show what the project holds."""
    opened = _open(project)
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


@app.command(rich_help_panel=_DATA)
def sql(
    statement: Annotated[
        str, typer.Argument(metavar="SELECT", help="One statement that reads, such as: SELECT * FROM memberships")
    ],
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Ask the project's tables in SQL; nothing can be written, and nothing else be read."""
    answer = _open(project).sql(statement)
    show_rows(answer.to_pylist(), answer.column_names, form)


@app.command(rich_help_panel=_SEGMENTS)
def segments(project: ProjectOption = _HERE, form: FormatOption = Format.TABLE) -> None:
    """List the segments with their sizes at the last run."""
    rows = [
        {"segment": one.name, "size": one.size, "share": one.share, "where": one.sentence, "note": one.note}
        for one in _open(project).segments()
    ]
    columns = ["segment", "size", "share", "where", "note"]
    if form is Format.TABLE and not any(row["note"] for row in rows):
        columns.remove("note")
    show_rows(rows, columns, form)


@app.command(rich_help_panel=_SEGMENTS)
def members(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    at: AtOption = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List a segment's members, of the last run or at a moment."""
    opened = _open(project)
    zone = opened.zone
    rows = [
        {**row, "entered_at": row["entered_at"].astimezone(zone).isoformat() if row["entered_at"] else None}
        for row in opened.members(segment, at).to_pylist()
    ]
    show_rows(rows, ["person_id", "user_id", "entered_at"], form)


app.command(rich_help_panel=_SEGMENTS)(explain)


@app.command(rich_help_panel=_SEGMENTS)
def preview(
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="A sentence, such as: count of visit in last 7 days >= 2")
    ],
    at: AtOption = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the exact size of a rule that nobody saved, a few members, and what each condition keeps."""
    from kohort.cli.funnel import show_preview

    opened = _open(project)
    show_preview(opened.preview(rule, at), form, opened.show_moment)


@app.command(rich_help_panel=_SEGMENTS)
def overlap(
    segments: SegmentsArgument = None,
    at: AtOption = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Compare two by two: people in both, Jaccard.")] = False,
    most: Annotated[int, typer.Option("--rows", min=1, help="The most rows of a table.")] = 20,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Count the people in exactly which segments, of the last run or at a moment."""
    from kohort.cli.counting import show_overlap

    show_overlap(_open(project).overlap(segments or (), at), form, pairs=pairs, most=most)


@app.command(rich_help_panel=_SEGMENTS)
def flows(
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="The earlier moment; ISO 8601.")],
    segments: SegmentsArgument = None,
    until: UntilOption = None,
    transitions: Annotated[bool, typer.Option("--transitions", help="From which segment to which.")] = False,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Count who entered, left and stayed between two moments, by the rules at both."""
    from kohort.cli.counting import show_flows

    show_flows(_open(project).flows(since, until, segments or ()), form, transitions=transitions)


@app.command(rich_help_panel=_SEGMENTS)
def sizes(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="The first moment; by default 30 steps before.")
    ] = None,
    until: UntilOption = None,
    every: Annotated[str, typer.Option("--every", metavar="DURATION", help='Such as "7 days".')] = "1 day",
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a segment's size over time: by its rule at regular moments, beside what runs recorded."""
    from kohort.cli.counting import show_sizes

    opened = _open(project)
    show_sizes(list(opened.sizes(segment, since, until, every=every)), form, opened.show_moment)


@app.command(rich_help_panel=_CHANGE)
def plan(
    at: AtOption = None,
    output: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep the plan, for: kohort apply FILE")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 8 if anything would change.")] = False,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what applying the segment files would change: who would enter and leave. Nothing is written."""
    from kohort.cli.changing import keep_plan, show_plan

    opened = _open(project)
    found = opened.plan(at)
    show_plan(found, form, opened.spoken)
    if output is not None:
        keep_plan(found, output)
    if check and found.changes:
        raise typer.Exit(CheckError.exit_code)


@app.command(rich_help_panel=_CHANGE)
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
    project: ProjectOption = _HERE,
) -> None:
    """Put the segment files in force: show the plan, ask, and switch definitions and members at once."""
    from kohort.cli.changing import apply_shown, read_plan

    opened = _open(project)
    if kept is not None and at is not None:
        raise UsageError("a kept plan has its own moment; leave --at out")
    found = opened.plan(at) if kept is None else read_plan(kept)
    apply_shown(opened, found, sure=sure, despite=despite or (), reason=reason)


@app.command(rich_help_panel=_CHANGE)
def rollback(
    segment: Annotated[
        str | None, typer.Argument(metavar="[SEGMENT]", help="By default all that the last application changed.")
    ] = None,
    version: Annotated[int | None, typer.Option("--to", metavar="VERSION", help="By default the one before.")] = None,
    at: AtOption = None,
    sure: SureOption = False,
    project: ProjectOption = _HERE,
) -> None:
    """Go back: one segment to an earlier version, or all to before the last application."""
    from kohort.cli.changing import apply_shown

    opened = _open(project)
    if segment is None and version is not None:
        raise UsageError("name the segment whose version --to means")
    apply_shown(opened, opened.plan_rollback(segment, version, at), sure=sure)


@app.command(rich_help_panel=_CHANGE)
def history(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List a segment's versions: when each came into force, why, its size, who entered and left by it."""
    from kohort.cli.changing import show_history

    opened = _open(project)
    show_history(opened.history(segment), form, opened.show_moment)


@app.command("test", rich_help_panel=_CHANGE)
def run_tests(
    segments: SegmentsArgument = None,
    at: AtOption = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run the tests in the segment files, on the rules that the files have now."""
    from kohort.cli.changing import show_verdicts

    show_verdicts(_open(project).test(segments or (), at), form)


@app.command("fmt", rich_help_panel=_CHANGE)
def format_rules(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a file would change.")] = False,
    project: ProjectOption = _HERE,
) -> None:
    """Write the rules of the segment files in their one canonical form; comments stay."""
    from kohort.cli.fmt import format_segments

    changed = format_segments(project, check=check)
    out.print("\n".join(f"formatted {path}" for path in changed) or "every rule is in its canonical form", markup=False)


@app.command(rich_help_panel=_LEARN)
def report(
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Default: report.html.")] = None,
    project: ProjectOption = _HERE,
) -> None:
    """Write report.html: one file with sizes, charts, personas, proofs and quality findings."""
    from kohort.cli.progress import stepping

    opened = _open(project)
    with stepping("writing the report"):
        path = opened.report(output)
    out.print(str(path), markup=False)


@app.command(rich_help_panel=_SEGMENTS)
def engines(project: ProjectOption = _HERE, form: FormatOption = Format.TABLE) -> None:
    """List the engines that rules can run on, and the stores that the project names; and what each cannot do."""
    from kohort.cli.engines import COLUMNS, engine_rows, store_rows
    from kohort.project import Project

    stores = Project(project).stores if (project / "kohort.yaml").is_file() else {}
    show_rows([*engine_rows(), *store_rows(stores)], COLUMNS, form)


@app.command(rich_help_panel=_SERVE)
def serve(
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Of the collector; 0 takes a free one.")
    ] = 8000,
    api_port: Annotated[
        int, typer.Option("--api-port", min=0, max=65_535, help="Of the API; 0 takes a free one.")
    ] = 8001,
    certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", metavar="FILE", help="PEM, with its chain.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy before it ends TLS and passes requests on.")
    ] = False,
    project: ProjectOption = _HERE,
) -> None:
    """Take events from SDKs, keep the tables up, run what is stale as kohort.yaml schedules, and answer the API."""
    from kohort.web.serving import ServeOptions, serve_project

    options = ServeOptions(host, port, api_port, certificate, key, behind_proxy)
    serve_project(_open(project), options, _welcome)


@app.command(rich_help_panel=_SERVE)
def tail(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source's events.")] = None,
    seconds: Annotated[
        int | None, typer.Option("--for", metavar="SECONDS", min=1, help="By default until Ctrl-C.")
    ] = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show each event from now on: accepted, recognised as a duplicate, or rejected, and why."""
    from kohort.cli.tail import show_tail

    show_tail(_open(project), source, seconds, form)


@app.command(rich_help_panel=_SERVE)
def publish(project: ProjectOption = _HERE) -> None:
    """Publish changes of membership to the topic that kohort.yaml names, each that was not yet."""
    rows = _open(project).publish()
    out.print(f"{rows:,} changes of membership published", markup=False)


app.command(rich_help_panel=_DATA)(duplicates)
app.command(rich_help_panel=_LEARN)(discover)
app.command(rich_help_panel=_LEARN)(clv)
app.command(rich_help_panel=_LEARN)(train)
app.command(rich_help_panel=_LEARN)(importance)
app.add_typer(accounts, rich_help_panel=_SERVE)
app.add_typer(clusters, rich_help_panel=_LEARN)
app.add_typer(deliveries, rich_help_panel=_SERVE)
app.add_typer(keys, rich_help_panel=_SERVE)
app.add_typer(models, rich_help_panel=_LEARN)
app.add_typer(people, rich_help_panel=_PEOPLE)
app.add_typer(personas, rich_help_panel=_LEARN)


def main() -> None:
    """Run the command line of this process."""
    import_without_pandas()
    # A short process makes few cycles; looking for them after every 700 objects costs a tenth of a preview.
    gc.set_threshold(100_000)
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an expected error is one clear message on standard error."""
    try:
        app(list(arguments), prog_name="kohort", standalone_mode=True)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    except KohortError as error:
        err.print(f"error: {error}", markup=False, style="red")
        return error.exit_code
    return 0


def _welcome(address: str) -> None:
    # On standard output by itself: what the server's processes say on the other is for programs.
    out.print(f"choose the password of the first account, once and within a day, at {address}", markup=False)


def _open(path: Path) -> "Project":
    from kohort.project import Project

    # A server on the same project writes often, and briefly.
    return Project(path, patience=_PATIENCE)
