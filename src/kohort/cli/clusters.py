"""`kohort clusters`: what can be done with clusters that were discovered."""

from typing import Annotated

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption
from kohort.cli.output import Format, err, out, show_rows

clusters = typer.Typer(
    name="clusters",
    help="Use discovered clusters elsewhere, and see whether they hold over time.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=GroupedCommands,
)

ScoreArgument = Annotated[
    str | None, typer.Argument(metavar="[SCORE]", help="A clusters score; the only one, by default.")
]


@clusters.command()
def sql(
    score: ScoreArgument = None,
    dialect: Annotated[
        str, typer.Option("--dialect", metavar="NAME", help="Of the database, as `kohort engines` lists them.")
    ] = "duckdb",
    relation: Annotated[
        str,
        typer.Option("--from", metavar="TABLE", help="With a column for each feature; after its schema, with a dot."),
    ] = "features",
    person: Annotated[str, typer.Option("--person", metavar="COLUMN", help="Who a row is about.")] = "person_id",
    margin: Annotated[
        bool, typer.Option("--margin", help="Also tell how much farther the second nearest cluster is.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Print the SQL that gives people their cluster where their features are."""
    from kohort.project import Project

    statement = Project(project).clusters_sql(
        score, dialect=dialect, relation=relation.split("."), person=person, margin=margin
    )
    out.print(statement.text, markup=False, soft_wrap=True)
    err.print(statement.exactness, markup=False)


@clusters.command()
def periods(
    score: ScoreArgument = None,
    months: Annotated[int, typer.Option("--months", min=2, help="How many, up to the last that has ended.")] = 6,
    cohorts: Annotated[
        bool, typer.Option("--cohorts", help="By the month in which people came: who is active later, and where.")
    ] = False,
    at: AtOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Follow clusters month by month: who moves, what persists, splits, merges or dissolves, and what drifts."""
    from kohort.project import Project
    from kohort.reports.period_rows import COHORTS, FATES, cohort_rows, fate_rows

    found = Project(project).cluster_periods(score, at, months=months)
    if cohorts:
        show_rows(cohort_rows(found), COHORTS, form)
        return
    show_rows(fate_rows(found), FATES, form)
    err.print(found.words.en, markup=False)


@clusters.command()
def conversion(
    score: ScoreArgument = None, at: AtOption = None, project: ProjectOption = HERE, form: FormatOption = Format.TABLE
) -> None:
    """Seek clusters before a split in time, and tell how well they foretell what people did after it."""
    from kohort.project import Project
    from kohort.reports.period_rows import OUTCOMES, outcome_rows
    from kohort.reports.validation_conversion import power_words

    found = Project(project).cluster_conversion(score, at)
    show_rows(outcome_rows(found), OUTCOMES, form)
    for one in found:
        err.print(power_words(one), markup=False)
