"""Clusters over time as rows of a listing, for a terminal and for a spreadsheet."""

from collections.abc import Iterable
from typing import Final

from kohort.reports.periods_data import ClusterConversion, PeriodsReport

FATES: Final = ("month", "cluster", "people", "low", "high", "stayed", "fate", "jaccard", "jaccard_low", "moved")
COHORTS: Final = ("came", "since", "people", "active", "low", "high", "shares")
OUTCOMES: Final = ("did", "cluster", "people", "rate", "low", "high", "others", "difference", "p_value")


def fate_rows(found: PeriodsReport) -> list[dict[str, object]]:
    """Return a row for each later month and cluster of the first: who is in it, and what became of it."""
    rows: list[dict[str, object]] = []
    for period in found.periods:
        for fate, share, stayed in zip(period.fates, period.shares, period.stayed, strict=True):
            moved = [
                f"{one.kind} of {one.feature} {one.change.estimate:+.2f}"
                for one in period.shifts
                if one.found and one.cluster == fate.cluster
            ]
            rows.append(
                {
                    "month": period.name,
                    "cluster": found.names[fate.cluster].en,
                    "people": share.estimate,
                    "low": share.low,
                    "high": share.high,
                    "stayed": stayed.estimate if stayed else None,
                    "fate": fate.fate.value,
                    "jaccard": fate.jaccard.estimate,
                    "jaccard_low": fate.jaccard.low,
                    "moved": "; ".join(moved),
                }
            )
    return rows


def cohort_rows(found: PeriodsReport) -> list[dict[str, object]]:
    """Return a row for each month in which people came and each since."""
    return [
        {
            "came": found.months[cell.cohort],
            "since": cell.since,
            "people": cell.people,
            "active": cell.active.estimate,
            "low": cell.active.low,
            "high": cell.active.high,
            "shares": ", ".join(
                f"{name.en} {share.estimate:.0%}" for name, share in zip(found.names, cell.shares, strict=False)
            ),
        }
        for cell in found.cohorts
    ]


def outcome_rows(found: Iterable[ClusterConversion]) -> list[dict[str, object]]:
    """Return a row for each outcome and cluster: how many did it, beside everybody else."""
    return [
        {
            "did": one.did.en,
            "cluster": name.en,
            "people": outcome.members.n,
            "rate": outcome.members.estimate,
            "low": outcome.members.low,
            "high": outcome.members.high,
            "others": outcome.others.estimate if outcome.others else None,
            "difference": outcome.comparison.difference.estimate if outcome.comparison else None,
            "p_value": outcome.comparison.adjusted_p_value if outcome.comparison else None,
        }
        for one in found
        for name, outcome in zip(one.names, one.outcomes, strict=True)
        if outcome.members
    ]
