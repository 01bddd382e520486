"""Exchange rates of past days: those that the European Central Bank published, as the library ships them."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Final, Protocol

from kohort.errors import MissingExtraError

LONGEST_GAP: Final = 7
"""A day without a rate takes the last one before, at most so many days old; Easter and Christmas are within."""


class Rates(Protocol):
    """What tells rates."""

    def per_euro(self, currency: str, day: date) -> Decimal | None:
        """Return how much of a currency one euro was worth on a day, None where nothing is known."""

    def knows(self, currency: str) -> bool:
        """Return whether there are rates of a currency on some day."""


def shipped_rates() -> Rates:
    """Return the rates that come with the library; they are read when the first is asked for.

    Raises MissingExtraError without the extra `[clean]`.

    >>> shipped_rates().per_euro("USD", date(2014, 3, 30))  # a Sunday: the rate of Friday
    Decimal('1.3759')
    """
    try:
        import currency_converter  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("clean", "converting amounts") from error
    return _ShippedRates()


class _ShippedRates:
    def knows(self, currency: str) -> bool:
        return currency in _converter().currencies

    def per_euro(self, currency: str, day: date) -> Decimal | None:
        return _per_euro(currency, day)


@cache
def _converter():  # type: ignore[no-untyped-def]  # noqa: ANN202 - the library has no types
    from currency_converter import CurrencyConverter  # noqa: PLC0415 - an extra, and half a second

    return CurrencyConverter(decimal=True)


@cache
def _per_euro(currency: str, day: date) -> Decimal | None:
    from currency_converter import RateNotFoundError  # noqa: PLC0415 - an extra

    converter = _converter()
    bounds = converter.bounds.get(currency)
    if bounds is None or not bounds.first_date <= day <= bounds.last_date:
        return None
    for back in range(LONGEST_GAP + 1):
        try:
            found: Decimal = converter.convert(Decimal(1), "EUR", currency, date=day - timedelta(days=back))
        except RateNotFoundError:
            continue
        return found
    return None
