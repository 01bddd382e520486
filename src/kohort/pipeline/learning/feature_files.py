"""A table about people, read from one CSV, Parquet or JSON lines file that belongs to no project."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kohort.collection.rows import Column, Rows, concatenated, trimmed
from kohort.collection.scalars import text_of
from kohort.collection.tables import open_rows
from kohort.errors import InputError, UsageError, did_you_mean, shorten
from kohort.learning.features.table import FeatureTable, Texts

Values = npt.NDArray[np.float64]

MOST_LEVELS: Final = 50
"""A text of more levels is no category, unless it is asked for."""
FEWEST_EACH: Final = 5
"""A text that fewer people share on average tells who somebody is rather than what they are like."""
_ID_WORDS: Final = frozenset({"id", "ids", "uuid", "key", "code", "number", "num", "numero", "identifiant", "siren"})


@dataclass(frozen=True)
class LeftOutColumn:
    """A column that is no feature, and why."""

    column: str
    reason: str


@dataclass(frozen=True, eq=False)
class FeatureFile:
    """What a file tells of people: their features, a value that orders clusters, and the columns left out.

    `value` is float64 of shape (people,), None where no column was named for it; `unknown` counts the rows of which
    not one number is known, which are left out.
    """

    table: FeatureTable
    value: Values | None
    left_out: tuple[LeftOutColumn, ...]
    unknown: int


def read_features(
    path: Path,
    *,
    id_column: str | None = None,
    features: Sequence[str] = (),
    ignored: Sequence[str] = (),
    value: str | None = None,
) -> FeatureFile:
    """Read the numbers and categories of a table, or those named as `features`; without ids people are numbered from 1.

    A column of text is a category if it has at most `MOST_LEVELS` levels and `FEWEST_EACH` people share one on average.
    Other texts are left out with the reason, and so are whole numbers that only name people (every one different, in a
    column called an id), unless they are asked for; times are left out whatever is asked.

    Raises UsageError for a column that is not there or to be both used and ignored; InputError for a line that is no
    row, ids that are missing or not distinct, an infinite number, a feature asked for that is neither number nor text,
    and a table without any number.
    """
    rows = concatenated(list(open_rows(path)))
    check_columns(path, rows, [*features, *ignored, *(one for one in (id_column, value) if one is not None)])
    both = sorted(set(features) & set(ignored))
    if both:
        raise UsageError(f'the column "{both[0]}" cannot be a feature and ignored')
    left_out: list[LeftOutColumn] = []
    numbers: dict[str, Values] = {}
    categories: dict[str, Texts] = {}
    for name, column in rows.columns.items():
        if name in ignored or name in (id_column, value) or (features and name not in features):
            continue
        found = _feature(path, name, column, asked=name in features)
        if isinstance(found, str):
            left_out.append(LeftOutColumn(name, found))
        elif isinstance(found, tuple):
            categories[name] = found
        else:
            numbers[name] = found
    ordering = None if value is None else _ordering(path, value, rows.columns[value])
    if not numbers:
        told = [*left_out, *(LeftOutColumn(name, "holds categories") for name in categories)]
        raise InputError(f"{path} has no column of numbers to group people by; {_reasons(told)}")
    return _people(path, rows, numbers, categories, id_column, ordering, tuple(left_out))


def _feature(path: Path, name: str, column: Column, *, asked: bool) -> Values | Texts | str:
    """Return the numbers or the categories of a column, or why it is no feature."""
    found = numbers_of(path, name, column)
    if isinstance(found, _Text):
        texts: Texts = tuple(trimmed(column.texts()).to_pylist())
        reason = "" if asked else _crowded(texts, found)
        return reason or texts
    if isinstance(found, str):
        if asked:
            raise InputError(f"{path}: the feature {name} {found}; leave it out of --features, or mend it")
        return found
    return ("" if asked else naming_reason(name, found)) or found


def check_columns(path: Path, rows: Rows, wanted: Sequence[str]) -> None:
    """Raise InputError for a line that is no row, UsageError for a column that is not there."""
    if rows.malformed:
        first = rows.malformed[0]
        raise InputError(
            f"{path}, line {first.line}: {first.reason}; mend it first, whoever is left out would be missing"
        )
    for name in wanted:
        if name not in rows.columns:
            raise UsageError(f'{path} has no column "{shorten(name)}"; {did_you_mean(name, rows.columns)}')


class _Text(str):
    """Why a column holds no numbers: it holds texts."""

    __slots__ = ()


def _crowded(texts: Texts, holds: str) -> str:
    """Return why texts are no category, or nothing."""
    known = [one for one in texts if one is not None]
    levels = len(set(known))
    if levels > MOST_LEVELS:
        return f"{holds}, and {levels:,} different ones: more than {MOST_LEVELS} are no category"
    if levels * FEWEST_EACH > len(known):
        return f"{holds}, which fewer than {FEWEST_EACH} people share on average: no category"
    return ""


def numbers_of(path: Path, name: str, column: Column) -> Values | str:
    """Return the numbers of a column, NaN where missing; or why they are none."""
    array = plain_array(column)
    kind = array.type
    if pa.types.is_null(kind):
        return "is empty"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "holds times; tell how long ago instead"
    if pa.types.is_string(kind):
        array = trimmed(array)
    try:
        values: Values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return _Text(f'holds text, such as "{shorten(_first_text(array))}"')
    except pa.ArrowNotImplementedError:
        return "holds lists"
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0]) + 1
        raise InputError(f"{path}, row {row}: {name} is infinite; leave the value empty where it is not known")
    return values


def plain_array(column: Column) -> pa.Array:
    """Return the values of a column with JSON read, and truth as 0 and 1."""
    array = (
        pa.array([None if one is None else text_of(one) for one in column.plain()]) if column.is_json else column.array
    )
    return array.cast(pa.int8()) if pa.types.is_boolean(array.type) else array


def _first_text(array: pa.Array) -> str:
    for text in array.drop_null().to_pylist():
        try:
            float(text)
        except ValueError:
            return str(text)
    return ""


def naming_reason(name: str, values: Values) -> str:
    """Return why a column only names people, or nothing."""
    words = set(name.lower().replace("-", "_").split("_"))
    known = values[~np.isnan(values)]
    whole = known.size == values.size and bool((known == np.floor(known)).all())
    if words & _ID_WORDS and whole and len(np.unique(known)) == known.size:
        return "is different for everyone and called an id: it names people"
    return ""


def _ordering(path: Path, name: str, column: Column) -> Values:
    found = numbers_of(path, name, column)
    if isinstance(found, str):
        raise InputError(f"{path}: the value {name} {found}; name a column of numbers with --value")
    return np.nan_to_num(found, nan=0.0)


def _people(
    path: Path,
    rows: Rows,
    numbers: dict[str, Values],
    categories: dict[str, Texts],
    id_column: str | None,
    ordering: Values | None,
    left_out: tuple[LeftOutColumn, ...],
) -> FeatureFile:
    values = np.column_stack(list(numbers.values()))
    known = np.asarray(~np.isnan(values).all(axis=1))
    if not known.any():
        raise InputError(f"{path}: of no row one of {', '.join(numbers)} is known")
    table = FeatureTable(tuple(_ids(path, rows, id_column, len(values))), tuple(numbers), values, categories)
    if not known.all():
        table = table.take(np.flatnonzero(known))
    return FeatureFile(table, None if ordering is None else ordering[known], left_out, int((~known).sum()))


def _ids(path: Path, rows: Rows, id_column: str | None, people: int) -> list[str]:
    if id_column is None:
        return [str(number) for number in range(1, people + 1)]
    told = [None if one is None else text_of(one).strip() or None for one in rows.columns[id_column].plain()]
    missing = next((number for number, one in enumerate(told, start=1) if one is None), None)
    if missing is not None:
        raise InputError(f'{path}, row {missing} has no "{id_column}"; each person needs an id of their own')
    ids = [one or "" for one in told]
    if len(set(ids)) < len(ids):
        twice = next(one for one, times in Counter(ids).items() if times > 1)
        raise InputError(
            f'{path}: several rows have the {id_column} "{shorten(twice)}"; a table of people has one row each'
        )
    return ids


def _reasons(left_out: Sequence[LeftOutColumn]) -> str:
    return "; ".join(f"{one.column} {one.reason}" for one in left_out) or "it has no other column than the id"
