"""`kohort`: the command line. Each command imports what it needs, so that help answers at once."""

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Final

import typer

from kohort.cli import data, reporting, segments, serving, starting, versions
from kohort.cli.accounts import accounts
from kohort.cli.catalogue import personas
from kohort.cli.clusters import clusters
from kohort.cli.clv import clv
from kohort.cli.deliveries import deliveries
from kohort.cli.discover import discover
from kohort.cli.duplicates import duplicates
from kohort.cli.explaining import explain
from kohort.cli.help import GroupedCommands
from kohort.cli.importance import importance
from kohort.cli.keys import keys
from kohort.cli.lookalike import lookalike
from kohort.cli.models import models
from kohort.cli.output import err
from kohort.cli.people import people
from kohort.cli.train import train
from kohort.errors import KohortError
from kohort.imports import import_sparingly

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


COMMANDS: Final[dict[str, dict[str, Callable[..., None]]]] = {
    "Start": {"demo": starting.demo, "init": starting.init},
    "Data": {
        "ingest": data.ingest,
        "quality": data.quality,
        "dead-letters": data.dead_letters,
        "run": data.run,
        "rebuild": data.rebuild,
        "status": data.status,
        "sql": data.sql,
        "duplicates": duplicates,
    },
    "Segments": {
        "segments": segments.segments,
        "members": segments.members,
        "explain": explain,
        "preview": segments.preview,
        "overlap": segments.overlap,
        "flows": segments.flows,
        "sizes": segments.sizes,
        "engines": segments.engines,
    },
    "Change segments": {
        "plan": versions.plan,
        "apply": versions.apply,
        "rollback": versions.rollback,
        "history": versions.history,
        "test": versions.run_tests,
        "fmt": versions.format_rules,
    },
    "Learn and report": {
        "report": reporting.report,
        "discover": discover,
        "clv": clv,
        "train": train,
        "lookalike": lookalike,
        "importance": importance,
    },
    "Serve": {"serve": serving.serve, "tail": serving.tail, "publish": serving.publish},
}
"""The commands by the panel of the help that lists them, in its order."""

for _panel, _commands in COMMANDS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_command)

GROUPS: Final[dict[str, tuple[typer.Typer, ...]]] = {
    "Serve": (accounts, deliveries, keys),
    "Learn and report": (clusters, models, personas),
    "People": (people,),
}
"""Commands that have commands of their own, by the panel."""

for _panel, _groups in GROUPS.items():
    for _group in _groups:
        app.add_typer(_group, rich_help_panel=_panel)


def main() -> None:
    """Run the command line of this process."""
    import_sparingly()
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
