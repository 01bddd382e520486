"""Durations to seconds."""

import re
from decimal import Decimal
from typing import Final

from kohort.definitions.normalisation import DURATION_UNITS, Asked, ClockForm, Normalisation, Outcome
from kohort.definitions.values import MICRO
from kohort.quality.normalisation.characters import cleaned
from kohort.quality.normalisation.numbers import Number, read_number, written
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, number_settled

_WORDS: Final[dict[Decimal, str]] = {
    Decimal("0.001"): "ms msec msecs millisecond milliseconds milliseconde millisecondes",
    Decimal(1): "s sec secs second seconds seconde secondes \" ''",
    Decimal(60): "m mn min mins minute minutes '",
    Decimal(3_600): "h hr hrs hour hours heure heures",
    Decimal(86_400): "d day days j jour jours",
    Decimal(604_800): "w wk week weeks sem semaine semaines",
}
_SECONDS: Final = {word: length for length, words in _WORDS.items() for word in words.split()}
_VARYING: Final = frozenset(
    ("mo", "month", "months", "mois", "y", "yr", "year", "years", "an", "ans", "année", "années")
)
_WORDED: Final = re.compile(
    r"\s*(\d+(?:[.,]\d+)?)\s*([^\W\d_]+|''|['\"])?\.?\s*(?:,\s|;|and\b|et\b)?\s*", re.IGNORECASE
)
_CLOCK: Final = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d(?:[.,]\d{1,6})?))?", re.ASCII)
_ISO: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_ISO_LENGTHS: Final = (604_800, 86_400, 3_600, 60, 1)
_AS_DURATION: Final[dict[Reason | None, Reason]] = {Reason.NO_NUMBER: Reason.NO_DURATION}
_SIXTY: Final = 60
_NEXT: Final = {Decimal(3_600): Decimal(60), Decimal(60): Decimal(1)}


def durations(declared: Normalisation) -> NormaliseOne:
    """Return what reads durations as seconds.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = durations(Normalisation(Kind.DURATION, unit="seconds"))
    >>> [read(Asked(one)).value for one in ("90", "1h30", "1:02:03", "PT1H30M")]
    [90000000, 5400000000, 3723000000, 5400000000]
    >>> read(Asked("1:30")).rules
    ('hours or minutes first',)
    """
    unit = Decimal(DURATION_UNITS[declared.unit]) / MICRO

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(asked.value) if isinstance(asked.value, str) else None
        found = _worded(text.text, declared) if text is not None else None
        if text is not None and found is not None:
            return number_settled(found.value, (*text.repairs, *found.repairs))
        try:
            number = written(asked.value, declared.decimal)
        except UnreadableError as error:
            raise UnreadableError(_AS_DURATION.get(error.reason, error.reason)) from error
        if number.front or number.back:
            raise UnreadableError(Reason.NO_DURATION)
        if number.number.value < 0:
            raise UnreadableError(Reason.NEGATIVE)
        return number_settled(
            number.number.value * unit, (*number.number.repairs, *([] if unit == 1 else [Repair.UNIT]))
        )

    return normalise


def _worded(text: str, declared: Normalisation) -> Number | None:
    """Return the seconds of a duration that is more than a number; None where it is no more."""
    bare = text.lstrip("+-−–")
    found = _clock(bare, declared.clock) or _iso(bare) or _parts(bare, declared)
    if found is None or bare == text:
        return found
    if text[0] != "+":
        raise UnreadableError(Reason.NEGATIVE)
    return Number(found.value, (*found.repairs, Repair.SIGN))


def _clock(text: str, form: ClockForm | None) -> Number | None:
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    first, second, third = match.groups()
    if third is None and form is None:
        raise UnreadableError(Reason.AMBIGUOUS_CLOCK)
    seconds = Decimal(third.replace(",", ".") if third else 0)
    if third is None and form is ClockForm.MINUTES:
        return Number(Decimal(first) * 60 + Decimal(second), (Repair.CLOCK,))
    return Number(Decimal(first) * 3_600 + Decimal(second) * 60 + seconds, (Repair.CLOCK,))


def _iso(text: str) -> Number | None:
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    years, months, *parts = match.groups()
    if years or months:
        raise UnreadableError(Reason.VARYING)
    lengths = zip(parts, _ISO_LENGTHS, strict=True)
    total = sum((Decimal(one.replace(",", ".")) * length for one, length in lengths if one), Decimal(0))
    return Number(total, (Repair.ISO_DURATION,))


def _parts(text: str, declared: Normalisation) -> Number | None:
    """Return the sum of numbers with units, such as "1 h 30 min"; a number behind hours alone is of minutes."""
    total, last, place = Decimal(0), None, 0
    while place < len(text):
        match = _WORDED.match(text, place)
        if match is None or (last is None and not match[2]):
            if last is None:
                return None
            raise UnreadableError(Reason.NO_DURATION)
        length = _length(match[2], last)
        number = read_number(match[1], declared.decimal).value
        if not match[2] and number >= _SIXTY:
            raise UnreadableError(Reason.NO_DURATION)
        total += number * length
        last, place = length, match.end()
    return None if last is None else Number(total, (Repair.UNIT,))


def _length(word: str | None, last: Decimal | None) -> Decimal:
    """Return the seconds of a unit that follows a longer one; of none, those of the next shorter one."""
    name = (word or "").lower()
    if name in _VARYING:
        raise UnreadableError(Reason.VARYING)
    found = _SECONDS.get(name) if name else _NEXT.get(last or Decimal(0))
    if found is None or (last is not None and found >= last):
        raise UnreadableError(Reason.NO_DURATION)
    return found
