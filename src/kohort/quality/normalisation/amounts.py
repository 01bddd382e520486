"""Amounts of money to the project's currency, at the rate of the day of the row."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from kohort.definitions.normalisation import Asked, Normalisation, Outcome
from kohort.quality.normalisation.numbers import Number, written
from kohort.quality.normalisation.outcomes import (
    NormaliseOne,
    Reason,
    Repair,
    UnreadableError,
    guarded,
    number_settled,
)
from kohort.quality.normalisation.rates import Rates

_DOLLARS: Final = ("AUD", "BRL", "CAD", "HKD", "MXN", "NZD", "SGD", "USD")
_SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "€": ("EUR",), "euro": ("EUR",), "euros": ("EUR",),
    "$": _DOLLARS, "dollar": _DOLLARS, "dollars": _DOLLARS,
    "us$": ("USD",), "$us": ("USD",), "ca$": ("CAD",), "c$": ("CAD",), "a$": ("AUD",), "au$": ("AUD",),
    "hk$": ("HKD",), "nz$": ("NZD",), "s$": ("SGD",), "r$": ("BRL",), "mx$": ("MXN",),
    "£": ("GBP",), "pound": ("GBP",), "pounds": ("GBP",), "livre": ("GBP",), "livres": ("GBP",),
    "livres sterling": ("GBP",), "livre sterling": ("GBP",), "quid": ("GBP",),
    "¥": ("CNY", "JPY"), "yen": ("JPY",), "yens": ("JPY",), "yuan": ("CNY",), "yuans": ("CNY",), "rmb": ("CNY",),
    "fr": ("CHF",), "fr.": ("CHF",), "sfr": ("CHF",), "franc suisse": ("CHF",), "francs suisses": ("CHF",),
    "kr": ("DKK", "ISK", "NOK", "SEK"), "kr.": ("DKK", "ISK", "NOK", "SEK"),
    "zł": ("PLN",), "kč": ("CZK",), "ft": ("HUF",), "lei": ("RON",), "лв": ("BGN",), "₽": ("RUB",), "₺": ("TRY",),
    "₹": ("INR",), "₩": ("KRW",), "₪": ("ILS",), "฿": ("THB",), "₱": ("PHP",),
}  # fmt: skip
_REMEMBERED: Final = 2**16
_LONGEST: Final = 40
_CODE: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_CENTS_BEHIND: Final = re.compile(r"(.*\d)\s?(€|£|\$)\s?(\d\d)", re.ASCII)


def amounts(declared: Normalisation, currency: str, rates: Rates) -> NormaliseOne:
    """Return what reads amounts of money and converts them to `currency`, at the rate of the day of the row.

    A sign that several currencies have means the declared one, else the project's, where that is among them.

    >>> from kohort.definitions.normalisation import Kind
    >>> from kohort.quality.normalisation.rates import shipped_rates
    >>> read = amounts(Normalisation(Kind.AMOUNT), "EUR", shipped_rates())
    >>> [read(Asked(one, day=date(2014, 3, 28))).value for one in ("12,50 €", "US$ 13.759")]
    [12500000, 10000000]
    >>> read(Asked("$5", day=date(2014, 3, 28))).rules
    ('sign of several currencies',)
    """
    return guarded(_Amounts(declared, currency, rates))


class Money(NamedTuple):
    """An amount of a currency, and what was repaired in how it was written."""

    number: Number
    currency: str


class _Amounts:
    def __init__(self, declared: Normalisation, currency: str, rates: Rates) -> None:
        self._declared, self._currency, self._rates = declared, currency, rates
        # Rows have few currencies and days.
        self._candidates = lru_cache(_REMEMBERED)(self._possible)
        self._rate = lru_cache(_REMEMBERED)(self._worth)

    def __call__(self, asked: Asked) -> Outcome:
        money = self._read(asked)
        value, repairs = money.number
        if money.currency == self._currency:
            return number_settled(value, repairs)
        rate = self._rate(money.currency, asked.day)
        return number_settled(value * rate, (*repairs, f"{Repair.CONVERTED} from {money.currency}"))

    def _read(self, asked: Asked) -> Money:
        given = asked.value
        behind = _CENTS_BEHIND.fullmatch(given.strip()) if isinstance(given, str) and len(given) <= _LONGEST else None
        found = written(f"{behind[1]}.{behind[3]} {behind[2]}" if behind else given, self._declared.decimal, sure=False)
        tokens = [one for one in (found.front, found.back) if one]
        currency = self._named(tokens, asked.beside) if tokens else self._stated(asked.beside)
        repairs = found.number.repairs + ((Repair.CURRENCY,) if tokens else ())
        return Money(Number(found.number.value, repairs), currency)

    def _stated(self, beside: str) -> str:
        """Return the currency of an amount that names none."""
        if not self._declared.beside:
            return self._declared.currency or self._currency
        if not beside.strip():
            raise UnreadableError(Reason.NO_CURRENCY)
        found = self._candidates(beside)
        if len(found) > 1:
            raise UnreadableError(Reason.AMBIGUOUS_CURRENCY)
        return next(iter(found))

    def _named(self, tokens: list[str], beside: str) -> str:
        """Return the currency that the signs around an amount name."""
        common = frozenset.intersection(*map(self._candidates, tokens))
        if not common:
            raise UnreadableError(Reason.TWO_CURRENCIES)
        # What a row says in two places must be the same; what is declared for all rows is for those that say nothing.
        if self._declared.beside and beside.strip():
            stated = self._stated(beside)
            if stated not in common:
                raise UnreadableError(Reason.TWO_CURRENCIES)
            return stated
        usual = self._declared.currency or self._currency
        if usual in common and not self._declared.beside:
            return usual
        if len(common) > 1:
            raise UnreadableError(Reason.AMBIGUOUS_CURRENCY)
        return next(iter(common))

    def _possible(self, token: str) -> frozenset[str]:
        """Return the currencies that a sign, name or code can mean."""
        text = token.strip().lower()
        if text in _SIGNS:
            return frozenset(_SIGNS[text])
        code = text.upper()
        if not _CODE.fullmatch(text) or not (code == self._currency or self._rates.knows(code)):
            raise UnreadableError(Reason.UNKNOWN_CURRENCY)
        return frozenset({code})

    def _worth(self, currency: str, day: date | None) -> Decimal:
        """Return what one unit of a currency was worth in the project's on a day."""
        theirs = None if day is None else self._rates.per_euro(currency, day)
        ours = None if day is None else self._rates.per_euro(self._currency, day)
        if theirs is None or ours is None:
            raise UnreadableError(Reason.NO_RATE)
        return ours / theirs
