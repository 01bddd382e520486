"""French postal codes as people, spreadsheets and programs write them."""

import re
from typing import Final, NamedTuple

from kohort.definitions.values import LARGEST_MICROS, MICRO

LENGTH: Final = 5

_CODE: Final = re.compile(r"(?:F|FR|FRA)?[- ]?([0-9]{2} ?[0-9]{3}|[0-9]{4})(?:\.0)?", re.IGNORECASE)
_LONGEST: Final = 20


class PostalCode(NamedTuple):
    """A postal code of five digits; `restored` if a spreadsheet had taken the zero in front."""

    code: str
    restored: bool


def postal_code_of(written: str) -> PostalCode | None:
    """Return the postal code that a text is, None for any other text.

    A code of four digits has lost its zero in front, as it does where a spreadsheet takes it for a number.

    >>> [postal_code_of(one) for one in ("F-35000", "1000", "Rennes")]
    [PostalCode(code='35000', restored=False), PostalCode(code='01000', restored=True), None]
    """
    match = _CODE.fullmatch(written.strip())
    if match is None:
        return None
    digits = match[1].replace(" ", "")
    return PostalCode(digits.rjust(LENGTH, "0"), len(digits) < LENGTH)


def text_of(code: object) -> str:
    """Return a postal code as text, though it was read as a number (an int is micros); empty for what is none.

    >>> text_of(35_000_000_000), text_of("35000"), text_of(True)
    ('35000', '35000', '')
    """
    if isinstance(code, str):
        return code if len(code) <= _LONGEST else ""
    if isinstance(code, bool) or not isinstance(code, int | float):
        return ""
    number = code / MICRO if isinstance(code, int) and abs(code) <= LARGEST_MICROS else code
    return str(int(number)) if 0 < number < 10**LENGTH and number == int(number) else ""
