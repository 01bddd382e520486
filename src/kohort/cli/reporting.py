"""`kohort report`."""

from pathlib import Path
from typing import Annotated

import typer

from kohort.cli.options import HERE, ProjectOption, open_project
from kohort.cli.output import out


def report(
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Default: report.html.")] = None,
    project: ProjectOption = HERE,
) -> None:
    """Write report.html: one file with sizes, charts, personas, proofs and quality findings."""
    from kohort.cli.progress import stepping

    opened = open_project(project)
    with stepping("writing the report"):
        path = opened.report(output)
    out.print(str(path), markup=False)
