"""CDNOW: what the 23,570 people bought who first bought in the first quarter of 1997, up to June 1998.

Fader and Hardie 2001, Forecasting repeat sales at CDNOW, Interfaces 31:S94. The files come with the package
`lifetimes`, which nobody keeps any more: `make .venv/cdnow/.ready` unpacks it by itself, and nothing of it runs.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from kohort.errors import InputError

SAMPLE: Final = "CDNOW_sample.txt"
"""A tenth of the people, 2,357: the one of which results are published."""
MASTER: Final = "CDNOW_master.txt"
"""All 23,570 of them, 69,659 purchases."""


@dataclass(frozen=True)
class CdnowPurchases:
    """One entry a purchase, in the order of the file: who, on which day, and for how many dollars."""

    people: tuple[str, ...]
    days: tuple[date, ...]
    amounts: tuple[float, ...]


def read_cdnow(folder: Path, name: str = SAMPLE) -> CdnowPurchases:
    """Return the purchases of `SAMPLE` or of `MASTER`; raises InputError if the file is not in the folder."""
    path = folder / name
    if not path.exists():
        raise InputError(f"there is no {path}; unpack CDNOW's data with: make .venv/cdnow/.ready")
    rows = [
        line.split()
        for line in path.read_text(encoding="ascii").splitlines()
        if line.strip() and not line.strip(" .0123456789")
    ]
    # The sample tells two numbers of each person, the master a line of titles.
    people, days, _, amounts = zip(*(row[-4:] for row in rows), strict=True)
    return CdnowPurchases(people, tuple(date.fromisoformat(day) for day in days), tuple(map(float, amounts)))
