"""Commands that keep running, or tell others."""

from pathlib import Path
from typing import Annotated

import typer

from kohort.cli.options import HERE, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, out


def serve(
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Of the collector; 0 takes a free one.")
    ] = 8000,
    api_port: Annotated[
        int, typer.Option("--api-port", min=0, max=65_535, help="Of the API; 0 takes a free one.")
    ] = 8001,
    certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", metavar="FILE", help="PEM, with its chain.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy before it ends TLS and passes requests on.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Take events from SDKs, keep the tables up, run what is stale as kohort.yaml schedules, and answer the API."""
    from kohort.web.serving import ServeOptions, serve_project

    options = ServeOptions(host, port, api_port, certificate, key, behind_proxy)
    serve_project(open_project(project), options, _welcome)


def tail(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source's events.")] = None,
    seconds: Annotated[
        int | None, typer.Option("--for", metavar="SECONDS", min=1, help="By default until Ctrl-C.")
    ] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show each event from now on: accepted, recognised as a duplicate, or rejected, and why."""
    from kohort.cli.tail import show_tail

    show_tail(open_project(project), source, seconds, form)


def publish(project: ProjectOption = HERE) -> None:
    """Publish changes of membership to the topic that kohort.yaml names, each that was not yet."""
    rows = open_project(project).publish()
    out.print(f"{rows:,} changes of membership published", markup=False)


def _welcome(address: str) -> None:
    # On standard output by itself: what the server's processes say on the other is for programs.
    out.print(f"choose the password of the first account, once and within a day, at {address}", markup=False)
