"""What the processes that answer HTTP share: uvicorn as we set it, on a socket that the server has opened."""

import argparse
import asyncio
import logging
import socket
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from kohort.web.heads import BoundedHeads
from kohort.web.lifeline import Lifeline
from kohort.web.logs import Log, ServerLog


def http_server(application: object, *, grace: int, **options: object) -> uvicorn.Server:
    """Return the HTTP server of an ASGI application; requests get `grace` seconds to end when it should."""
    settings: dict[str, object] = {
        "http": BoundedHeads,
        "loop": "uvloop",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": grace,
        "proxy_headers": False,
        **options,
    }
    return uvicorn.Server(uvicorn.Config(application, **settings))  # type: ignore[arg-type]


def arguments() -> argparse.Namespace:
    """Read the arguments that the server starts such a process with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--behind-proxy", action="store_true")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    return parser.parse_args()


def protection(given: argparse.Namespace) -> dict[str, object]:
    """Return uvicorn's options for TLS, or for a proxy that ends it."""
    tls = {"ssl_certfile": given.certificate, "ssl_keyfile": given.key} if given.certificate else {}
    proxy = {"proxy_headers": True, "forwarded_allow_ips": "*"} if given.behind_proxy else {}
    return {**tls, **proxy}


def log_server(log: Log) -> None:
    """Write what uvicorn logs to the log of the process."""
    logging.getLogger("uvicorn").handlers = [ServerLog(log)]


def serve_until_told(server: uvicorn.Server, given: argparse.Namespace, log: Log) -> None:
    """Serve on the socket given, and say so, until a signal comes or the supervisor is gone."""
    lifeline = Lifeline(given.lifeline)
    # uvicorn has its own handlers while it serves, and passes on what it got once it has finished.
    lifeline.stop_on_signals()
    log.say("started")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(server, socket.socket(fileno=given.socket), lifeline))


async def _serve(server: uvicorn.Server, listening: socket.socket, lifeline: Lifeline) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        loop.remove_reader(lifeline.descriptor)

    loop.add_reader(lifeline.descriptor, stop)
    loop.set_exception_handler(_report)
    await server.serve(sockets=[listening])


def _report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody foresaw as the server's own errors are, without what it says."""
    logging.getLogger("uvicorn.error").error("Exception on the event loop", exc_info=context.get("exception"))
