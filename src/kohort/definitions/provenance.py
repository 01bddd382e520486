"""What a value's source says of it: who told it, and how it was made if nobody did.

A score that repairs values, or finds places, writes each of them with its own name as the source, and what it made
itself with a mark behind it: `fill (imputed by mice)`. The source is kept with every value, so the mark goes wherever
the value goes.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

_MARKED: Final = re.compile(r"(?P<name>.*) \((?P<mark>(?:imputed|capped|placed|joined) by [^()]+)\)", re.DOTALL)


class Mark(StrEnum):
    """What was done to a value that nobody told as it is."""

    IMPUTED = "imputed"
    CAPPED = "capped"
    PLACED = "placed"
    JOINED = "joined"


class Provenance(NamedTuple):
    """The source or score that a value comes from, and its mark such as "imputed by mice", "" for none."""

    name: str
    mark: str


def mark_of(mark: Mark, method: str) -> str:
    """Return the mark of a value that a method made.

    >>> mark_of(Mark.IMPUTED, "mice")
    'imputed by mice'
    """
    return f"{mark} by {method}"


def marked_source(name: str, mark: str) -> str:
    """Return the source of a value with a mark.

    >>> marked_source("fill", mark_of(Mark.IMPUTED, "mice"))
    'fill (imputed by mice)'
    """
    return f"{name} ({mark})"


def provenance_of(source: str) -> Provenance:
    """Return what a value's source says.

    >>> provenance_of("fill (imputed by mice)"), provenance_of("crm")
    (Provenance(name='fill', mark='imputed by mice'), Provenance(name='crm', mark=''))
    """
    found = _MARKED.fullmatch(source)
    return Provenance(source, "") if found is None else Provenance(found["name"], found["mark"])
