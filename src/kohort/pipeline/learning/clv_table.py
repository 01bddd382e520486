"""Customer lifetime value of a table of purchases: no project, a row a purchase."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import DAY, parse_moment
from kohort.collection.rows import Column, Rows, trimmed
from kohort.collection.tables import open_rows
from kohort.errors import InputError, UsageError, did_you_mean, shorten
from kohort.learning.value.bayesian import SAMPLED, Posteriors, posteriors_of
from kohort.learning.value.contest import MODELS
from kohort.learning.value.results import Foreteller, Terms, ValueStudy
from kohort.learning.value.study import Valued, study_value
from kohort.learning.value.summaries import Purchases, merge_days
from kohort.pipeline.learning.purchases import days_of

MOST_TOLD: Final = 20
"""How many rows that cannot be read are told one by one."""
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class BadRow:
    """A row that is left out: where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True, eq=False)
class TransactionFile:
    """The purchases of a file, the ids of people in the order of their numbers, how many rows, and those left out.

    `bad` are the first `MOST_TOLD` of `left_out` rows. Rows without an amount are purchases of an unknown price.
    """

    purchases: Purchases
    people: tuple[str, ...]
    rows: int
    left_out: int
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, eq=False)
class TableValue:
    """What was found of the value of a file's people, and what each is worth; `posterior` where it was asked for."""

    file: TransactionFile
    study: ValueStudy
    valued: Valued
    posterior: Posteriors | None = None


class _Reader:
    """Reads purchases, a stretch at a time: what stays of a row is three numbers."""

    def __init__(self, path: Path, columns: tuple[str, str, str], zone: ZoneInfo) -> None:
        self._path, self._columns, self._zone = path, columns, zone
        self._codes: dict[str, int] = {}
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
        self._rows = self._left_out = 0
        self._bad: list[BadRow] = []

    def read(self) -> TransactionFile:
        """Return all purchases of the file."""
        for rows in open_rows(self._path):
            self._take(rows)
        person, day, amount = (np.concatenate(one) for one in zip(*self._parts, strict=True))
        people = tuple(self._codes)
        return TransactionFile(Purchases(person, day, amount), people, self._rows, self._left_out, tuple(self._bad))

    def _take(self, rows: Rows) -> None:
        for name in self._columns:
            if name not in rows.columns:
                raise UsageError(f'{self._path} has no column "{shorten(name)}"; {did_you_mean(name, rows.columns)}')
        for line in rows.malformed:
            self._tell(f"line {line.line}", line.reason)
        self._rows += len(rows) + len(rows.malformed)
        person, time, amount = (rows.columns[name] for name in self._columns)
        who = person.texts()
        days, wrong_day = self._days(time)
        paid, wrong_amount = _amounts(amount)
        nobody = np.array(trimmed(who).is_null().to_numpy(zero_copy_only=False))
        for wrong, name, said in (
            (nobody, self._columns[0], "is empty"),
            (wrong_day & ~nobody, self._columns[1], "is no time such as 2026-01-31"),
            (wrong_amount & ~wrong_day & ~nobody, self._columns[2], "is no amount such as 12.50"),
        ):
            for place in np.flatnonzero(wrong).tolist():
                self._tell(rows.place(place), f"{name} {said}")
        good = ~(nobody | wrong_day | wrong_amount)
        coded = who.filter(pa.array(good)).dictionary_encode()
        codes = [self._codes.setdefault(one, len(self._codes)) for one in coded.dictionary.to_pylist()]
        numbers = np.array(codes, dtype=np.int64)[coded.indices.to_numpy()] if codes else np.zeros(0, dtype=np.int64)
        self._parts.append((numbers, days[good], paid[good]))

    def _tell(self, place: str, reason: str) -> None:
        self._left_out += 1
        if len(self._bad) < MOST_TOLD:
            self._bad.append(BadRow(place, reason))

    def _days(self, column: Column) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the day of each time in the business's time zone, and which are none."""
        kind = column.array.type
        if pa.types.is_date(kind):
            array = column.array.cast(pa.int32())
            wrong = np.array(pc.is_null(array).to_numpy(zero_copy_only=False))
            return pc.fill_null(array, 0).to_numpy().astype(np.int64), wrong
        if pa.types.is_timestamp(kind):
            array = column.array if kind.tz else pc.assume_timezone(column.array, self._zone.key, ambiguous="earliest",
                                                                    nonexistent="latest")  # fmt: skip
            wrong = np.array(pc.is_null(array).to_numpy(zero_copy_only=False))
            return days_of(pc.fill_null(array.cast(pa.int64()), 0), self._zone.key), wrong
        coded = column.texts().dictionary_encode()
        known = [self._day(text) for text in coded.dictionary.to_pylist()]
        table = np.array([*(0 if one is None else one for one in known), 0], dtype=np.int64)
        faulty = np.array([*(one is None for one in known), True])
        places = pc.fill_null(coded.indices, len(known)).to_numpy()
        return table[places], faulty[places]

    def _day(self, text: str) -> int | None:
        try:
            if len(text) == len("2026-01-31"):
                return (date.fromisoformat(text) - _EPOCH).days
            return int(days_of(pa.array([parse_moment(text, self._zone)]), self._zone.key)[0])
        except ValueError:
            return None


def read_transactions(path: Path, *, person: str, time: str, amount: str, zone: ZoneInfo) -> TransactionFile:
    """Read a file with a purchase a row; times without an offset are of the zone, and days are those of the zone.

    Raises UsageError for a column that is not there, InputError for a file that cannot be read or has no purchase.
    """
    found = _Reader(path, (person, time, amount), zone).read()
    if not len(found.purchases.person):
        raise InputError(
            f"{path}: no row is a purchase" + "".join(f"; {one.place}: {one.reason}" for one in found.bad[:1])
        )
    return found


def value_table(
    file: TransactionFile,
    *,
    until: date | None = None,
    horizon: int = 365 * DAY,
    discount: float = 0.1,
    margin: float = 1.0,
    model: Foreteller | None = None,
    posterior: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> TableValue:
    """Return what people will be worth after the day `until` (by default the last one of the file).

    What the file tells of later days is held out: models are judged by it, and learn nothing from it. With `posterior`
    the distributions of the chosen model's parameters are sampled too, which needs the extra `[bayes]` and minutes.

    Raises UsageError where nobody had bought, or a `posterior` is asked of a model of which none is sampled.
    """
    if posterior and model is not None and model not in SAMPLED:
        raise _without_posterior(model)
    merged, told = merge_days(file.purchases)
    end = int(merged.day.max()) if until is None else (until - _EPOCH).days
    if not (merged.day <= end).any():
        raise UsageError(f"nobody had bought yet at the end of {until}; take a later day with --until")
    terms = Terms(horizon / (7 * DAY), discount, margin)
    study, valued = study_value(merged, told, end, terms, model=model, seed=seed, progress=progress)
    if not posterior:
        return TableValue(file, study, valued)
    if study.chosen not in SAMPLED:
        raise _without_posterior(study.chosen)
    sampled = posteriors_of(MODELS[study.chosen], valued.histories, terms.weeks, seed=seed)
    return TableValue(file, study, valued, sampled)


def _without_posterior(model: Foreteller) -> UsageError:
    return UsageError(f"of {model} no posterior is sampled; ask for another: --model {' or '.join(SAMPLED)}")


def day_written(day: int) -> str:
    """Write a day that is counted since 1970.

    >>> day_written(10_134)
    '1997-09-30'
    """
    return date.fromordinal(_EPOCH.toordinal() + day).isoformat()


def day_read(text: str) -> date:
    """Read a day; raises UsageError if it is none.

    >>> day_read("1997-09-30").year
    1997
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f'"{shorten(text)}" is no day such as 2026-01-31') from error


def _amounts(column: Column) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return amounts, NaN where there is none, and which are no numbers."""
    kind = column.array.type
    if not column.is_json and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        values = column.array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values, np.isinf(values)
    texts = trimmed(column.texts())
    number = pc.fill_null(pc.match_substring_regex(texts, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"), False)
    values = pc.if_else(number, texts, pa.scalar(None, pa.string())).cast(pa.float64()).to_numpy(zero_copy_only=False)
    wrong = np.array(pc.and_not(pc.is_valid(texts), number).to_numpy(zero_copy_only=False))
    return values, wrong
