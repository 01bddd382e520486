"""Dates and times to moments: declared formats, ISO 8601 and nearly, numbers only, names of months."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from kohort.clock import moment_of, zone_of
from kohort.definitions.normalisation import SPECIAL_FORMATS, Asked, DateOrder, Normalisation, Outcome
from kohort.errors import DefinitionError
from kohort.quality.normalisation.characters import cleaned, plain_name
from kohort.quality.normalisation.months import MONTHS, WEEKDAYS, ZONE_OFFSETS
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_TIME: Final = (
    r"(?:[T,]?\s*(?:at\s|à\s)?(?P<hour>\d{1,2})(?::|h)(?P<minute>\d{2})?(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|\(?[A-Za-z]{2,5}\)?|[A-Za-z_]+/[A-Za-z_/]+)?"
)
_FLAGS: Final = re.ASCII | re.IGNORECASE
_YEAR_FIRST: Final = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/. ])(?P<a>\d{{1,2}})(?P=mark)(?P<b>\d{{1,2}}){_TIME}", _FLAGS
)
_NUMBERS: Final = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/. ])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_TIME}", _FLAGS
)
_NAMED: Final = re.compile(
    rf"(?:(?P<weekday>[^\W\d_]{{3,9}})\.?,?\s+)?(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)?[-\s.]+(?:of\s+)?(?P<month>[^\W\d_]{{3,9}})"
    rf"\.?[-\s,]+(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    re.IGNORECASE,
)
_NAMED_FIRST: Final = re.compile(
    rf"(?:(?P<weekday>[^\W\d_]{{3,9}})\.?,?\s+)?(?P<month>[^\W\d_]{{3,9}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    re.IGNORECASE,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - days of a spreadsheet have no zone
_COUNT: Final = re.compile(r"-?\d{1,14}(?:\.\d{1,9})?", re.ASCII)
_ISO_PART: Final = re.compile(r"\d{4}-?(?:\d|W)", re.ASCII)
_SHORT: Final = 2
_NOON: Final = 12


class Told(NamedTuple):
    """A time that was read, with an offset or without, and what was repaired in how it was written."""

    time: datetime
    repairs: tuple[Repair, ...] = ()


def dates(declared: Normalisation, zone: ZoneInfo) -> NormaliseOne:
    """Return what reads dates and times as moments; those without an offset are in `zone`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = dates(Normalisation(Kind.DATE), ZoneInfo("UTC"))
    >>> [read(Asked(one)).rules for one in ("2026-01-31", "31/01/2026", "1er février 2026", "01/02/2026")]
    [(), ('day first',), ('name of the month',), ('day or month first',)]
    """

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(str(asked.value))
        found = _formatted(text.text, declared.formats) or _read(text.text, declared.order)
        return _settled(found, text.repairs, zone)

    return normalise


def _settled(found: Told, before: tuple[Repair, ...], zone: ZoneInfo) -> Outcome:
    repairs = [*before, *found.repairs]
    try:
        if found.time.tzinfo is not None:
            return settled(moment_of(found.time.astimezone(UTC)), repairs)
        first, second = (found.time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            # What the clocks skip comes back from UTC as another hour.
            there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == found.time
            repairs.append(Repair.REPEATED_HOUR if there else Repair.SKIPPED_HOUR)
        return settled(moment_of(first.astimezone(UTC)), repairs)
    except (ValueError, OverflowError) as error:  # an offset takes it out of the years 1 to 9999
        raise UnreadableError(Reason.NO_SUCH_DAY) from error


def _formatted(text: str, formats: tuple[str, ...]) -> Told | None:
    """Return the time by the declared formats, None if none fits; several may fit if they mean the same."""
    found = {one for one in (_by_format(text, pattern) for pattern in formats) if one is not None}
    if len(found) > 1:
        raise UnreadableError(Reason.SEVERAL_FORMATS)
    return Told(found.pop(), (Repair.FORMAT,)) if found else None


def _by_format(text: str, pattern: str) -> datetime | None:
    try:
        if pattern not in SPECIAL_FORMATS:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is set where none is read
        if not _COUNT.fullmatch(text):
            return None
        if pattern == "excel days":
            return _EXCEL_EPOCH + timedelta(days=float(text))
        return _EPOCH + timedelta(**{pattern: float(text)})
    except (ValueError, OverflowError):
        return None


def _read(text: str, order: DateOrder | None) -> Told:
    if _ISO_PART.match(text):
        try:
            return Told(datetime.fromisoformat(text))
        except ValueError:
            pass  # it is written in another way
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return _timed(match, int(match["a"]), int(match["b"]), (Repair.ISO,))
    match = _NUMBERS.fullmatch(text)
    if match:
        return _ordered(match, order)
    match = _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text)
    if match and plain_name(match["month"]) in MONTHS:
        return _timed(match, MONTHS[plain_name(match["month"])], int(match["day"]), (Repair.MONTH_NAME,))
    raise UnreadableError(Reason.NO_DATE)


def _ordered(match: re.Match[str], order: DateOrder | None) -> Told:
    """Return the time of numbers only; without a declared order only one that no other order can mean."""
    first, second = int(match["a"]), int(match["b"])
    if len(match["year"]) == _SHORT:
        raise UnreadableError(Reason.SHORT_YEAR)
    if order is None:
        can_be_day, can_be_month = second <= 12 < first, first <= 12 < second  # noqa: PLR2004 - months
        if not (can_be_day or can_be_month or first == second):
            raise UnreadableError(Reason.AMBIGUOUS_DAY if max(first, second) <= 12 else Reason.NO_SUCH_DAY)  # noqa: PLR2004
        order = DateOrder.MONTH if can_be_month else DateOrder.DAY
    elif (second if order is DateOrder.DAY else first) > 12:  # noqa: PLR2004 - months
        raise UnreadableError(Reason.OTHER_ORDER if min(first, second) <= 12 else Reason.NO_SUCH_DAY)  # noqa: PLR2004
    day, month = (first, second) if order is DateOrder.DAY else (second, first)
    return _timed(match, month, day, (Repair.DAY_FIRST if order is DateOrder.DAY else Repair.MONTH_FIRST,))


def _timed(match: re.Match[str], month: int, day: int, repairs: tuple[Repair, ...]) -> Told:
    """Return the time of a day and what is said of the hour and the zone."""
    parts = match.groupdict()
    if len(parts["year"]) == _SHORT:
        raise UnreadableError(Reason.SHORT_YEAR)
    try:
        found = date(int(parts["year"]), month, day)
        time = datetime(found.year, found.month, found.day, *_clock(parts))  # noqa: DTZ001 - the zone is set where none is read
    except ValueError as error:
        raise UnreadableError(Reason.NO_SUCH_DAY) from error
    weekday = plain_name(parts.get("weekday") or "")
    if weekday and weekday not in WEEKDAYS:
        raise UnreadableError(Reason.NO_DATE)
    if weekday and WEEKDAYS[weekday] != found.weekday():
        raise UnreadableError(Reason.WRONG_WEEKDAY)
    zone = (parts["zone"] or "").strip("()")
    if not zone:
        return Told(time, repairs)
    if parts["hour"] is None:
        raise UnreadableError(Reason.NO_DATE)
    return _zoned(time, zone, repairs)


def _clock(parts: dict[str, str | None]) -> tuple[int, int, int, int]:
    """Return hour, minute, second and microsecond; raises ValueError for an hour that halves of a day lack."""
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()[:1]
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    micros = int((parts["part"] or "").ljust(6, "0")[:6])
    return hour, int(parts["minute"] or 0), int(parts["second"] or 0), micros


def _zoned(time: datetime, zone: str, repairs: tuple[Repair, ...]) -> Told:
    """Return a time with the offset, or in the zone, that is written behind it."""
    offset = ZONE_OFFSETS.get(zone.lower(), zone)
    try:
        if offset[0] in "+-":
            there = datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo
        elif "/" in zone:
            there = zone_of(zone)
        else:
            raise UnreadableError(Reason.UNKNOWN_ZONE)
    except (ValueError, DefinitionError) as error:
        raise UnreadableError(Reason.UNKNOWN_ZONE) from error
    named = () if offset == zone else (Repair.NAMED_ZONE,)
    return Told(time.replace(tzinfo=there), (*repairs, *named, *([Repair.NAMED_ZONE] if "/" in zone else [])))
