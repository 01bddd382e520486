"""What a value can be, and numbers: exact decimals with six places, kept as integers of 10⁻⁶ ("micros")."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Final

MICRO: Final = 1_000_000
LARGEST_MICROS: Final = 2**63 - 1
_SIX_PLACES: Final = 6
_MICRO_PLACES: Final = Decimal("0.000001")
_EXACT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)


class ValueType(StrEnum):
    """The type of a property, trait or score."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    TEXT_LIST = "list of text"


VALUE_COLUMNS: Final = {
    ValueType.NUMBER: "number",
    ValueType.TEXT: "text",
    ValueType.BOOLEAN: "boolean",
    ValueType.MOMENT: "moment",
    ValueType.TEXT_LIST: "list",
}
"""The column of `trait_values` that holds a value of each type."""


def micros_of(number: str | float | Decimal) -> int:
    """Return a number as an integer of 10⁻⁶, rounded half-even.

    Raises ValueError for text that is no number, for NaN and infinities, and for what 64 bits cannot hold:
    such a value counts as missing and is a quality finding.

    >>> micros_of("12.3456785"), micros_of(0.1), micros_of(-3)
    (12345678, 100000, -3000000)
    """
    if isinstance(number, int):
        return _checked(number * MICRO, number)
    text = repr(number) if isinstance(number, float) else str(number)
    whole, _, fraction = text.partition(".")
    if whole.isascii() and whole.isdigit() and len(fraction) <= _SIX_PLACES and (not fraction or fraction.isdecimal()):
        return _checked(int(whole + fraction.ljust(_SIX_PLACES, "0")), number)
    # Python alone reads 1_000 as a number.
    text = text.replace("_", "no digit")
    try:
        return _checked(int(Decimal(text).quantize(_MICRO_PLACES, context=_EXACT).scaleb(_SIX_PLACES, _EXACT)), number)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{text[:40]!r} is no number that Kohort can hold") from error


def decimal_of(micros: int) -> Decimal:
    """Return micros as a decimal without trailing zeros.

    >>> decimal_of(12_500_000), decimal_of(-1), decimal_of(3_000_000)
    (Decimal('12.5'), Decimal('-0.000001'), Decimal('3'))
    """
    whole, rest = divmod(abs(micros), MICRO)
    fraction = f"{rest:06d}".rstrip("0")
    return Decimal(("-" if micros < 0 else "") + str(whole) + (f".{fraction}" if fraction else ""))


def format_micros(micros: int) -> str:
    """Return micros as plain decimal text that `micros_of` reads back.

    >>> format_micros(12_500_000)
    '12.5'
    """
    return f"{decimal_of(micros):f}"


def _checked(micros: int, number: object) -> int:
    if not -LARGEST_MICROS <= micros <= LARGEST_MICROS:
        raise ValueError(f"{str(number)[:40]!r} is larger than Kohort can hold")
    return micros
