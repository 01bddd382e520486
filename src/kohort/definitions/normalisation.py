"""What `as:` beside a column declares: in which form the values of a property, trait or time are to be.

What came of a value is an `Outcome`. Reading is done by `kohort.quality.normalisation`.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from kohort.clock import zone_of
from kohort.definitions.fields import Fields
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError, did_you_mean, shorten

RAW: Final = "raw"
"""The last part of the name under which a value that was repaired or flagged is kept as it was written."""


class Kind(StrEnum):
    """What a value means; see docs/quality.md for the normal form of each."""

    NUMBER = "number"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    DURATION = "duration"
    DATE = "date"
    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    COUNTRY = "country"
    LANGUAGE = "language"


class WhenFlagged(StrEnum):
    """What becomes of a value that cannot be read: it counts as missing, or its row becomes a dead letter."""

    MISSING = "missing"
    REJECT = "reject"


class DateOrder(StrEnum):
    """Which comes first where a date is numbers only."""

    DAY = "day first"
    MONTH = "month first"


class DecimalMark(StrEnum):
    """What stands before the decimal places."""

    POINT = "point"
    COMMA = "comma"


class ClockForm(StrEnum):
    """What "1:30" means as a duration."""

    HOURS = "hours:minutes"
    MINUTES = "minutes:seconds"


class LetterCase(StrEnum):
    """Which letters a text is to have."""

    KEEP = "keep"
    LOWER = "lower"
    UPPER = "upper"
    TITLE = "title"


class UnicodeForm(StrEnum):
    """The normal form of Unicode; NFKC also replaces ligatures, full-width letters and the like."""

    NFC = "NFC"
    NFKC = "NFKC"


@dataclass(frozen=True)
class Normalisation:
    """The form in which a column's values are to be: a kind, and the options that it has.

    `zone` is that of times without an offset (None: the source's). `currency` and `region` are those of values that
    name none (empty: the project's); `beside` is the column that says it instead, row by row. `unit` is the unit of
    the finished number of a quantity, and that of a duration without one.
    """

    kind: Kind
    flagged: WhenFlagged = WhenFlagged.MISSING
    order: DateOrder | None = None
    formats: tuple[str, ...] = ()
    zone: ZoneInfo | None = None
    decimal: DecimalMark | None = None
    unit: str = ""
    clock: ClockForm | None = None
    currency: str = ""
    region: str = ""
    beside: str = ""
    case: LetterCase = LetterCase.KEEP
    unicode: UnicodeForm = UnicodeForm.NFC

    @property
    def type(self) -> ValueType:
        """The type of the finished values.

        >>> Normalisation(Kind.PHONE).type, Normalisation(Kind.AMOUNT).type
        (<ValueType.TEXT: 'text'>, <ValueType.NUMBER: 'number'>)
        """
        if self.kind is Kind.DATE:
            return ValueType.MOMENT
        return ValueType.NUMBER if self.kind in _NUMBERS else ValueType.TEXT


class Status(StrEnum):
    """What became of a value: it was in normal form, was brought into it, could not be, or there was none."""

    VALID = "valid"
    REPAIRED = "repaired"
    FLAGGED = "flagged"
    EMPTY = "empty"


Given: TypeAlias = str | Decimal
"""A value as a file has it: a text, or a number that is exact already."""


class Asked(NamedTuple):
    """A value to be brought into its form, what the column beside says (empty: nothing), and the day of the row."""

    value: Given
    beside: str = ""
    day: date | None = None


class Outcome(NamedTuple):
    """What became of one value.

    `value` is a text, micros or a moment, None where it is flagged or empty. `rules` names what was repaired, or, as
    the only one, why the value is flagged.
    """

    status: Status
    value: str | int | None = None
    rules: tuple[str, ...] = ()


OPTIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.NUMBER: ("decimal",),
    Kind.AMOUNT: ("decimal", "currency"),
    Kind.QUANTITY: ("decimal", "unit"),
    Kind.DURATION: ("decimal", "unit", "clock"),
    Kind.DATE: ("order", "formats", "time_zone"),
    Kind.TEXT: ("case", "unicode"),
    Kind.EMAIL: (),
    Kind.PHONE: ("region",),
    Kind.COUNTRY: (),
    Kind.LANGUAGE: (),
}
"""The options of each kind, beside `flagged`, which all have."""

FIELDS: Final = frozenset({"as", "flagged"}.union(*OPTIONS.values()))
"""Every field of a normalisation."""

DURATION_UNITS: Final = {"milliseconds": 1_000, "seconds": 10**6, "minutes": 60 * 10**6, "hours": 3_600 * 10**6}
"""The units of a duration without one, in microseconds."""

SPECIAL_FORMATS: Final = ("seconds", "milliseconds", "excel days")
"""Formats that are no pattern: what has passed since 1970 UTC, and the days of a spreadsheet."""

_NUMBERS: Final = frozenset({Kind.NUMBER, Kind.AMOUNT, Kind.QUANTITY, Kind.DURATION})
_DIRECTIVES: Final = frozenset("dmYyHIMSfpz")
_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_REGION: Final = re.compile(r"[A-Z]{2}")

_Choice = TypeVar("_Choice", bound=StrEnum)


def normalisation_of(fields: Fields, flagged: WhenFlagged = WhenFlagged.MISSING) -> Normalisation | None:
    """Read `as:` and its options of a value or time; None where there is no `as`. `flagged` is what is not said.

    Raises DefinitionError for an unknown kind, an option that the kind does not have, or a wrong value of one.

    >>> normalisation_of(Fields({"column": "tel", "as": "phone", "region": "FR"}, "sources/crm.yaml")).region
    'FR'
    """
    given = [name for name in sorted(FIELDS - {"as"}) if fields.value(name) is not None]
    if fields.value("as") is None:
        if given:
            raise DefinitionError(f"{fields.place(given[0])}: this is an option of as; name the kind, such as as: date")
        return None
    kind = _choice(fields, "as", Kind)
    for name in given:
        if name != "flagged" and name not in OPTIONS[kind]:
            possible = ", ".join((*OPTIONS[kind], "flagged"))
            raise DefinitionError(f'{fields.place(name)}: "{kind}" has no such option; it has: {possible}')
    beside, currency, region = "", "", ""
    if kind is Kind.AMOUNT:
        currency, beside = _stated_or_beside(fields, "currency", _CURRENCY, "three capitals such as EUR")
    if kind is Kind.PHONE:
        region, beside = _stated_or_beside(fields, "region", _REGION, "two capitals such as FR")
    return Normalisation(
        kind=kind,
        flagged=_choice(fields, "flagged", WhenFlagged, flagged),
        order=_choice(fields, "order", DateOrder) if "order" in given else None,
        formats=_formats(fields),
        zone=fields.build("time_zone", zone_of) if "time_zone" in given else None,
        decimal=_choice(fields, "decimal", DecimalMark) if "decimal" in given else None,
        unit=_unit(fields, kind),
        clock=_choice(fields, "clock", ClockForm) if "clock" in given else None,
        currency=currency,
        region=region,
        beside=beside,
        case=_choice(fields, "case", LetterCase, LetterCase.KEEP),
        unicode=_choice(fields, "unicode", UnicodeForm, UnicodeForm.NFC),
    )


def is_raw(name: str, known: Container[str]) -> bool:
    """Return whether a trait or property says how another one, which is among the `known`, was written.

    >>> is_raw("phone.raw", {"phone", "phone.raw"}), is_raw("camera.raw", {"camera.raw"})
    (True, False)
    """
    return name.endswith(f".{RAW}") and name.removesuffix(f".{RAW}") in known


def _choice(fields: Fields, name: str, known: type[_Choice], default: _Choice | None = None) -> _Choice:
    text = fields.text(name, default)
    if text not in list(known):
        noun = "kind" if name == "as" else name
        hint = did_you_mean(text, list(known))
        raise DefinitionError(f'{fields.place(name)}: unknown {noun} "{shorten(text)}"; {hint}')
    return known(text)


def _stated_or_beside(fields: Fields, name: str, pattern: re.Pattern[str], expected: str) -> tuple[str, str]:
    """Return what stands for every row, or the column that says it row by row."""
    if fields.value(name) is None:
        return "", ""
    if isinstance(fields.value(name), Mapping):
        inner = Fields(fields.value(name), fields.file, fields.place(name).field or name)
        column = inner.text("column")
        inner.refuse_unknown()
        return "", column
    text = fields.text(name)
    if not pattern.fullmatch(text):
        raise fields.wrong(name, f"{expected}, or {{column: …}}", text)
    return text, ""


def _formats(fields: Fields) -> tuple[str, ...]:
    formats = fields.texts("formats", default=())
    for one in formats:
        unknown = [name for name in _DIRECTIVE.findall(one) if name not in _DIRECTIVES]
        if one not in SPECIAL_FORMATS and (unknown or "%" not in one):
            known = " ".join(f"%{name}" for name in sorted(_DIRECTIVES))
            special = ", ".join(SPECIAL_FORMATS)
            raise fields.wrong("formats", f"patterns such as %d/%m/%Y, made of {known}, or: {special}", one)
    return formats


def _unit(fields: Fields, kind: Kind) -> str:
    if kind is Kind.DURATION:
        unit = fields.text("unit", default="seconds")
        if unit not in DURATION_UNITS:
            hint = did_you_mean(unit, DURATION_UNITS)
            raise DefinitionError(f'{fields.place("unit")}: unknown unit "{shorten(unit)}"; {hint}')
        return unit
    return fields.text("unit") if kind is Kind.QUANTITY else ""
