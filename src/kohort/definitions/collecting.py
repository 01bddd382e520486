"""What `kohort.yaml` declares of collecting: how much a request, and the collector, may hold."""

from dataclasses import dataclass, replace
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.journal import parse_size
from kohort.errors import DefinitionError

_MOST_PROCESSES: Final = 64


@dataclass(frozen=True)
class CollectLimits:
    """The most that the collector takes: bytes of an event and of a batch, events of a batch, bytes waiting in all.

    `waiting` bounds the memory of requests that are being read or written to the journal; what would exceed it is told
    to come again later. So many `processes` share the work, and what may wait.
    """

    event: int = 32 * 2**10
    batch: int = 500 * 2**10
    events: int = 2_500
    waiting: int = 64 * 2**20
    processes: int = 1

    @property
    def share(self) -> "CollectLimits":
        """The limits of one of the processes."""
        return replace(self, waiting=self.waiting // self.processes)


DEFAULT_LIMITS: Final = CollectLimits()


def collect_limits_of(fields: Fields | None) -> CollectLimits:
    """Read `collect:` of `kohort.yaml`; raises DefinitionError.

    >>> collect_limits_of(Fields({"event": "64 kB"}, "kohort.yaml", "collect")).event
    64000
    """
    if fields is None:
        return DEFAULT_LIMITS
    limits = CollectLimits(
        event=_size(fields, "event", DEFAULT_LIMITS.event),
        batch=_size(fields, "batch", DEFAULT_LIMITS.batch),
        events=fields.integer("events", default=DEFAULT_LIMITS.events),
        waiting=_size(fields, "waiting", DEFAULT_LIMITS.waiting),
        processes=fields.integer("processes", default=DEFAULT_LIMITS.processes),
    )
    fields.refuse_unknown()
    if limits.events < 1:
        raise fields.wrong("events", "a number of events from 1 on", limits.events)
    if not 1 <= limits.processes <= _MOST_PROCESSES:
        raise fields.wrong("processes", f"a number of processes from 1 to {_MOST_PROCESSES}", limits.processes)
    if not limits.event <= limits.batch <= limits.share.waiting:
        raise DefinitionError(
            f"{fields.place('batch')}: an event must fit a batch, and a batch what may wait in one process"
        )
    return limits


def _size(fields: Fields, name: str, default: int) -> int:
    return default if fields.value(name) is None else fields.build(name, parse_size)
