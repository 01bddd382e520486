"""The numbers of value as tables."""

from kohort.definitions.values import MICRO
from kohort.learning.value.results import Holdout, ValueStudy
from kohort.reports.formatting import count, money, percent
from kohort.reports.tables import Table


def worth_table(study: ValueStudy, currency: str) -> Table:
    """Return what tenths of people are worth, the best first."""
    rows = [
        (str(one.group), count(one.people), _money(one.worth, currency), _between(one.low, one.high, currency),
         percent(one.share))
        for one in reversed(study.deciles)
    ]  # fmt: skip
    columns = ("Decile", "People", "Worth a person", "In nine worlds of ten", "Share of all worth")
    return Table("What tenths of people are worth", columns, tuple(rows))


def calibration_table(held: Holdout, currency: str) -> Table:
    """Return what was foretold of the held-out time and what happened, by tenths of the forecast."""
    rows = [
        (str(one.first), count(one.people), _money(one.spent, currency), _money(one.spent_made.estimate, currency),
         _between(one.spent_made.low, one.spent_made.high, currency))
        for one in reversed(held.by_decile)
    ]  # fmt: skip
    columns = ("Decile", "People", "Foretold a person", "Spent a person", "Interval of 95 %")
    return Table("What was foretold and what happened", columns, tuple(rows))


def _money(amount: float, currency: str) -> str:
    return money(round(amount * MICRO), currency)


def _between(low: float | None, high: float | None, currency: str) -> str:
    return "" if low is None or high is None else f"{_money(low, currency)} – {_money(high, currency)}"
