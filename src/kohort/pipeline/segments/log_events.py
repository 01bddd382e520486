"""What a row of the membership log says to the world: the same in the API's stream and in a topic."""

from collections.abc import Mapping
from typing import Any

import msgspec

from kohort.clock import format_utc


class LogEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a row of the log tells: `retracts` is the id of a row that never was."""

    id: int
    segment: str
    version: int
    person_id: str
    change: str
    effective_at: str
    recorded_at: str
    cause: str
    retracts: int | None = None

    @property
    def kind(self) -> str:
        """Return "entered" or "left", or "retracted" for what takes an earlier one back."""
        return self.change if self.retracts is None else "retracted"


def event_of(row: Mapping[str, Any]) -> LogEvent:
    """Return what a row of the log tells.

    >>> row = {"seq": 7, "segment": "vip", "version": 1, "person_id": "p", "change": "left", "effective_at": 0,
    ...        "recorded_at": 0, "cause": "history", "corrects": None}
    >>> event_of(row).kind
    'left'
    """
    return LogEvent(
        row["seq"],
        row["segment"],
        row["version"],
        row["person_id"],
        row["change"],
        format_utc(row["effective_at"]),
        format_utc(row["recorded_at"]),
        row["cause"],
        row["corrects"],
    )
