"""The process of the collector: the application on uvicorn, its journal, its log.

python -m kohort.web.collecting --project DIR --lifeline DESCRIPTOR --socket DESCRIPTOR [--behind-proxy]
    [--certificate FILE --key FILE]
"""

import argparse
import asyncio
import gc
import logging
import socket
from collections import Counter
from pathlib import Path
from typing import Final

import uvicorn
import uvloop

from kohort.clock import MINUTE, Clock, SystemClock
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.web.collector import Collector
from kohort.web.heads import BoundedHeads
from kohort.web.lifeline import Lifeline
from kohort.web.logs import Log, ServerLog
from kohort.web.measurements import mount_metrics
from kohort.web.outcomes import Outcome
from kohort.web.pixel.serving import mount_pixel
from kohort.web.watching import mount_watch
from kohort.web.webhooks import mount_webhooks

_GRACE: Final = 20
"""The seconds that requests get to end when the process should."""


class Summary:
    """Says, at most once a minute, how many events were stored and refused, and why."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._since = clock.now()
        self._stored: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def note(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.received is not None:
            self._stored[outcome.source] += len(outcome.received.events)
        self._refused.update([outcome.code] if outcome.code else [error.code for error in outcome.errors])
        if outcome.withheld:
            self._refused["consent_required"] += outcome.withheld
        # A clock may also go back: then nothing is known of how long it was.
        if not 0 <= self._clock.now() - self._since < MINUTE:
            self.say()

    def say(self) -> None:
        """Write what was counted, if anything was."""
        if self._stored or self._refused:
            self._log.say("received", stored=dict(self._stored), refused=dict(self._refused))
        self._since = self._clock.now()
        self._stored.clear()
        self._refused.clear()


def server_of(collector: Collector, **options: object) -> uvicorn.Server:
    """Return the HTTP server of a collector, as every way to start one configures it."""
    settings: dict[str, object] = {
        "http": BoundedHeads,
        "loop": "uvloop",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE,
        "proxy_headers": False,
        **options,
    }
    server = uvicorn.Server(uvicorn.Config(collector, **settings))  # type: ignore[arg-type]
    collector.ready = lambda: not server.should_exit
    return server


def tune_collection() -> None:
    """Look for cycles of garbage seldom: a request makes thousands of objects and no cycle."""
    gc.freeze()
    gc.set_threshold(100_000)


def main() -> None:
    """Serve until told to end; then finish what has begun."""
    given = _arguments()
    clock = SystemClock()
    log = Log("collector", clock)
    logging.getLogger("uvicorn").handlers = [ServerLog(log)]
    project = Project(given.project, clock=clock)
    settings = project.settings
    commits = GroupCommit(Journal(project.folder.journal, settings.journal), clock)
    collector = Collector(project.keys, commits, clock, settings.collect, project.withholding())
    mount_pixel(collector)
    mount_webhooks(collector, project.webhooks())
    mount_metrics(collector, project.keys, project.folder.measurements, project.folder.delivery_measurements)
    mount_watch(collector, project.keys, project.watch())
    summary = Summary(log, clock)
    collector.outcomes.listen(summary.note)
    tls = {"ssl_certfile": given.certificate, "ssl_keyfile": given.key} if given.certificate else {}
    proxy = {"proxy_headers": True, "forwarded_allow_ips": "*"} if given.behind_proxy else {}
    server = server_of(collector, **tls, **proxy)
    lifeline = Lifeline(given.lifeline)
    # uvicorn has its own handlers while it serves, and passes on what it got once it has finished.
    lifeline.stop_on_signals()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        log.say("started")
        tune_collection()
        runner.run(_serve(server, socket.socket(fileno=given.socket), lifeline))
    commits.close()
    summary.say()
    log.say("stopped")


async def _serve(server: uvicorn.Server, listening: socket.socket, lifeline: Lifeline) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        loop.remove_reader(lifeline.descriptor)

    loop.add_reader(lifeline.descriptor, stop)
    await server.serve(sockets=[listening])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--behind-proxy", action="store_true")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
