"""`kohort deliveries`: what journeys have sent, and what waits, failed or is dead."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, ProjectOption, open_project
from kohort.cli.output import Format, err, out, show_rows
from kohort.errors import LockedError

if TYPE_CHECKING:
    from kohort.activation.deliveries import Delivery
    from kohort.project import Project

_COLUMNS: Final = (
    "delivery_id", "journey", "person_id", "user_id", "change", "effective_at", "state", "due_at", "attempts",
    "next_attempt_at", "status", "reason",
)  # fmt: skip

deliveries = typer.Typer(
    name="deliveries",
    help="List what journeys have sent and what waits; send dead letters again.",
    rich_markup_mode=None,
    cls=GroupedCommands,
)


@deliveries.callback(invoke_without_command=True)
def list_deliveries(
    context: typer.Context,
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters.")] = False,
    most: Annotated[int, typer.Option("--rows", min=1, help="The most rows, those due last first.")] = 100,
    project: ProjectOption = HERE,
    form: Annotated[Format, typer.Option("--format", help="The form of the listing.")] = Format.TABLE,
) -> None:
    """List what journeys have sent, what waits and what is dead."""
    if context.invoked_subcommand is not None:
        return
    from kohort.activation.deliveries import State

    opened = open_project(project)
    found = opened.deliveries([State.DEAD] if dead else (), most)
    show_rows([_row(one, opened.show_moment) for one in found], _COLUMNS, form)
    if dead and found:
        err.print(f"send them again with: kohort deliveries retry --project {project}", markup=False)


@deliveries.command()
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="By default all dead letters.", show_default=False)
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Send dead letters again: at once by the server, else at the next run."""
    number = open_project(project).retry_deliveries(ids or ())
    out.print(f"{number:,} to be sent again", markup=False)


def deliver_now(opened: "Project", describe: Callable[[str], None]) -> list[dict[str, str]]:
    """Deliver what is due, and return a row about it as `kohort run` shows them; none without journeys."""
    if not opened.journeys:
        return []
    describe("deliveries")
    try:
        found = opened.deliver()
    except LockedError:
        return [{"step": "deliveries", "state": "skipped", "detail": "a server delivers"}]
    said = ", ".join(f"{number:,} {state}" for state, number in sorted(found.items()))
    return [{"step": "deliveries", "state": "done", "detail": said or "nothing was due"}]


def _row(one: "Delivery", show_moment: Callable[[int | None], str]) -> dict[str, object]:
    waits = one.state == "waiting"
    return {
        **vars(one),
        "change": one.change if one.retracts is None else "retracted",
        "state": str(one.state),
        "effective_at": show_moment(one.effective_at),
        "due_at": show_moment(one.due_at),
        "next_attempt_at": show_moment(one.next_attempt_at) if waits else "",
    }
