"""Reading one value as a number, text, truth value or moment: one meaning for every kind of file.

Mapped columns pass each distinct value through here once; messages pass each of their values.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Final, TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, moment_of, parse_moment
from kohort.definitions.values import ValueType, micros_of
from kohort.errors import shorten


class NumberLiteral(str):
    """A number of a JSON text exactly as it was written, so that 0.1 is no binary fraction on its way."""

    __slots__ = ()


class MomentText(str):
    """The text of a time that was a time, not a text, in the file it comes from."""

    __slots__ = ()


class Unholdable(Enum):
    """A number that Kohort cannot hold (NaN, infinite, too large): it counts as missing and is a finding."""

    NUMBER = "number"


JSON: Final = msgspec.json.Decoder(float_hook=NumberLiteral)
"""Decodes JSON with numbers kept exact: int, or NumberLiteral where there is a fraction or an exponent."""

EXPECTED: Final = {
    ValueType.NUMBER: "a number such as 12.5",
    ValueType.TEXT: "text of at most 32 KB without NUL characters",
    ValueType.BOOLEAN: "true or false",
    ValueType.MOMENT: "an ISO 8601 time such as 2026-01-31T09:30:00+01:00",
    ValueType.TEXT_LIST: "a list of text",
}
LONGEST_TEXT: Final = 32 * 1024
DEEPEST: Final = 32
NUL_REFUSED: Final = "NUL characters are refused"

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNHOLDABLE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_REMEMBERED: Final = 2**16
_MOST_INTEGER_DIGITS: Final = 13  # 2⁶³ micros are about 9.2·10¹²


def number_of(value: object) -> int | Unholdable:
    """Return a number, or text that is one, as micros.

    Raises ValueError for what is no number.

    >>> number_of("12.3456785"), number_of(0.1), number_of("1e999"), number_of(float("nan")) is Unholdable.NUMBER
    (12345678, 100000, <Unholdable.NUMBER: 'number'>, True)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(_refusal(value, ValueType.NUMBER))  # noqa: TRY004 - a wrong value of a file, not of a call
    return _number_of(str(value))


@lru_cache(_REMEMBERED)
def _number_of(value: str) -> int | Unholdable:
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        if _UNHOLDABLE.fullmatch(text):
            return Unholdable.NUMBER
        raise ValueError(_refusal(value, ValueType.NUMBER))
    try:
        number = Decimal(text)
        # An exponent can claim a number of a billion digits: it is weighed before it is unfolded.
        if number.adjusted() >= _MOST_INTEGER_DIGITS and number:
            return Unholdable.NUMBER
        return micros_of(text)
    except (InvalidOperation, ValueError):
        return Unholdable.NUMBER


def text_of(value: object) -> str:
    """Return a value as text; a number in plain decimals, a time in ISO 8601.

    The same value gives the same text whatever the file's type: 900, 900.0 and 9e2 are "900".

    >>> text_of(900.0), text_of(True), text_of(datetime(2017, 1, 1, 9, 30))
    ('900', 'true', '2017-01-01T09:30:00')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NumberLiteral | float | Decimal):
        return _plain_decimal(str(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int):
        return str(value)
    return msgspec.json.encode(with_literals(value), order="deterministic").decode()


def boolean_of(value: object) -> bool:
    """Return a truth value, or text or number that is one (true/false, yes/no, 1/0).

    Raises ValueError for anything else.

    >>> boolean_of("Yes"), boolean_of(0)
    (True, False)
    """
    truth = _TRUTH.get(text_of(value).strip().lower())
    if truth is None:
        raise ValueError(_refusal(value, ValueType.BOOLEAN))
    return truth


def moment_in(value: object, zone: ZoneInfo) -> Moment:
    """Return a time, a date (its first instant) or ISO 8601 text as a moment; without an offset it is in `zone`.

    Raises ValueError for anything else.

    >>> moment_in(date(2017, 1, 1), ZoneInfo("UTC")) == moment_in("2017-01-01T01:00+01:00", ZoneInfo("UTC"))
    True
    """
    if isinstance(value, datetime):
        return moment_of(value if value.tzinfo else value.replace(tzinfo=zone))
    if isinstance(value, date):
        return moment_of(datetime(value.year, value.month, value.day, tzinfo=zone))
    if isinstance(value, str) and not isinstance(value, NumberLiteral):
        return parse_moment(value, zone)
    raise ValueError(_refusal(value, ValueType.MOMENT))


def type_of(value: object) -> ValueType:
    """Return the type that a value has by itself; what no type fits (an object, a mixed list) is text: its JSON.

    >>> type_of("a"), type_of(["a", "b"]), type_of(True)
    (<ValueType.TEXT: 'text'>, <ValueType.TEXT_LIST: 'list of text'>, <ValueType.BOOLEAN: 'boolean'>)
    """
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, int | float | Decimal | NumberLiteral):
        return ValueType.NUMBER
    if isinstance(value, date | MomentText):
        return ValueType.MOMENT
    return ValueType.TEXT_LIST if is_text_list(value) else ValueType.TEXT


def is_text_list(value: object) -> TypeGuard[list[str]]:
    """Tell whether a value is a list of texts.

    >>> is_text_list(["a"]), is_text_list(["a", 1])
    (True, False)
    """
    return isinstance(value, list) and all(isinstance(one, str) and not isinstance(one, NumberLiteral) for one in value)


def container_problem(value: object, depth: int = 1) -> str:
    r"""Return why a decoded JSON value at some depth is refused (too deep, NUL characters inside), else nothing.

    >>> container_problem([[["a"]]], depth=31), container_problem([["a\0"]])
    ('nested deeper than 32 levels', 'NUL characters are refused')
    """
    level = [value]
    while level:
        if any(isinstance(one, str) and "\0" in one for one in level):
            return NUL_REFUSED
        containers = [one for one in level if isinstance(one, dict | list)]
        if containers and depth > DEEPEST:
            return f"nested deeper than {DEEPEST} levels"
        level = [part for one in containers for part in _parts(one)]
        depth += 1
    return ""


def _parts(container: Mapping[str, object] | list[object]) -> list[object]:
    return [*container, *container.values()] if isinstance(container, Mapping) else container


def with_literals(value: object) -> object:
    """Return a value that `JSON` decoded as it is encoded again: a number keeps every digit.

    >>> msgspec.json.encode(with_literals(JSON.decode('{"total": [1.50, "1.50"]}')))
    b'{"total":[1.50,"1.50"]}'
    """
    if isinstance(value, NumberLiteral):
        return msgspec.Raw(value.encode())
    if isinstance(value, dict):
        return {name: with_literals(one) for name, one in value.items()}
    return [with_literals(one) for one in value] if isinstance(value, list) else value


def _plain_decimal(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_TEXT:
        return text
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _refusal(value: object, kind: ValueType) -> str:
    return f'"{shorten(text_of(value))}" is not {EXPECTED[kind]}'
