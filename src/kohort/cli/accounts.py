"""`kohort accounts`: the people who use a project."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, err, out, show_rows
from kohort.clock import SECOND, Moment, format_moment

if TYPE_CHECKING:
    from kohort.governance.accounts import Account
    from kohort.project import Project

_COLUMNS: Final = ("name", "role", "state", "created_at", "sessions")
_AUDIT: Final = ("at", "actor", "door", "action", "object", "detail")
_ROLES: Final = ("role", "scope", "allows")
_ADDRESS: Final = "http://127.0.0.1:8001"

accounts = typer.Typer(
    name="accounts",
    help="Make, list and disable the accounts of people, and give them roles.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=GroupedCommands,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
AddressOption = Annotated[
    str, typer.Option("--address", metavar="URL", help="Where the server is reached by who gets the link.")
]


@accounts.command()
def create(
    name: NameArgument,
    *,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="As `kohort accounts roles` lists them.")],
    address: AddressOption = _ADDRESS,
    project: ProjectOption = HERE,
) -> None:
    """Make an account, and show the link by which its holder chooses a password."""
    from kohort.governance.audit import OPERATOR
    from kohort.governance.roles import role_of

    opened = open_project(project)
    made = opened.accounts.create(name, role_of(role), OPERATOR)
    _show_link(opened, made.name, address)


@accounts.command()
def link(name: NameArgument, address: AddressOption = _ADDRESS, project: ProjectOption = HERE) -> None:
    """Show a new link by which the holder of an account chooses a password; earlier links are void."""
    _show_link(open_project(project), name, address)


@accounts.command("list")
def list_accounts(project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List all accounts: their roles, and whether they let anybody in."""
    opened = open_project(project)
    show_rows([_row(opened, one) for one in opened.accounts.list()], _COLUMNS, form)


@accounts.command()
def role(
    name: NameArgument,
    new: Annotated[str, typer.Argument(metavar="ROLE", help="As `kohort accounts roles` lists them.")],
    project: ProjectOption = HERE,
) -> None:
    """Give an account another role; its sessions end."""
    from kohort.governance.audit import OPERATOR
    from kohort.governance.roles import role_of

    wanted = role_of(new)
    open_project(project).accounts.set_role(name, wanted, OPERATOR)
    out.print(f"{name} is {wanted}", markup=False)


@accounts.command()
def disable(name: NameArgument, project: ProjectOption = HERE) -> None:
    """Let nobody in by an account any more; its sessions end at once."""
    from kohort.governance.audit import OPERATOR

    open_project(project).accounts.disable(name, OPERATOR)
    out.print(f"disabled {name}", markup=False)


@accounts.command()
def enable(name: NameArgument, project: ProjectOption = HERE) -> None:
    """Let the holder of a disabled account in again."""
    from kohort.governance.audit import OPERATOR

    open_project(project).accounts.enable(name, OPERATOR)
    out.print(f"enabled {name}", markup=False)


@accounts.command()
def signout(name: NameArgument, project: ProjectOption = HERE) -> None:
    """End all sessions of an account."""
    from kohort.governance.audit import OPERATOR

    opened = open_project(project)
    opened.sessions.end_all(opened.accounts.find(name).account_id, name, OPERATOR)
    out.print(f"signed {name} out everywhere", markup=False)


@accounts.command()
def roles(form: FormatOption = Format.TABLE) -> None:
    """List the roles, and what each allows."""
    from kohort.governance.keys import SCOPES
    from kohort.governance.roles import ROLES

    rows = [
        {"role": one.value, "scope": scope, "allows": words}
        for one, scopes in ROLES.items()
        for scope, words in SCOPES.items()
        if scope in scopes
    ]
    show_rows(rows, _ROLES, form)


@accounts.command()
def audit(
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="The most lines, the newest first.")] = 100,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List who did what to accounts and keys, and who was refused."""
    opened = open_project(project)
    show_rows([{**vars(one), "at": _time(opened, one.at)} for one in opened.audit.list(most)], _AUDIT, form)


def _show_link(opened: "Project", name: str, address: str) -> None:
    from kohort.governance.accounts import welcome_address
    from kohort.governance.audit import OPERATOR

    out.print(welcome_address(address, opened.accounts.link(name, OPERATOR)), markup=False)
    err.print("the link works once, within a day; whoever has it chooses the password", markup=False)


def _row(opened: "Project", account: "Account") -> Mapping[str, object]:
    return {
        "name": account.name,
        "role": account.role.value,
        "state": account.state,
        "created_at": _time(opened, account.created_at),
        "sessions": len(opened.sessions.list(account.account_id)),
    }


def _time(opened: "Project", moment: Moment) -> str:
    return format_moment(moment - moment % SECOND, opened.zone)
