"""What the tests of normalisation share: a declaration in one line, and the outcome of a value in one text."""

from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

import yaml

from kohort.clock import datetime_of
from kohort.definitions.fields import Fields
from kohort.definitions.normalisation import Asked, Given, Normalisation, Outcome, normalisation_of
from kohort.definitions.values import ValueType, format_micros
from kohort.quality.normalisation.kinds import Normalise, Normalisers

PARIS = ZoneInfo("Europe/Paris")
FRIDAY = date(2014, 3, 28)
EVERY_KIND = [
    "number", "number, decimal: comma", "amount", "amount, currency: USD", "quantity, unit: kg", "quantity, unit: °C",
    "duration", "duration, unit: minutes", "date", "date, order: day first",
    "date, formats: ['%d%m%Y', excel days]", "text", "text, case: title", "text, case: lower",
    "text, case: upper, unicode: NFKC", "email", "phone", "phone, region: US", "country", "language",
]  # fmt: skip


def declared(text: str) -> Normalisation:
    """Return what `{as: TEXT}` of a mapping declares."""
    found = normalisation_of(Fields(yaml.safe_load(f"{{as: {text}}}"), "sources/test.yaml"))
    assert found is not None
    return found


@cache
def reader(text: str) -> Normalise:
    """Return what reads values as a mapping declares it, in a French project."""
    return Normalisers("EUR", "FR").of(declared(text), PARIS, "sources/test.yaml")


def outcome(text: str, value: Given, beside: str = "", day: date | None = FRIDAY) -> Outcome:
    """Return what becomes of one value."""
    return reader(text)([Asked(value, beside, day)])[0]


def shown(text: str, found: Outcome) -> str:
    """Return a value as the corpus writes it: a number in decimals, a moment in UTC."""
    if found.value is None:
        return ""
    kind = declared(text).type
    if kind is ValueType.NUMBER:
        return format_micros(int(found.value))
    if kind is ValueType.MOMENT:
        return datetime_of(int(found.value), ZoneInfo("UTC")).isoformat().removesuffix("+00:00")
    return str(found.value)
