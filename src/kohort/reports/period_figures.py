"""Clusters over time as figures of the report: each chart with its numbers."""

from dataclasses import replace

from kohort.reports import period_charts
from kohort.reports.figures import Figure, drawn
from kohort.reports.formatting import count, decimal, percent, percent_range, probability
from kohort.reports.periods_data import ClusterConversion, PeriodsReport
from kohort.reports.tables import Table
from kohort.reports.validation_periods import FATE_WORDS, shift_words
from kohort.stats.intervals import Interval


def over_time(report: PeriodsReport) -> list[Figure]:
    """Draw cohorts as a heat map, and how far each group has moved."""
    cohorts = "The share who did anything in that month, by when they came; the first row also holds earlier people."
    moved = "In standard deviations since the first month, with intervals of 95 %, in the traits that moved most."
    return [
        replace(
            drawn("cohorts", "By the month in which people came", cohorts, period_charts.cohort_heat(report)),
            table=cohorts_table(report),
        ),
        replace(
            drawn("drift", "How far each group has moved", moved, period_charts.drift(report)),
            table=fates_table(report),
        ),
    ]


def foretold(number: int, found: ClusterConversion) -> list[Figure]:
    """Draw the rates of groups that were formed before, and the lift curve; `number` tells outcomes apart."""
    rates = f"Groups as of {found.split:%Y-%m-%d}; dots are rates with intervals of 95 %, the dashed line is everybody."
    figures = [
        replace(
            drawn(f"rates-{number}", f"Who {found.did.en}, by group", rates, period_charts.conversion_rates(found)),
            table=rates_table(found),
        )
    ]
    if found.power is not None:
        caption = "Taking the likeliest people first, the share of all who did it that is among them; dashed is chance."
        title = f"How many of those who {found.did.en} are reached first"
        curve = drawn(f"lift-{number}", title, caption, period_charts.lift_curves(found))
        figures.append(replace(curve, table=lift_table(found)))
    return figures


def cohorts_table(report: PeriodsReport) -> Table:
    """Return, for each month in which people came and each since, how many are active and in which group they are."""
    rows = [
        (
            report.months[cell.cohort],
            str(cell.since),
            count(cell.people),
            _share(cell.active),
            *([percent(one.estimate) for one in cell.shares] or [""] * len(report.names)),
        )
        for cell in report.cohorts
    ]
    columns = ("Came in", "Months since", "People", "Active", *(one.en for one in report.names))
    return Table("By the month in which people came", columns, tuple(rows))


def fates_table(report: PeriodsReport) -> Table:
    """Return what became of each group in each later month."""
    rows = [
        (
            period.name,
            report.names[fate.cluster],
            _share(period.shares[fate.cluster]),
            FATE_WORDS[fate.fate],
            f"{decimal(fate.jaccard.estimate)} [{decimal(fate.jaccard.low)}–{decimal(fate.jaccard.high)}]",
            "; ".join(
                shift_words(one, report).en for one in period.shifts if one.found and one.cluster == fate.cluster
            ),
        )
        for period in report.periods
        for fate in period.fates
    ]
    columns = ("Month", "Group", "Share of people", "What became of it", "Similarity", "Moved beyond chance")
    return Table("What became of each group", columns, tuple(rows), frozenset({0, 1, 3, 5}))


def rates_table(found: ClusterConversion) -> Table:
    """Return how many of each group did it, beside everybody else."""
    rows = [
        (
            name,
            count(one.members.n),
            _share(one.members),
            _share(one.others) if one.others else "",
            probability(one.comparison.adjusted_p_value) if one.comparison else "",
        )
        for name, one in zip(found.names, found.outcomes, strict=True)
        if one.members
    ]
    columns = ("Group", "People", "Rate", "Everybody else", "p (Holm)")
    return Table(f"Who {found.did.en}, by group", columns, tuple(rows))


def lift_table(found: ClusterConversion) -> Table:
    """Return the lift curve by tenths of people, beside that of how lately people came."""
    power = found.power
    pairs = () if power is None else zip(power.groups.lift, power.rule.lift, strict=True)
    rows = [
        (percent(one.depth, 0), _share(one.captured), decimal(one.lift.estimate), _share(other.captured))
        for one, other in pairs
    ]
    columns = ("People taken", "By the groups", "Times chance", "By how lately they came")
    return Table(f"Of all who {found.did.en}", columns, tuple(rows))


def _share(one: Interval) -> str:
    return f"{percent(one.estimate)} {percent_range(one.low, one.high)}"
