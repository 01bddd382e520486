"""Numbers, money and times, as a reader's language writes them, in the time zone of the project."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from kohort.clock import SECOND, Moment, datetime_of, parse_moment
from kohort.definitions.values import MICRO
from kohort.rules.languages import Language
from kohort.web.studio.languages import LOCALES

_SMALLEST_SHARE: Final = 0.0005
_MINUTES: Final = "d MMMM yyyy, HH:mm"
_SECONDS: Final = "d MMMM yyyy, HH:mm:ss"
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True)
class Formats:
    """How one reader sees values. Moments are microseconds, or the ISO 8601 text that answers of the API hold.

    >>> Formats(Language.FR, ZoneInfo("Europe/Paris")).moment("2026-03-01T12:00:00+00:00").replace("\u202f", " ")
    '1 mars 2026, 13:00'
    """

    language: Language
    zone: ZoneInfo
    currency: str = "EUR"

    @property
    def locale(self) -> Locale:
        """The locale of the language."""
        return LOCALES[self.language]

    def count(self, number: int) -> str:
        r"""Write a whole number.

        >>> Formats(Language.FR, ZoneInfo("UTC")).count(1_469_307)
        '1\u202f469\u202f307'
        """
        return format_decimal(number, locale=self.locale)

    def decimal(self, number: float, places: int = 2) -> str:
        """Write a number with at most so many decimals."""
        return format_decimal(round(number, places) + 0.0, f"#,##0.{'#' * places}", locale=self.locale)

    def fixed(self, number: float, places: int = 2) -> str:
        """Write a number with just so many decimals, as columns want it."""
        return format_decimal(round(number, places) + 0.0, f"#,##0.{'0' * places}", locale=self.locale)

    def signed(self, number: float, places: int = 2) -> str:
        """Write a number with its sign.

        >>> Formats(Language.EN, ZoneInfo("UTC")).signed(0.5), Formats(Language.EN, ZoneInfo("UTC")).signed(-1)
        ('+0.50', '−1.00')
        """
        return f"{'+' if round(number, places) > 0 else ''}{self.fixed(number, places)}".replace("-", "−")

    def percent(self, share: float) -> str:
        r"""Write a share between 0 and 1; what is neither nothing nor everything is never rounded to either.

        >>> [Formats(Language.EN, ZoneInfo("UTC")).percent(share) for share in (0, 0.00001, 0.5, 0.99999)]
        ['0%', '<0.1%', '50%', '>99.9%']
        """
        if 0 < share < _SMALLEST_SHARE:
            return "<" + self._percent(2 * _SMALLEST_SHARE)
        if 1 - _SMALLEST_SHARE < share < 1:
            return ">" + self._percent(1 - 2 * _SMALLEST_SHARE)
        return self._percent(share)

    def _percent(self, share: float) -> str:
        pattern = "#,##0.#\u202f%" if self.language is Language.FR else "#,##0.#%"
        return format_percent(share, pattern, locale=self.locale)

    def money(self, micros: int) -> str:
        """Write an amount of the project's currency, given in millionths."""
        return format_currency(micros / MICRO, self.currency, locale=self.locale)

    def date(self, moment: Moment | str) -> str:
        """Write the day of a moment."""
        return format_date(self._time(moment), "long", locale=self.locale)

    def moment(self, moment: Moment | str) -> str:
        """Write a moment to the minute."""
        return format_datetime(self._time(moment), _MINUTES, locale=self.locale)

    def exactly(self, moment: Moment | str) -> str:
        """Write a moment to the second."""
        return format_datetime(self._time(moment), _SECONDS, locale=self.locale)

    def ago(self, moment: Moment | str, now: Moment) -> str:
        """Write how long before `now` a moment is.

        >>> Formats(Language.FR, ZoneInfo("UTC")).ago(0, 7_200_000_000)
        'il y a 2 heures'
        """
        seconds = (_moment(moment) - now) // SECOND
        return format_timedelta(seconds, add_direction=True, locale=self.locale)

    def lasting(self, seconds: float) -> str:
        """Write a length of time in its largest unit."""
        return format_timedelta(round(seconds), locale=self.locale)

    def _time(self, moment: Moment | str) -> datetime:
        return datetime_of(_moment(moment), self.zone)


def _moment(moment: Moment | str) -> Moment:
    return parse_moment(moment, _UTC) if isinstance(moment, str) else moment
