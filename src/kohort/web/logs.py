"""What the server says: one JSON object a line, made of counts, codes and names of things, never of people."""

import logging
import sys
from typing import Final, TextIO
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Clock, format_moment
from kohort.errors import CorruptionError, DefinitionError, KohortError, LockedError, StorageError, TopicError

_UTC: Final = ZoneInfo("UTC")
# Their messages speak of files and of the disk; those of others may repeat what somebody sent.
_TOLD: Final = (CorruptionError, DefinitionError, LockedError, StorageError, TopicError)


class Log:
    r"""Writes lines of one process.

    >>> from io import StringIO
    >>> from kohort.testing.clock import SettableClock
    >>> lines = StringIO()
    >>> Log("collector", SettableClock(0), lines).say("started", port=8000)
    >>> lines.getvalue()
    '{"time":"1970-01-01T00:00:00+00:00","process":"collector","event":"started","port":8000}\n'
    """

    def __init__(self, process: str, clock: Clock, out: TextIO | None = None) -> None:
        self._process, self._clock, self._out = process, clock, out

    def say(self, event: str, **fields: str | float | dict[str, int]) -> None:
        """Write one line."""
        line = {"time": format_moment(self._clock.now(), _UTC), "process": self._process, "event": event, **fields}
        out = self._out or sys.stderr
        out.write(msgspec.json.encode(line).decode() + "\n")
        out.flush()

    def failed(self, what: str, error: KohortError) -> None:
        """Write that something failed; the reason is told where it cannot repeat what somebody sent."""
        reason = str(error) if isinstance(error, _TOLD) else ""
        self.say("failed", what=what, error=type(error).__name__, reason=reason)


class ServerLog(logging.Handler):
    """Passes on what the HTTP server logs: its words, and of an error where it happened, not what it says."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record of the server's."""
        fields = {"level": record.levelname.lower(), "message": str(record.msg)[:200]}
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                fields["place"] = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        self._log.say("server", **fields)


def collector_name(number: int, many: int) -> str:
    """Return what one of so many processes that collect is called.

    >>> collector_name(1, 1), collector_name(2, 4)
    ('collector', 'collector 2')
    """
    return "collector" if many == 1 else f"collector {number}"
