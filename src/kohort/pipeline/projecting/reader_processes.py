"""The processes that read a long journal together with this one.

Nothing else is imported here: a command starts them first, and they load their part while it loads its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

READ_HERE: Final = 32 * 2**20
"""So many bytes are read in this process before it pays to start others."""
_MOST: Final = 4
_PIPE: Final = 2**20
"""How many bytes a process can be handed at once."""


class ReaderProcesses:
    """Processes that read; as many as there are processors, none until they are started.

    >>> with ReaderProcesses() as readers:
    ...     len(readers.running)
    0
    """

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[bytes]] = []
        self.are_stopped = False

    def start(self) -> None:
        """Start them, unless they run or there is one processor only."""
        count = min(os.cpu_count() or 1, _MOST)
        if self.running or count == 1:
            return
        self.are_stopped = False
        for _ in range(count):
            command = [sys.executable, "-m", "kohort.pipeline.projecting.reader"]
            process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, pipesize=_PIPE
            )
            self.running.append(process)

    def start_for(self, project: Path) -> None:
        """Start them if the journal in a project's folder is long enough for that; see `ProjectFolder`."""
        if sum(path.stat().st_size for path in (project / "data" / "journal").glob("*.journal")) > READ_HERE:
            self.start()

    def stop(self) -> None:
        """End them, whatever they do; `reap` waits until they have ended."""
        self.are_stopped = True
        for process in self.running:
            process.kill()

    def reap(self) -> None:
        """Wait until those that were stopped have ended."""
        for process in self.running:
            process.communicate()
        self.running = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.reap()
