"""Numbers as people write them: decimal commas, thousands separators, signs in front and behind."""

import re
import unicodedata
from decimal import Decimal
from typing import Final, NamedTuple

from kohort.definitions.normalisation import Asked, DecimalMark, Given, Normalisation, Outcome
from kohort.quality.normalisation.characters import cleaned
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, number_settled

_PLAIN: Final = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_USUAL: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_CORE: Final = re.compile(r"[.,]?\d(?:.*\d)?(?:[eE][+-]?\d{1,3})?", re.ASCII | re.DOTALL)
_SPACED: Final = re.compile(r"\d{1,3}(?:[ '’]\d{3})+(?=[.,]|$)", re.ASCII)
_POINTED: Final = re.compile(r"[\d.,]+", re.ASCII)
_SEPARATED: Final = re.compile(r"[\d., '’]+", re.ASCII)
_SIGNS: Final = "+-−–"
_MINUS: Final = frozenset("-−–")
_MOST_DIGITS: Final = 40
_GROUP: Final = 3
_LARGEST_EXPONENT: Final = 30


class Number(NamedTuple):
    """A number, and what was repaired in how it was written."""

    value: Decimal
    repairs: tuple[Repair, ...] = ()


class Written(NamedTuple):
    """A number in a text, with what stands around it: "-12,50 €" is `front` "", a number and `back` "€"."""

    front: str
    number: Number
    back: str


def numbers(declared: Normalisation) -> NormaliseOne:
    """Return what reads numbers.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = numbers(Normalisation(Kind.NUMBER))
    >>> [read(Asked(one)).value for one in ("12.5", "1 234,50", "1.234,50")]
    [12500000, 1234500000, 1234500000]
    >>> read(Asked("1,234")).rules
    ('decimal comma or thousands',)
    """

    @guarded
    def normalise(asked: Asked) -> Outcome:
        found = written(asked.value, declared.decimal)
        if found.front or found.back:
            raise UnreadableError(Reason.NO_NUMBER)
        return number_settled(found.number.value, found.number.repairs)

    return normalise


def written(given: Given, decimal: DecimalMark | None, *, sure: bool = True) -> Written:
    """Return the number in a value and what stands around it; raises UnreadableError where there is none.

    `sure` says that without a declared mark a point alone stands before decimal places: "1.234" is no thousand.
    """
    if isinstance(given, Decimal):
        if not given.is_finite():
            raise UnreadableError(Reason.NO_NUMBER)
        return Written("", Number(_bounded(given)), "")
    if decimal is not DecimalMark.COMMA and _USUAL.fullmatch(given) and (sure or given[-_GROUP - 1 : -_GROUP] != "."):
        return Written("", Number(Decimal(given)), "")
    text = cleaned(given)
    digits = text.text if text.text.isascii() else _with_plain_digits(text.text)
    core = _CORE.search(digits)
    if not core:
        raise UnreadableError(Reason.NO_NUMBER)
    front, back = digits[: core.start()], digits[core.end() :].removeprefix(".")
    signs = [char for char in front + back if char in _SIGNS]
    around = "(" in front and ")" in back
    if len(signs) + around > 1:
        raise UnreadableError(Reason.NO_NUMBER)
    if not sure and decimal is None and core[0].count(".") == 1 and _is_grouped(core[0], "."):
        raise UnreadableError(Reason.AMBIGUOUS_MARK)
    found = read_number(core[0], decimal)
    repairs = (*text.repairs, *found.repairs, *([Repair.UNICODE] if digits != text.text else []))
    if around or (signs and not front.endswith(("-", "+"))):
        repairs = (*repairs, Repair.SIGN)
    value = -found.value if around or (signs and signs[0] in _MINUS) else found.value
    return Written(_token(front, around=around), Number(value, repairs), _token(back, around=around))


def read_number(text: str, decimal: DecimalMark | None) -> Number:
    """Return the number that digits and separators make, by the declared decimal mark where one is.

    >>> read_number("1,234", DecimalMark.COMMA).value, read_number("1,234", DecimalMark.POINT).value
    (Decimal('1.234'), Decimal('1234'))
    """
    if sum(char.isdigit() for char in text) > _MOST_DIGITS:
        raise UnreadableError(Reason.TOO_LARGE)
    if _PLAIN.fullmatch(text) and not ("." in text and decimal is DecimalMark.COMMA):
        return _number(text)
    spaced = _SPACED.match(text)
    bare = _without(spaced[0], " '’") + text[spaced.end() :] if spaced else text
    if not _POINTED.fullmatch(bare):
        raise UnreadableError(Reason.GROUPS if _SEPARATED.fullmatch(bare) else Reason.NO_NUMBER)
    marks = [char for char in bare if char in ".,"]
    if len(set(marks)) > 1:
        return _with_both(bare, marks[-1], decimal)
    if spaced and len(marks) <= 1:
        return _with_places(bare, decimal, (Repair.THOUSANDS,))
    if len(marks) > 1:
        return _with_thousands(bare, marks[0], decimal)
    if decimal is None and _is_grouped(bare, marks[0]):
        raise UnreadableError(Reason.AMBIGUOUS_MARK)
    if decimal is not None and not _means(marks[0], decimal):
        return _with_thousands(bare, marks[0], decimal)
    return _with_places(bare, decimal, ())


def _with_both(text: str, mark: str, decimal: DecimalMark | None) -> Number:
    """Return the number in which one mark parts thousands and the last one stands before decimal places."""
    whole, _, places = text.rpartition(mark)
    thousands = "," if mark == "." else "."
    if mark in whole or not _is_grouped(whole, thousands):
        raise UnreadableError(Reason.GROUPS)
    return _with_places(f"{_without(whole, thousands)}{mark}{places}", decimal, (Repair.THOUSANDS,))


def _with_thousands(text: str, mark: str, decimal: DecimalMark | None) -> Number:
    """Return the number in which all marks part thousands."""
    if _means(mark, decimal) or not _is_grouped(text, mark):
        raise UnreadableError(Reason.GROUPS if decimal is None else Reason.OTHER_MARK)
    return _number(_without(text, mark), (Repair.THOUSANDS,))


def _with_places(text: str, decimal: DecimalMark | None, repairs: tuple[Repair, ...]) -> Number:
    """Return the number in which the only mark, if there is one, stands before decimal places."""
    mark = "," if "," in text else "."
    if mark in text and decimal is not None and not _means(mark, decimal):
        raise UnreadableError(Reason.OTHER_MARK)
    whole, _, places = text.partition(mark)
    return _number(f"{whole or 0}.{places or 0}", (*repairs, *([Repair.DECIMAL_COMMA] if mark == "," else [])))


def _means(mark: str, decimal: DecimalMark | None) -> bool:
    """Return whether a mark is the declared decimal one."""
    return decimal is not None and (mark == ",") == (decimal is DecimalMark.COMMA)


def _is_grouped(text: str, mark: str) -> bool:
    """Return whether a mark parts the digits of a text by thousands."""
    first, *groups = text.split(mark)
    return 0 < len(first) <= _GROUP and not first.startswith("0") and all(len(one) == _GROUP for one in groups)


def _number(text: str, repairs: tuple[Repair, ...] = ()) -> Number:
    return Number(_bounded(Decimal(text)), repairs)


def _bounded(number: Decimal) -> Decimal:
    """Return a number with which arithmetic is safe: an exponent can claim a billion digits."""
    if number and number.adjusted() > _LARGEST_EXPONENT:
        raise UnreadableError(Reason.TOO_LARGE)
    return number if not number or number.adjusted() > -_LARGEST_EXPONENT else Decimal(0)


def _without(text: str, marks: str) -> str:
    return "".join(char for char in text if char not in marks)


def _with_plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in text)


def _token(text: str, *, around: bool) -> str:
    """Return what stands before or behind a number, without its signs."""
    return _without(text, _SIGNS + ("()" if around else "")).strip()
