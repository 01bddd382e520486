"""Bringing whole columns into their declared form, each distinct value once.

What reads the values is handed in: this stage knows none of the libraries that do.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.collection.batches import Tally
from kohort.collection.readings import ARROW_TYPES, Flags, distinct_of
from kohort.collection.rows import Column
from kohort.collection.scalars import LONGEST_TEXT, NumberLiteral, text_of
from kohort.definitions.normalisation import Asked, Given, Kind, Normalisation, Outcome, Status
from kohort.definitions.source import SourceDefinition
from kohort.definitions.values import ValueType
from kohort.errors import UsageError

TIME: Final = "time"
"""The name under which the time of rows is counted; what normalises it stands under an empty name."""

Normalise: TypeAlias = Callable[[Sequence[Asked]], Sequence[Outcome]]

_EMPTY: Final = Outcome(Status.EMPTY)
_NOT_ASKED: Final = Outcome(Status.EMPTY)
_EPOCH: Final = date(1970, 1, 1)
_NO_DAY: Final = int(np.iinfo(np.int32).min)
_KEPT_RAW: Final = frozenset({Status.REPAIRED, Status.FLAGGED})


class Normalisers(Protocol):
    """What makes of a declaration what normalises values."""

    def of(self, declared: Normalisation, zone: ZoneInfo, where: str) -> Normalise:
        """Return what normalises values; times without an offset are in `zone`, `where` names the declaration."""


@dataclass(frozen=True)
class Companions:
    """What a value may need beside itself: the column that says its currency or region, and the day of each row.

    `days` are days since 1970 in the project's time zone (int32, null where the time is missing).
    """

    beside: Column | None = None
    days: pa.Array | None = None


@dataclass(frozen=True)
class NormalisedColumn:
    """A column in its form: `values` null where flagged or empty, and what `raw` texts were repaired or flagged.

    `flagged` has for each reason the rows whose values are flagged for it; `unkeepable` are rows whose raw text is too
    long, or holds NUL characters.
    """

    values: pa.Array
    raw: pa.Array
    flagged: Mapping[str, Flags]
    unkeepable: Flags
    tally: Tally


def normalisers_of(
    source: SourceDefinition, normalisers: Normalisers | None, zone: ZoneInfo
) -> Mapping[str, Normalise]:
    """Return what normalises the values that a source declares, by their names; `zone` is the project's.

    Raises UsageError where a source declares some and nothing can normalise them, and what `Normalisers.of` raises.
    """
    declared = {one.name: one.normalisation for one in source.values if one.normalisation is not None}
    if source.time.normalisation is not None:
        declared[""] = source.time.normalisation
    if not declared:
        return {}
    if normalisers is None:
        raise UsageError(f'the source "{source.name}" normalises values ({source.file}), and no normalisers were given')
    field = "properties" if source.event else "traits"
    return {
        name: normalisers.of(one, source.time.zone or zone, f"{source.file}, {f'{field}.{name}' if name else TIME}")
        for name, one in declared.items()
    }


def normalise_column(
    column: Column,
    declared: Normalisation,
    normalise: Normalise,
    tallied: tuple[str, str],
    companions: Companions = Companions(),
    asked_rows: Flags | None = None,
) -> NormalisedColumn:
    """Bring a column into its declared form; only `asked_rows` count, where they are given.

    `tallied` are the names of the value and of its column. Each distinct value is normalised once, or each distinct
    combination with its companions.

    >>> read = lambda values: [Outcome(Status.REPAIRED, one.value.upper(), ("case",)) for one in values]
    >>> found = normalise_column(Column(pa.array(["a", "a", None])), Normalisation(Kind.TEXT), read, ("name", "n"))
    >>> found.values.to_pylist(), found.raw.to_pylist(), found.tally.statuses[Status.REPAIRED]
    (['A', 'A', None], ['a', 'a', None], 2)
    """
    distinct, codes = distinct_of(column)
    texts = ["" if one is None else text_of(one) for one in distinct.plain()]
    exact = declared.type is ValueType.NUMBER
    given = [_given(one) for one in distinct.plain()] if exact else texts
    combined = _Combined.of(codes, companions)
    asked = [
        Asked(given[value], beside, day)
        for value, beside, day in zip(combined.values, combined.besides, combined.days, strict=True)
    ]
    outcomes = [*normalise(asked), _EMPTY, _NOT_ASKED]
    places = np.where(combined.places < 0, len(asked), combined.places)
    if asked_rows is not None:
        places = np.where(asked_rows, places, len(asked) + 1)
    raw = [
        texts[value] if outcome.status in _KEPT_RAW else None
        for value, outcome in zip(combined.values, outcomes, strict=False)
    ]
    taken = pa.array(places)
    kept = pa.array([*raw, None, None], pa.string()).take(taken)
    values = pa.array([one.value for one in outcomes], ARROW_TYPES[declared.type]).take(taken)
    unkeepable = pc.or_(pc.greater(pc.binary_length(kept), LONGEST_TEXT), pc.match_substring(kept, "\0"))
    return NormalisedColumn(
        values,
        kept,
        _by_reason(outcomes, places),
        pc.fill_null(unkeepable, fill_value=False).to_numpy(zero_copy_only=False),
        _tally(outcomes, places, declared.kind, *tallied),
    )


def days_in(moments: pa.Array, zone: ZoneInfo) -> pa.Array:
    """Return the day of each moment in a time zone, as int32 days since 1970.

    >>> days_in(pa.array([82_800_000_000, None], pa.int64()), ZoneInfo("Europe/Paris")).to_pylist()
    [1, None]
    """
    local = pc.local_timestamp(moments.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", tz=zone.key)))
    return local.cast(pa.date32()).cast(pa.int32())


@dataclass(frozen=True)
class _Combined:
    """Distinct values with what stands beside them; `places` (int64) tells the row's, -1 where it has no value."""

    values: Sequence[int]
    besides: Sequence[str]
    days: Sequence[date | None]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, codes: pa.Array, companions: Companions) -> "_Combined":
        own = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        if companions.beside is None and companions.days is None:
            count = int(own.max(initial=-1)) + 1
            return cls(range(count), [""] * count, [None] * count, own)
        beside_texts, beside = _texts_beside(companions.beside, len(own))
        distinct_days, days = np.unique(_days(companions.days, len(own)), return_inverse=True)
        keys = (np.maximum(own, 0) * len(beside_texts) + beside) * len(distinct_days) + days
        keys[own < 0] = -1
        found, places = np.unique(keys, return_inverse=True)
        missing = int(len(found) > 0 and found[0] < 0)
        rest, day = np.divmod(found[missing:], len(distinct_days))
        value, text = np.divmod(rest, len(beside_texts))
        known = [None if one == _NO_DAY else _EPOCH + timedelta(days=one) for one in distinct_days.tolist()]
        return cls(
            value.tolist(),
            [beside_texts[one] for one in text.tolist()],
            [known[one] for one in day.tolist()],
            places.astype(np.int64) - missing,
        )


def _days(days: pa.Array | None, count: int) -> NDArray[np.int64]:
    if days is None:
        return np.full(count, _NO_DAY, np.int64)
    filled: NDArray[np.int64] = pc.fill_null(days, _NO_DAY).to_numpy(zero_copy_only=False).astype(np.int64)
    return filled


def _texts_beside(column: Column | None, count: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct texts of a column beside, an empty one first, and the row's."""
    if column is None:
        return [""], np.zeros(count, np.int64)
    distinct, codes = distinct_of(column)
    texts = ["", *("" if one is None else text_of(one) for one in distinct.plain())]
    return texts, pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1


def _given(value: Any) -> Given:
    """Return a value of a column of numbers: exact where it is a number already, else its text."""
    if value is None:
        return ""
    if isinstance(value, NumberLiteral | int | float | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return text_of(value)
        return number if number.is_finite() else text_of(value)
    return text_of(value)


def _by_reason(outcomes: Sequence[Outcome], places: NDArray[np.int64]) -> dict[str, Flags]:
    reasons: dict[str, list[int]] = {}
    for place, one in enumerate(outcomes):
        if one.status is Status.FLAGGED:
            reasons.setdefault(one.rules[0], []).append(place)
    found = {}
    for reason, its in reasons.items():
        chosen = np.zeros(len(outcomes), np.bool_)
        chosen[its] = True
        if chosen[places].any():
            found[reason] = chosen[places]
    return found


def _tally(outcomes: Sequence[Outcome], places: NDArray[np.int64], kind: Kind, name: str, column: str) -> Tally:
    statuses, rules = Counter[Status](), Counter[tuple[Status, str]]()
    counts = np.bincount(places, minlength=len(outcomes)).tolist()[:-1]  # the last are the rows that do not count
    for count, one in zip(counts, outcomes, strict=False):
        if count:
            statuses[one.status] += count
            for rule in one.rules:
                rules[one.status, rule] += count
    return Tally(name, column, kind, statuses, rules)
