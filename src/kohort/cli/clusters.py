"""`kohort clusters`: what can be done with clusters that were discovered."""

from pathlib import Path
from typing import Annotated

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.output import err, out

_HERE = Path()

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
ProjectOption = Annotated[Path, typer.Option("--project", metavar="DIR", help="The project's folder.")]


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
    project: ProjectOption = _HERE,
) -> None:
    """Print the SQL that gives people their cluster where their features are."""
    from kohort.project import Project

    statement = Project(project).clusters_sql(
        score, dialect=dialect, relation=relation.split("."), person=person, margin=margin
    )
    out.print(statement.text, markup=False, soft_wrap=True)
    err.print(statement.exactness, markup=False)
