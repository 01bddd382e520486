"""The words for what was repaired in a value and for why one is flagged, and how outcomes are made of them."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import wraps
from typing import Final

from kohort.definitions.normalisation import Asked, Outcome, Status
from kohort.definitions.values import micros_of


class Repair(StrEnum):
    """What was changed in a value. A conversion also names from what: "converted from USD"."""

    SPACES = "spaces"
    INVISIBLE = "invisible characters"
    UNICODE = "Unicode form"
    CASE = "case"
    QUOTES = "quotes around"
    SPREADSHEET = "number of a spreadsheet"
    PUNCTUATION = "punctuation"
    DECIMAL_COMMA = "decimal comma"
    THOUSANDS = "thousands separators"
    SIGN = "sign"
    CURRENCY = "currency named"
    CONVERTED = "converted"
    UNIT = "unit named"
    UNIT_NAME = "name of the unit"
    CLOCK = "hours, minutes, seconds"
    ISO_DURATION = "ISO 8601 duration"
    ISO = "almost ISO 8601"
    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    MONTH_NAME = "name of the month"
    FORMAT = "declared format"
    NAMED_ZONE = "name of the time zone"
    REPEATED_HOUR = "hour that the clocks repeat: the first"
    SKIPPED_HOUR = "hour that the clocks skip"
    DISPLAY_NAME = "name beside the address"
    INTERNATIONAL = "international form"
    EXTENSION = "extension left out"
    LABEL = "label"
    CODE = "other code"
    NAME = "name"
    ALIAS = "alias"
    REGION = "region left out"


class Reason(StrEnum):
    """Why a value is flagged."""

    TOO_LONG = "too long"
    NUL = "NUL characters"
    BROKEN = "broken characters"
    LOST = "characters were lost before"
    UNSTABLE = "no stable form"
    NO_NUMBER = "no number"
    TOO_LARGE = "too large a number"
    AMBIGUOUS_MARK = "decimal comma or thousands"
    OTHER_MARK = "not the declared decimal mark"
    GROUPS = "groups of digits that are no thousands"
    UNKNOWN_CURRENCY = "unknown currency"
    AMBIGUOUS_CURRENCY = "sign of several currencies"
    TWO_CURRENCIES = "two currencies"
    NO_CURRENCY = "no currency"
    NO_RATE = "no rate of that day"
    UNKNOWN_UNIT = "unknown unit"
    AMBIGUOUS_UNIT = "unit of several sizes"
    OTHER_DIMENSION = "unit of something else"
    NO_DURATION = "no duration"
    NEGATIVE = "negative duration"
    AMBIGUOUS_CLOCK = "hours or minutes first"
    VARYING = "months and years have no fixed length"
    NO_DATE = "no date"
    NO_SUCH_DAY = "no such day or time"
    AMBIGUOUS_DAY = "day or month first"
    OTHER_ORDER = "not the declared order"
    SHORT_YEAR = "year of two digits"
    SEVERAL_FORMATS = "several declared formats fit"
    UNKNOWN_ZONE = "unknown time zone"
    WRONG_WEEKDAY = "another day of the week"
    NO_ADDRESS = "no e-mail address"
    SEVERAL = "several values"
    NO_PHONE = "no phone number"
    LETTERS = "letters in a phone number"
    IMPOSSIBLE_PHONE = "too short or too long for a phone number"
    INVALID_PHONE = "phone number that nobody can have"
    NO_REGION = "phone number of no known country"
    UNKNOWN_COUNTRY = "unknown country"
    UNKNOWN_LANGUAGE = "unknown language"
    AMBIGUOUS_NAME = "name of several"


NormaliseOne = Callable[[Asked], Outcome]
EMPTY: Final = Outcome(Status.EMPTY)


def flagged(reason: Reason) -> Outcome:
    """Return the outcome of a value that cannot be read.

    >>> flagged(Reason.NO_DATE).rules
    ('no date',)
    """
    return Outcome(Status.FLAGGED, None, (reason.value,))


class UnreadableError(Exception):
    """A value, or a part of one, cannot be read; `outcome` says why. It never leaves this package (see `guarded`).

    >>> UnreadableError(Reason.NO_DATE).outcome.rules
    ('no date',)
    """

    def __init__(self, reason: Reason | None) -> None:
        self.reason = reason
        self.outcome = EMPTY if reason is None else flagged(reason)
        super().__init__(reason or "empty")


def guarded(read: NormaliseOne) -> NormaliseOne:
    """Return what reads values with `read`, and flags those at which it raises UnreadableError."""

    @wraps(read)
    def normalise(asked: Asked) -> Outcome:
        try:
            return read(asked)
        except UnreadableError as error:
            return error.outcome

    return normalise


def settled(value: str | int, repairs: Sequence[str]) -> Outcome:
    """Return the outcome of a value that was read: valid without repairs; each of those is named once.

    >>> settled("FR", ()).status.value, settled("FR", (Repair.CASE, Repair.CASE)).rules
    ('valid', ('case',))
    """
    rules = tuple(dict.fromkeys(map(str, repairs)))
    return Outcome(Status.REPAIRED if rules else Status.VALID, value, rules)


def number_settled(number: object, repairs: Sequence[str]) -> Outcome:
    """Return the outcome of an exact number: micros, flagged where 64 bits cannot hold it.

    >>> number_settled("12.5", ()).value, number_settled("1e13", ()).rules
    (12500000, ('too large a number',))
    """
    try:
        return settled(micros_of(str(number)), repairs)
    except ValueError:
        return flagged(Reason.TOO_LARGE)
