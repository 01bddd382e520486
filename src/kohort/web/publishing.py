"""The publisher of the server: says in a topic who enters and leaves segments.

python -m kohort.web.publishing --project DIR --lifeline DESCRIPTOR
"""

import argparse
from pathlib import Path
from typing import Final

from kohort.clock import SystemClock
from kohort.errors import KohortError, LockedError
from kohort.pipeline.publishing import Publisher
from kohort.project import Project
from kohort.web.lifeline import Lifeline
from kohort.web.logs import Log

_PAUSE: Final = 0.2
"""The seconds between two looks at the membership log."""


class Publishing:
    """Publishes step by step; what fails is told once, and tried again at the next step."""

    def __init__(self, publisher: Publisher, log: Log) -> None:
        self._publisher, self._log = publisher, log
        self._failed = ""

    def step(self) -> None:
        """Publish what is new, as long as something is."""
        try:
            while rows := self._publisher.step():
                self._log.say("published", rows=rows)
        except LockedError:
            return
        except KohortError as error:
            if str(error) != self._failed:
                self._log.failed("step", error)
            self._failed = str(error)
        else:
            self._failed = ""


def main() -> None:
    """Publish until it is told to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    given = parser.parse_args()
    clock = SystemClock()
    lifeline, log = Lifeline(given.lifeline), Log("publisher", clock)
    lifeline.stop_on_signals()
    project = Project(given.project, clock=clock)
    while lifeline.wait(_PAUSE):
        try:
            with project.publishing() as publisher:
                publishing = Publishing(publisher, log)
                log.say("started")
                while lifeline.wait(_PAUSE):
                    publishing.step()
        except LockedError:
            continue  # a command publishes, and will soon have done so
    log.say("stopped")


if __name__ == "__main__":
    main()
