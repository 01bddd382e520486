"""What many commands take, said once; and how they open a project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.output import Format

if TYPE_CHECKING:
    from kohort.project import Project

HERE: Final = Path()
_PATIENCE: Final = 10

ProjectOption = Annotated[Path, typer.Option("--project", metavar="DIR", help="The project's folder.")]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="ISO 8601; without an offset in the project's time zone.")
]
UntilOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="The later moment; by default as of now.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of the listing.")]
SegmentsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SEGMENT…]", help="By default all segments.", show_default=False)
]
SureOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def open_project(path: Path) -> "Project":
    """Open the project of a folder; a server on it writes often, and briefly, so that a command waits for its turn."""
    from kohort.project import Project

    return Project(path, patience=_PATIENCE)
