"""Months in a project's time zone."""

from datetime import datetime
from typing import Final

from kohort.clock import Moment, datetime_of, moment_of
from kohort.pipeline.workspace import Workspace

_MONTHS_A_YEAR: Final = 12


def month_ends(at: Moment, months: int, workspace: Workspace) -> list[Moment]:
    """Return the ends of the last so many months that have ended by `at`, in the project's time zone."""
    zone = workspace.settings.zone
    now = datetime_of(at, zone)
    last = now.year * _MONTHS_A_YEAR + now.month
    starts = (divmod(number - 1, _MONTHS_A_YEAR) for number in range(last - months + 1, last + 1))
    # A month ends a microsecond before the next one begins.
    return [moment_of(datetime(year, month + 1, 1, tzinfo=zone)) - 1 for year, month in starts]
