"""Commands that ask about segments: who is in, why, how they lie to each other."""

from typing import Annotated

import typer

from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption, SegmentsArgument, UntilOption, open_project
from kohort.cli.output import Format, show_rows


def segments(project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List the segments with their sizes at the last run."""
    rows = [
        {"segment": one.name, "size": one.size, "share": one.share, "where": one.sentence, "note": one.note}
        for one in open_project(project).segments()
    ]
    columns = ["segment", "size", "share", "where", "note"]
    if form is Format.TABLE and not any(row["note"] for row in rows):
        columns.remove("note")
    show_rows(rows, columns, form)


def members(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    at: AtOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List a segment's members, of the last run or at a moment."""
    opened = open_project(project)
    zone = opened.zone
    rows = [
        {**row, "entered_at": row["entered_at"].astimezone(zone).isoformat() if row["entered_at"] else None}
        for row in opened.members(segment, at).to_pylist()
    ]
    show_rows(rows, ["person_id", "user_id", "entered_at"], form)


def preview(
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="A sentence, such as: count of visit in last 7 days >= 2")
    ],
    at: AtOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the exact size of a rule that nobody saved, a few members, and what each condition keeps."""
    from kohort.cli.funnel import show_preview

    opened = open_project(project)
    show_preview(opened.preview(rule, at), form, opened.show_moment)


def overlap(
    segments: SegmentsArgument = None,
    at: AtOption = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Compare two by two: people in both, Jaccard.")] = False,
    most: Annotated[int, typer.Option("--rows", min=1, help="The most rows of a table.")] = 20,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Count the people in exactly which segments, of the last run or at a moment."""
    from kohort.cli.counting import show_overlap

    show_overlap(open_project(project).overlap(segments or (), at), form, pairs=pairs, most=most)


def flows(
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="The earlier moment; ISO 8601.")],
    segments: SegmentsArgument = None,
    until: UntilOption = None,
    transitions: Annotated[bool, typer.Option("--transitions", help="From which segment to which.")] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Count who entered, left and stayed between two moments, by the rules at both."""
    from kohort.cli.counting import show_flows

    show_flows(open_project(project).flows(since, until, segments or ()), form, transitions=transitions)


def sizes(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="The first moment; by default 30 steps before.")
    ] = None,
    until: UntilOption = None,
    every: Annotated[str, typer.Option("--every", metavar="DURATION", help='Such as "7 days".')] = "1 day",
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a segment's size over time: by its rule at regular moments, beside what runs recorded."""
    from kohort.cli.counting import show_sizes

    opened = open_project(project)
    show_sizes(list(opened.sizes(segment, since, until, every=every)), form, opened.show_moment)


def engines(project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List the engines that rules can run on, and the stores that the project names; and what each cannot do."""
    from kohort.cli.engines import COLUMNS, engine_rows, store_rows
    from kohort.project import Project

    stores = Project(project).stores if (project / "kohort.yaml").is_file() else {}
    show_rows([*engine_rows(), *store_rows(stores)], COLUMNS, form)
