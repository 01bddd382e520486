"""A table of examples: a row of features and whether the goal was reached, read from one file of no project."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from kohort.clock import parse_moment
from kohort.collection.rows import Column, Rows, concatenated, trimmed
from kohort.collection.tables import open_rows
from kohort.errors import InputError, UsageError, shorten
from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.examples import Examples, alike
from kohort.pipeline.learning.feature_files import LeftOutColumn, check_columns, naming_reason, numbers_of, plain_array

_YES: Final = frozenset({"1", "1.0", "true", "yes", "y", "oui", "o", "vrai", "t", "positive", "churned", "churn"})
_NO: Final = frozenset({"0", "0.0", "false", "no", "n", "non", "faux", "f", "negative", "-1", "-1.0", ""})
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, eq=False)
class ExampleFile:
    """What a file tells to learn from: examples, the label's value that was taken as reaching the goal, and the rest.

    `unlabelled` counts rows without a label, which are left out; `repeats` rows that are of somebody seen before.
    """

    examples: Examples
    label: str
    positive: str
    left_out: tuple[LeftOutColumn, ...]
    unlabelled: int

    @property
    def repeats(self) -> int:
        """How many rows are of a person who has another."""
        return len(self.examples) - self.examples.people


def read_examples(
    path: Path,
    *,
    label: str,
    positive: str | None = None,
    id_column: str | None = None,
    time_column: str | None = None,
    ignored: Sequence[str] = (),
    missing_is_no: bool = False,
) -> ExampleFile:
    """Read numbers and texts as features, and one column as the label.

    Rows of one `id_column` are one person's; without it rows alike in everything are. Columns of times, lists and
    whole numbers that only name people are left out with the reason. Raises UsageError for a column that is not
    there, InputError for a label without two values or with more and no `positive`, and a time that is none. Rows
    without a label are left out, unless that is a no, as where a column marks the members of something.
    """
    rows = concatenated(list(open_rows(path)))
    special = [label, *(one for one in (id_column, time_column) if one is not None)]
    check_columns(path, rows, [*special, *ignored])
    told = trimmed(rows.columns[label].texts()).to_pylist()
    answers = [one for one in told if one is not None]
    if missing_is_no and len(set(answers)) == 1 and len(answers) < len(told):
        answers.append("")
    value = positive_of(path, label, answers, positive)
    kept = np.array([place for place, one in enumerate(told) if missing_is_no or one is not None], dtype=np.int64)
    columns = {name: column.take(kept) for name, column in rows.columns.items() if name not in {*special, *ignored}}
    table, left_out = _table(path, columns, tuple(str(row + 1) for row in kept.tolist()))
    reached = np.array([told[row] == value for row in kept.tolist()])
    groups = alike(table, reached) if id_column is None else _people(path, id_column, rows, kept)
    times = None if time_column is None else _times(path, time_column, rows, kept)
    return ExampleFile(Examples(table, reached, groups, times), label, value, left_out, len(told) - len(kept))


def positive_of(path: Path, label: str, told: Sequence[str], asked: str | None) -> str:
    """Return the value that means that the goal was reached: the one asked for, the yes of two, or the rarer of two."""
    counts = Counter(told)
    if asked is not None:
        if asked not in counts:
            raise UsageError(f'no row has the {label} "{shorten(asked)}"; it holds {_listed(counts)}')
        if len(counts) == 1:
            raise InputError(f'{path}: every row has the {label} "{shorten(asked)}"; nothing can be learnt from that')
        return asked
    if len(counts) != 2:  # noqa: PLR2004 - yes and no
        raise InputError(
            f"{path}: {label} holds {len(counts)} values ({_listed(counts)}) and not two; name with --positive the one "
            f"that means that the goal was reached"
        )
    first, second = counts
    for one, other in ((first, second), (second, first)):
        if one.lower() in _YES or other.lower() in _NO:
            return one
    return min(counts, key=lambda one: (counts[one], one))


def _listed(counts: Counter[str]) -> str:
    most = [f'"{shorten(one)}"' for one, _ in counts.most_common(3)]
    return ", ".join(most) + (", …" if len(counts) > len(most) else "") if most else "nothing"


def _table(
    path: Path, columns: dict[str, Column], row_numbers: tuple[str, ...]
) -> tuple[FeatureTable, tuple[LeftOutColumn, ...]]:
    numbers: dict[str, np.ndarray] = {}
    texts: dict[str, tuple[str | None, ...]] = {}
    left_out = []
    for name, column in columns.items():
        found = numbers_of(path, name, column)
        if not isinstance(found, str):
            reason = naming_reason(name, found)
            if reason:
                left_out.append(LeftOutColumn(name, reason))
            else:
                numbers[name] = found
        elif pa.types.is_string(plain_array(column).type):
            texts[name] = tuple(trimmed(column.texts()).to_pylist())
        else:
            left_out.append(LeftOutColumn(name, found))
    if not numbers and not texts:
        told = "; ".join(f"{one.column} {one.reason}" for one in left_out)
        raise InputError(f"{path} has no column to learn from; {told or 'it has no other than the label'}")
    values = np.column_stack(list(numbers.values())) if numbers else np.empty((len(row_numbers), 0))
    table = FeatureTable(row_numbers, tuple(numbers), values, texts)
    return table, tuple(left_out)


def _people(path: Path, name: str, rows: Rows, kept: np.ndarray) -> np.ndarray:
    told = trimmed(rows.columns[name].texts()).to_pylist()
    for row in kept.tolist():
        if told[row] is None:
            raise InputError(f'{path}, {rows.place(row)} has no "{name}"; each row needs the id of its person')
    people: np.ndarray = np.unique([told[row] for row in kept.tolist()], return_inverse=True)[1].astype(np.int64)
    return people


def _times(path: Path, name: str, rows: Rows, kept: np.ndarray) -> np.ndarray:
    """Return the time of each row: microseconds, or the number itself, such as a week."""
    column = rows.columns[name]
    found = numbers_of(path, name, column)
    if not isinstance(found, str):
        if np.isnan(found[kept]).any():
            raise InputError(f"{path}: a row has no {name}; each row needs the time up to which it knows")
        places: np.ndarray = np.unique(found, return_inverse=True)[1][kept].astype(np.int64)
        return places
    moments = []
    for row, text in zip(kept.tolist(), column.take(kept).texts().to_pylist(), strict=True):
        try:
            moments.append(parse_moment(text or "", _UTC))
        except ValueError as error:
            raise InputError(
                f'{path}, {rows.place(row)}: {name} is "{shorten(text or "")}", no time such as 2026-01-31'
            ) from error
    return np.array(moments, dtype=np.int64)
