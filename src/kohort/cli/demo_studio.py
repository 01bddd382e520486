"""How `kohort demo` ends on a terminal: with the studio on what it has made."""

import os
import socket
import sys
from typing import Final

from kohort.cli.output import out
from kohort.governance.accounts import welcome_address
from kohort.governance.audit import OPERATOR
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.web.serving import ServeOptions, serve_project

_COLLECTOR: Final = 8000
_STUDIO: Final = 8001
_HOST: Final = "127.0.0.1"


def somebody_looks() -> bool:
    """Return whether there is a terminal, and not one of a build."""
    return sys.stdout.isatty() and os.environ.get("CI", "").lower() not in {"1", "true"}


def serve_demo(project: Project) -> None:
    """Serve a project until Ctrl-C, and say where, with a link that signs its first account in once."""
    now = project.clock.now()
    if not any(one.kind == "write" and one.state(now) == "active" for one in project.keys.list()):
        plain, _ = project.keys.create_write("web")
        out.print(f"\nA write key for its collector, shown this once: {plain}", markup=False, highlight=False)
    options = ServeOptions(port=_free(_COLLECTOR), api_port=_free(_STUDIO))
    admins = [one.name for one in project.accounts.list() if one.role is Role.ADMIN and one.state == "active"]
    if admins:
        # Whoever runs the demo owns its folder: a link of today instead of yesterday's password.
        _say(welcome_address(options.address(options.api_port), project.accounts.link(admins[0], OPERATOR)))
    serve_project(project, options, _say)


def _say(address: str) -> None:
    out.print(f"\nThe studio, until Ctrl-C. Open this link, which works once:\n  {address}\n", markup=False)


def _free(port: int) -> int:
    """Return a port that is free: this one, if nobody has it."""
    for wanted in (port, 0):
        try:
            with socket.create_server((_HOST, wanted)) as listening:
                found: int = listening.getsockname()[1]
                return found
        except OSError:
            continue
    return 0
