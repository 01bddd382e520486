"""Demographic traits: age, its band, the generation, and what told words mean."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.definitions.values import MICRO, micros_of

OLDEST: Final = 130
"""Nobody is older: such a birth date is an error, and the age unknown."""

_GENERATIONS: Final = (
    (1901, "Greatest Generation"),
    (1928, "Silent Generation"),
    (1946, "Baby Boomers"),
    (1965, "Generation X"),
    (1981, "Millennials"),
    (1997, "Generation Z"),
    (2013, "Generation Alpha"),
)
_FULL_DATE: Final = 10


def age_on(birth: date, day: date) -> int | None:
    """Return the age in full years on a day, None for who is not born yet or would be older than `OLDEST`.

    Who was born on 29 February becomes a year older on 1 March of other years.

    >>> [age_on(date(2004, 2, 29), day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2004, 2, 28))]
    [21, 22, None]
    """
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    return age if 0 <= age <= OLDEST else None


def generation_of(birth: date) -> str | None:
    """Return the generation of a birth year, None of those before 1901.

    The borders are those of Pew Research Center (Dimock, Defining generations, 2019); that of the first is 1901, those
    after 2012 are called Alpha.

    >>> generation_of(date(1996, 12, 31)), generation_of(date(1997, 1, 1))
    ('Millennials', 'Generation Z')
    """
    return next((name for year, name in reversed(_GENERATIONS) if birth.year >= year), None)


def date_in(text: str) -> date | None:
    """Return the date at the begin of a text in ISO 8601, None where there is none.

    >>> date_in("1990-05-01T00:00:00Z"), date_in("1990"), date_in("2023-02-29")
    (datetime.date(1990, 5, 1), None, None)
    """
    text = text.strip()
    if len(text) < _FULL_DATE or text[_FULL_DATE : _FULL_DATE + 1] not in {"", "T", " "}:
        return None
    try:
        return date.fromisoformat(text[:_FULL_DATE])
    except ValueError:
        return None


def bands_of(borders: Sequence[float]) -> list[str]:
    """Return the names of the bands between borders, the lowest first; a border belongs to the band above it.

    >>> bands_of([18, 25]), bands_of([999.5])
    (['under 18', '18 to under 25', '25 and over'], ['under 999.5', '999.5 and over'])
    """
    between = [f"{low:.15g} to under {high:.15g}" for low, high in pairwise(borders)]
    return [f"under {borders[0]:.15g}", *between, f"{borders[-1]:.15g} and over"]


def banded(numbers: pa.Array, borders: Sequence[float]) -> pa.Array:
    """Return the band of each number (micros), null where there is none.

    >>> banded(pa.array([18_000_000, None]), [18]).to_pylist()
    ['18 and over', None]
    """
    edges = np.array([micros_of(border) for border in borders])
    places = np.searchsorted(edges, pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False), side="right")
    names = pa.array(bands_of(borders), pa.string())
    return names.take(pa.array(places, mask=numbers.is_null().to_numpy(zero_copy_only=False)))


def meant(told: pa.Array, meaning: Callable[[str], str | int | None], kind: pa.DataType) -> pa.Array:
    """Return what each text means, each distinct one looked at once; null where it means nothing.

    >>> meant(pa.array(["M", "?", None]), {"M": "married"}.get, pa.string()).to_pylist()
    ['married', None, None]
    """
    coded = told.dictionary_encode()
    meanings = pa.array([meaning(text) for text in coded.dictionary.to_pylist()], kind)
    return meanings.take(coded.indices)


def word_meaning(values: Mapping[str, str]) -> Callable[[str], str | None]:
    """Return what gives the meaning of a told text, whatever its capitals and the spaces around it.

    >>> word_meaning({"marié": "married"})(" Marié ")
    'married'
    """
    return lambda text: values.get(text.strip().lower())


def number_meaning(values: Mapping[str, str]) -> Callable[[str], int | None]:
    """Return what gives the number (micros) that a told text means, or is where no meaning is declared.

    >>> [number_meaning({"5+": "5"})(text) for text in ("5+", "3", "many")]
    [5000000, 3000000, None]
    """

    def number(text: str) -> int | None:
        text = text.strip().lower()
        try:
            return micros_of(values.get(text, text))
        except ValueError:
            return None

    return number


def years(birth: date | None, day: date) -> int | None:
    """Return the age on a day in micros, None where it is not known.

    >>> years(date(2000, 1, 1), date(2026, 1, 1))
    26000000
    """
    age = None if birth is None else age_on(birth, day)
    return None if age is None else age * MICRO
