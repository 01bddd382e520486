"""What the server's processes that work step by step have in common."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kohort.clock import SystemClock
from kohort.errors import KohortError, LockedError, StorageError
from kohort.project import Project
from kohort.web.lifeline import Lifeline
from kohort.web.logs import Log


@dataclass(frozen=True)
class Worker:
    """What a process works on, how it learns that it should end, and where it says what it does."""

    project: Project
    lifeline: Lifeline
    log: Log

    @classmethod
    def of_arguments(cls, name: str) -> "Worker":
        """Return what the command line says: `--project DIR --lifeline DESCRIPTOR`; signals end it from now on."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--project", type=Path, required=True)
        parser.add_argument("--lifeline", type=int, required=True)
        given = parser.parse_args()
        lifeline = Lifeline(given.lifeline)
        lifeline.stop_on_signals()
        clock = SystemClock()
        return cls(Project(given.project, clock=clock), lifeline, Log(name, clock))


class Failures:
    """Tells what fails once, until it works again.

    >>> from io import StringIO
    >>> from kohort.testing.clock import SettableClock
    >>> lines = StringIO()
    >>> failures = Failures(Log("engine", SettableClock(), lines))
    >>> for _ in range(2):
    ...     with failures.told():
    ...         raise KohortError("the disk is full")
    >>> len(lines.getvalue().splitlines())
    1
    """

    def __init__(self, log: Log) -> None:
        self._log, self._last = log, ""

    def _tell(self, error: KohortError) -> None:
        if str(error) != self._last:
            self._log.failed("step", error)
        self._last = str(error)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Do a step: what fails is told and tried again at the next; so is, in silence, what another has locked."""
        try:
            yield
        except LockedError:
            return
        except FileNotFoundError as error:
            # A rebuild drops all tables while somebody reads them; the next step finds others.
            self._tell(StorageError(f"{error.filename} went while it was read; it is looked for again"))
        except KohortError as error:
            self._tell(error)
        else:
            self._last = ""
