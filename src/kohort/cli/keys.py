"""`kohort keys`: the keys that let programs in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, err, out, show_rows
from kohort.clock import DAY, SECOND, Moment, format_moment
from kohort.errors import UsageError, shorten

if TYPE_CHECKING:
    from kohort.project import Project

_COLUMNS: Final = ("key_id", "kind", "name", "origins", "rate", "scopes", "created_at", "expires_at", "state")
_LIFE: Final = 90 * DAY

keys = typer.Typer(
    name="keys",
    help="Make, list and revoke the keys that let programs in.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=GroupedCommands,
)


@keys.command()
def create(
    *,
    kind: Annotated[
        str, typer.Option("--kind", metavar="write|secret", help="To send events, or for what --scope says.")
    ],
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="The source that a write key speaks for.")
    ] = "",
    origin: Annotated[
        list[str] | None, typer.Option("--origin", metavar="ORIGIN", help="Web pages that may use a write key.")
    ] = None,
    rate: Annotated[int | None, typer.Option("--rate", metavar="N", help="The most events a second.")] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What a secret key is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPE", help="What a secret key may do.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="ISO 8601; by default a secret key ends after 90 days."),
    ] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make a key and show it, once."""
    opened = open_project(project)
    expires_at = None if expires is None else opened.moment(expires)
    if kind == "write":
        _refuse(kind, {"--name": name, "--scope": scope}, need="--source", given=source)
        plain, written = opened.keys.create_write(source, origin or (), rate, expires_at)
        key_id = written.key_id
    elif kind == "secret":
        _refuse(kind, {"--source": source, "--origin": origin, "--rate": rate}, need="--name", given=name)
        ending = opened.clock.now() + _LIFE if expires_at is None else expires_at
        plain, secret = opened.keys.create_secret(name, scope or (), ending)
        key_id = secret.key_id
    else:
        raise UsageError(f'a key is of the kind "write" or "secret", not "{shorten(kind)}"')
    if form is Format.TABLE:
        out.print(plain, markup=False)
    else:
        row = next(row for row in _rows(opened, form) if row["key_id"] == key_id)
        show_rows([{"key": plain, **row}], ("key", *_COLUMNS), form)
    err.print("the key is shown this once: only its hash is stored", markup=False)


@keys.command("list")
def list_keys(project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List all keys: what each may do, and whether it still may."""
    show_rows(_rows(open_project(project), form), _COLUMNS, form)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `kohort keys list` shows it.")],
    project: ProjectOption = HERE,
) -> None:
    """End a key for ever, within two seconds everywhere."""
    open_project(project).keys.revoke(key_id)
    out.print(f"revoked {key_id}", markup=False)


def _rows(opened: "Project", form: Format) -> Sequence[dict[str, object]]:
    def shown(texts: tuple[str, ...]) -> object:
        return list(texts) if form is Format.JSON else " ".join(texts)

    def time(moment: Moment | None) -> str | None:
        return None if moment is None else format_moment(moment - moment % SECOND, opened.zone)

    now = opened.clock.now()
    return [
        {
            **vars(one),
            "origins": shown(one.origins),
            "scopes": shown(one.scopes),
            "created_at": time(one.created_at),
            "expires_at": time(one.expires_at),
            "state": one.state(now),
        }
        for one in opened.keys.list()
    ]


def _refuse(kind: str, others: dict[str, object], *, need: str, given: str) -> None:
    for option, value in others.items():
        if value:
            raise UsageError(f"a {kind} key has no {option}; leave it out")
    if not given:
        raise UsageError(f"a {kind} key needs {need} NAME")
