"""`kohort demo` and `kohort init`: where one begins."""

from pathlib import Path
from typing import Annotated

import typer

from kohort.cli.options import open_project
from kohort.cli.output import out


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
        serve_demo(open_project(directory))


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA name of the business's time zone.")] = "UTC",
) -> None:
    """Make a project, with the reference segments and scores."""
    from kohort.project import Project

    Project.create(directory, time_zone=time_zone)
    out.print(f"made a project in {directory}; next: kohort ingest FILE --project {directory}", markup=False)
