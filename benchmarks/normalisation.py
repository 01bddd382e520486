"""What bringing columns into their form costs, beside a pandas `apply` over the same libraries.

    python benchmarks/normalisation.py [--rows 50000] [--people 5000]

A column has as many different values as a customer file has: `--people` of phones, e-mails and dates, which come again
in other rows as people buy again; countries and amounts have fewer. The pandas loop calls the same functions of the
same libraries row by row, for the value alone: it says neither what was repaired nor why a value is flagged. CPU
seconds of one process; both sides read the same Arrow strings, and must find the same values.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import email_validator
import numpy as np
import pandas as pd
import phonenumbers
import pint
import pyarrow as pa
import pycountry
from currency_converter import CurrencyConverter

from kohort.clock import moment_of
from kohort.collection.normalised_columns import Companions, normalise_column
from kohort.collection.rows import Column
from kohort.definitions.normalisation import DateOrder, Kind, Normalisation, Status
from kohort.definitions.values import MICRO
from kohort.quality.normalisation.kinds import Normalisers

PARIS = ZoneInfo("Europe/Paris")
FIRST_DAY = (date(2024, 1, 2) - date(1970, 1, 1)).days
COUNTRIES = ["France", "FR", "Allemagne", "germany", "ESP", "Italy", "United Kingdom", "Atlantis"]


@dataclass(frozen=True)
class Task:
    """A column, the form it is to have, and how a loop over the same library reads one value."""

    declared: Normalisation
    texts: list[str]
    loop: Callable[[Any], object]
    agree: Callable[[Any, Any], bool] = lambda ours, theirs: ours == theirs


def phone_of(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        return None
    form = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, form) if phonenumbers.is_valid_number(number) else None


def email_of(text: str) -> str | None:
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized.lower()
    except email_validator.EmailNotValidError:
        return None


def date_of(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=UTC)


def country_of(text: str) -> str | None:
    try:
        return str(pycountry.countries.lookup({"Allemagne": "Germany"}.get(text, text)).alpha_2)
    except LookupError:
        return None


def tasks(rows: int, people: int) -> dict[str, Task]:
    """Return the columns to normalise: the texts of people who come again, in the ways that people write."""
    chance = np.random.default_rng(7)
    who = chance.integers(0, people, rows).tolist()
    ways = ("0{}", "+33 {}", "0033{}", "+33{}")
    numbers = [f"6{one:08d}" for one in chance.choice(10**8, people, replace=False).tolist()]
    phones = [way.format(number) for number, way in zip(numbers, [ways[one % 4] for one in range(people)], strict=True)]
    emails = [
        f"{'Ada' if one % 3 else 'ada'}.{one}@Example.org" if one % 50 else f"nobody {one}" for one in range(people)
    ]
    births = [f"{1 + one % 28:02d}/{1 + one % 12:02d}/{1940 + one % 70}" for one in range(people)]
    weights = [f"{40 + one % 600 / 10:.1f} {'kg' if one % 2 else 'lb'}" for one in range(people)]
    registry = pint.UnitRegistry(non_int_type=Decimal)
    return {
        "phone": Task(Normalisation(Kind.PHONE), [phones[one] for one in who], phone_of),
        "email": Task(Normalisation(Kind.EMAIL), [emails[one] for one in who], email_of),
        "date": Task(
            Normalisation(Kind.DATE, order=DateOrder.DAY, zone=ZoneInfo("UTC")),
            [births[one] for one in who],
            date_of,
            lambda ours, theirs: ours == moment_of(theirs),
        ),
        "country": Task(Normalisation(Kind.COUNTRY), [COUNTRIES[one % 8] for one in who], country_of),
        "quantity": Task(
            Normalisation(Kind.QUANTITY, unit="kg"),
            [weights[one] for one in who],
            lambda text: float(registry.Quantity(text).to("kg").magnitude),
            lambda ours, theirs: math.isclose(ours / MICRO, theirs, abs_tol=1e-6),
        ),
    }


def measured(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def compare(name: str, task: Task) -> None:
    """Time both, see that they find the same, and print a line."""
    column = pa.array(task.texts)
    read = Normalisers("EUR", "FR").of(task.declared, PARIS, "benchmark")
    normalise_column(Column(column.slice(0, 100)), task.declared, read, (name, name))  # what a library loads once
    ours, found = measured(lambda: normalise_column(Column(column), task.declared, read, (name, name)))
    series = pd.Series(task.texts)
    task.loop(task.texts[0])
    theirs, expected = measured(lambda: series.apply(task.loop))
    told(name, len(column), len(column.unique()), ours, theirs, found.tally.statuses[Status.FLAGGED])
    for text, one, other in zip(task.texts, found.values.to_pylist(), expected.tolist(), strict=True):  # noqa: PD011
        if not (one is None and pd.isna(other)) and not task.agree(one, other):
            raise SystemExit(f"{name}: {text} is {one} here and {other} there")


def compare_amounts(rows: int) -> None:
    """Convert prices at the rate of the day of each row: every day and price is another value."""
    chance = np.random.default_rng(7)
    prices = [f"{one / 100:.2f}" for one in chance.integers(100, 100_000, rows).tolist()]
    codes = [("USD", "GBP", "EUR")[one] for one in chance.integers(0, 3, rows).tolist()]
    days = (FIRST_DAY + chance.integers(0, 365, rows)).astype(np.int32)
    declared = Normalisation(Kind.AMOUNT, beside="currency")
    read = Normalisers("EUR", "FR").of(declared, PARIS, "benchmark")
    texts, companions = pa.array(prices), Companions(Column(pa.array(codes)), pa.array(days))
    first = Companions(Column(pa.array(codes[:100])), pa.array(days[:100]))
    normalise_column(Column(texts.slice(0, 100)), declared, read, ("total", "price"), first)
    ours, found = measured(lambda: normalise_column(Column(texts), declared, read, ("total", "price"), companions))
    converter = CurrencyConverter(fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known")
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - a day has no zone
    frame = pd.DataFrame(
        {"price": prices, "code": codes, "day": [(epoch + pd.Timedelta(days=one)).date() for one in days.tolist()]}
    )
    theirs, expected = measured(
        lambda: frame.apply(lambda row: converter.convert(float(row.price), row.code, "EUR", date=row.day), axis=1)
    )
    told("amount", rows, rows, ours, theirs, found.tally.statuses[Status.FLAGGED])
    if not np.allclose(np.array(found.values) / MICRO, expected.to_numpy(), atol=1e-6):
        raise SystemExit("amount: the two disagree")


def told(name: str, rows: int, distinct: int, ours: float, theirs: float, flagged: int) -> None:
    """Print what a column cost."""
    print(
        f"{name:9} {rows:>9,} rows {distinct:>8,} distinct {flagged:>7,} flagged   "
        f"kohort {ours:6.2f} s {rows / ours:>11,.0f} rows/s   "
        f"pandas apply {theirs:6.2f} s {rows / theirs:>9,.0f} rows/s   × {theirs / ours:5.1f}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=50_000)
    arguments.add_argument("--people", type=int, default=5_000)
    given = arguments.parse_args()
    for name, task in tasks(given.rows, given.people).items():
        compare(name, task)
    compare_amounts(given.rows)


if __name__ == "__main__":
    main()
