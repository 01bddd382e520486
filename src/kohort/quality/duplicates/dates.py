"""Birth dates of a column, whatever order of day and month it is written in."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/. ]?(\d{2})[-/. ]?(\d{2})(?:[T ].*)?", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ].*)?", re.ASCII)
_LAST_MONTH: Final = 12
_PLACEHOLDERS: Final = frozenset({"1900-01-01", "1901-01-01", "1970-01-01", "1111-11-11", "9999-12-31", "0001-01-01"})
"""What systems write where they know no birth date."""


class BirthDate(NamedTuple):
    """A date as it is compared.

    `text` is year, month and day, `turned` the same with day and month in each other's place, `key` the one of both
    that comes first, `day` the number of the day, None where the calendar has no such day.
    """

    text: str
    turned: str
    key: str
    day: int | None


def month_comes_first(values: Sequence[str]) -> bool:
    """Return whether dates that end in the year begin with the month: only if some cannot begin with the day.

    >>> month_comes_first(["01/02/1990", "12/31/1990"]), month_comes_first(["01/02/1990"])
    (True, False)
    """
    pairs = [(int(found[1]), int(found[2])) for value in values if (found := _YEAR_LAST.fullmatch(value.strip()))]
    return any(second > _LAST_MONTH for _, second in pairs) and all(first <= _LAST_MONTH for first, _ in pairs)


def read_birth_date(value: str, *, month_first: bool = False) -> BirthDate | None:
    """Return a birth date; None for what is none, or what stands where none is known.

    A date with a typing error that no calendar has is still compared, digit by digit.

    >>> read_birth_date("05/03/1990").key, read_birth_date("19900305").key
    ('1990-03-05', '1990-03-05')
    >>> read_birth_date("1990-13-05").day is None, read_birth_date("1900-01-01")
    (True, None)
    """
    found = _YEAR_FIRST.fullmatch(value.strip())
    if found:
        year, month, day = found.groups()
    elif found := _YEAR_LAST.fullmatch(value.strip()):
        first, second, year = found[1].zfill(2), found[2].zfill(2), found[3]
        month, day = (first, second) if month_first else (second, first)
    else:
        return None
    text, turned = f"{year}-{month}-{day}", f"{year}-{day}-{month}"
    if text in _PLACEHOLDERS:
        return None
    try:
        number = date.fromisoformat(text).toordinal()
    except ValueError:
        return BirthDate(text, turned, min(text, turned), None)
    return BirthDate(text, turned, min(text, turned), number)
