"""At which rate amounts are converted."""

from datetime import date
from decimal import Decimal

import pytest
from normal_values import outcome

from kohort.definitions.normalisation import Asked, Kind, Normalisation, Status
from kohort.quality.normalisation.amounts import amounts
from kohort.quality.normalisation.rates import shipped_rates

FRIDAY, MONDAY = date(2014, 3, 28), date(2014, 3, 31)


class Table:
    """Rates that a test writes down."""

    def __init__(self, rates: dict[tuple[str, date], str]) -> None:
        self.rates = {("EUR", day): Decimal(1) for _, day in rates} | {
            key: Decimal(rate) for key, rate in rates.items()
        }

    def knows(self, currency: str) -> bool:
        return any(known == currency for known, _ in self.rates)

    def per_euro(self, currency: str, day: date) -> Decimal | None:
        return self.rates.get((currency, day))


def test_the_rate_is_that_of_the_day_of_the_row() -> None:
    read = amounts(
        Normalisation(Kind.AMOUNT, currency="USD"), "EUR", Table({("USD", FRIDAY): "1.25", ("USD", MONDAY): "2"})
    )
    assert [read(Asked("10", day=day)).value for day in (FRIDAY, MONDAY)] == [8_000_000, 5_000_000]


def test_between_two_currencies_both_rates_count() -> None:
    read = amounts(Normalisation(Kind.AMOUNT), "CHF", Table({("USD", FRIDAY): "1.25", ("CHF", FRIDAY): "1.5"}))
    assert read(Asked("10 USD", day=FRIDAY)).value == 12_000_000
    assert read(Asked("10 EUR", day=FRIDAY)).value == 15_000_000


def test_a_weekend_takes_the_rate_of_friday() -> None:
    rates = shipped_rates()
    assert {rates.per_euro("USD", date(2014, 3, day)) for day in (28, 29, 30)} == {Decimal("1.3759")}
    assert rates.per_euro("USD", MONDAY) == Decimal("1.3788")


@pytest.mark.parametrize(
    ("currency", "day"),
    [
        ("USD", date(1998, 12, 31)),  # before the euro
        ("USD", date(2999, 1, 1)),  # nobody knows
        ("RUB", date(2022, 6, 1)),  # no rate since March 2022
        ("ISK", date(2012, 1, 2)),  # a gap of nine years within the history
    ],
)
def test_no_rate_is_made_up(currency: str, day: date) -> None:
    assert shipped_rates().per_euro(currency, day) is None
    found = outcome("amount", f"10 {currency}", day=day)
    assert (found.status, found.rules) == (Status.FLAGGED, ("no rate of that day",))


def test_without_a_day_only_the_currency_of_the_project_is_read() -> None:
    assert outcome("amount", "10 €", day=None).value == 10_000_000
    assert outcome("amount", "10 USD", day=None).rules == ("no rate of that day",)


@pytest.mark.parametrize(
    ("value", "beside", "expected"),
    [
        ("13.759", "USD", (Status.REPAIRED, 10_000_000)),
        ("13.759", "usd ", (Status.REPAIRED, 10_000_000)),
        ("13.759", "US$", (Status.REPAIRED, 10_000_000)),
        ("12.50", "EUR", (Status.VALID, 12_500_000)),
        ("$13.7590", "USD", (Status.REPAIRED, 10_000_000)),
        ("12.50 €", "", (Status.REPAIRED, 12_500_000)),
        ("12.50", "", (Status.FLAGGED, None)),
        ("12.50", "$", (Status.FLAGGED, None)),
        ("12.50", "zorkmids", (Status.FLAGGED, None)),
        ("12.50 €", "USD", (Status.FLAGGED, None)),
    ],
)
def test_the_currency_may_stand_in_a_column_beside(
    value: str, beside: str, expected: tuple[Status, int | None]
) -> None:
    given = Decimal(value) if value == "13.759" else value  # as text it might be thirteen thousand
    found = outcome("amount, currency: {column: currency}", given, beside)
    assert (found.status, found.value) == expected


@pytest.mark.parametrize(
    ("value", "beside", "expected"),
    [
        ("0475 12 34 56", "Belgique", "+32475123456"),
        ("06 12 34 56 78", "FRA", "+33612345678"),
        ("+32475123456", "", "+32475123456"),
        ("06 12 34 56 78", "", None),
        ("06 12 34 56 78", "Atlantis", None),
    ],
)
def test_the_country_of_a_phone_may_stand_in_a_column_beside(value: str, beside: str, expected: str | None) -> None:
    assert outcome("phone, region: {column: country}", value, beside).value == expected
