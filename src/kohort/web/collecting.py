"""The process of the collector: the application on uvicorn, its journal, its log.

python -m kohort.web.collecting --project DIR --lifeline DESCRIPTOR --socket DESCRIPTOR [--behind-proxy]
    [--certificate FILE --key FILE] [--number NUMBER]

Of several that share the work each has its number, and leaves what it has counted in a file for the others.
"""

import gc
from collections import Counter
from functools import partial
from typing import Final

import uvicorn

from kohort.clock import MINUTE, Clock, SystemClock
from kohort.errors import BrokerError, TopicError
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journals import open_intake
from kohort.web.collector import Collector
from kohort.web.direct import DirectProtocol
from kohort.web.listening import arguments, http_server, log_server, protection, serve_until_told
from kohort.web.logs import Log, collector_name
from kohort.web.measurements import mount_metrics
from kohort.web.outcomes import Outcome
from kohort.web.pixel.serving import mount_pixel
from kohort.web.rates import Rates, SharedBuckets
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
    server = http_server(collector, grace=_GRACE, http=partial(DirectProtocol, collector), **options)
    collector.ready = lambda: not server.should_exit
    return server


def tune_collection() -> None:
    """Look for cycles of garbage seldom: a request makes thousands of objects and no cycle."""
    gc.freeze()
    gc.set_threshold(100_000)


def main() -> None:
    """Serve until told to end; then finish what has begun."""
    given = arguments()
    clock = SystemClock()
    project = Project(given.project, clock=clock)
    settings = project.settings
    many = settings.collect.processes
    log = Log(collector_name(given.number, many), clock)
    log_server(log)
    journal = project.open_journal()
    try:
        journal.last_seq()
    except (BrokerError, TopicError) as error:
        # Whoever sends is told to come again, until it can be used.
        log.failed("journal", error)
    commits = GroupCommit(open_intake(project.folder, settings, journal), clock)
    collector = Collector(project.keys, commits, clock, settings.collect, project.withholding())
    shared = project.folder.collectors if many > 1 else None
    if shared is not None:
        shared.mkdir(parents=True, exist_ok=True)
        collector.rates = Rates(buckets=SharedBuckets(shared))
    mount_pixel(collector)
    mount_webhooks(collector, project.webhooks())
    others = (project.folder.measurements, project.folder.delivery_measurements)
    counts = mount_metrics(
        collector, project.keys, *others, shared=shared, number=given.number, trouble=partial(log.failed, "counts")
    )
    mount_watch(collector, project.keys, project.watch())
    summary = Summary(log, clock)
    collector.outcomes.listen(summary.note)
    tune_collection()
    with counts:
        serve_until_told(server_of(collector, **protection(given)), given, log)
        commits.close()
    summary.say()
    log.say("stopped")


if __name__ == "__main__":
    main()
