"""What `kohort.yaml` declares about the journal: how much of the disk it may take."""

import re
from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields

_SIZE: Final = re.compile(r"\s*(\d{1,9})\s*(kB|MB|GB|TB)\s*", re.ASCII)
_UNITS: Final = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True)
class JournalLimits:
    """The most bytes that the journal may hold (None: as many as the disk), and those to leave free on the disk."""

    quota: int | None = None
    reserve: int = 500 * 10**6


DEFAULT_LIMITS: Final = JournalLimits()


def parse_size(text: str) -> int:
    """Read a size such as "20 GB" as bytes; a GB is 10⁹ bytes.

    Raises ValueError if `text` is no whole positive number of kB, MB, GB or TB.

    >>> parse_size("20 GB")
    20000000000
    """
    match = _SIZE.fullmatch(text)
    if not match or int(match[1]) == 0:
        raise ValueError(f'"{text}" is no size such as "500 MB" or "20 GB"')
    return int(match[1]) * _UNITS[match[2]]


def journal_limits_of(fields: Fields | None) -> JournalLimits:
    """Read the field `journal` of `kohort.yaml`; raises DefinitionError for what is wrong.

    >>> journal_limits_of(Fields({"quota": "20GB"}, "kohort.yaml"))
    JournalLimits(quota=20000000000, reserve=500000000)
    """
    if fields is None:
        return DEFAULT_LIMITS
    limits = JournalLimits(
        fields.build("quota", parse_size) if fields.value("quota") is not None else None,
        fields.build("reserve", parse_size, default="500 MB"),
    )
    fields.refuse_unknown()
    return limits
