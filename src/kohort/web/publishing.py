"""The publisher of the server: says in a topic who enters and leaves segments.

python -m kohort.web.publishing --project DIR --lifeline DESCRIPTOR
"""

from typing import Final

from kohort.errors import LockedError
from kohort.pipeline.projecting.leading import Lead
from kohort.pipeline.segments.publishing import Publisher
from kohort.web.logs import Log
from kohort.web.worker import Failures, Worker

_PAUSE: Final = 0.2
"""The seconds between two looks at the membership log."""


class Publishing:
    """Publishes step by step, where its folder leads; what fails is told once, and tried again at the next step."""

    def __init__(self, publisher: Publisher, lead: Lead, log: Log) -> None:
        self._publisher, self._lead, self._log = publisher, lead, log
        self._failures = Failures(log)

    def step(self) -> None:
        """Publish what is new, as long as something is."""
        with self._failures.told():
            while self._lead.is_here() and (rows := self._publisher.step()):
                self._log.say("published", rows=rows)


def main() -> None:
    """Publish until it is told to end."""
    worker = Worker.of_arguments("publisher")
    lifeline, log = worker.lifeline, worker.log
    while lifeline.wait(_PAUSE):
        try:
            with worker.project.publishing() as publisher:
                publishing = Publishing(publisher, Lead(worker.project.folder), log)
                log.say("started")
                while lifeline.wait(_PAUSE):
                    publishing.step()
        except LockedError:
            continue  # a command publishes, and will soon have done so
    log.say("stopped")


if __name__ == "__main__":
    main()
