"""Kohort: audience segmentation that is exact, explained and proven.

>>> from kohort import count, in_segment
>>> print((count("order_completed", last="30 days") >= 2) & ~in_segment("vip"))
count of order_completed in last 30 days >= 2 and not in segment "vip"
"""

from typing import TYPE_CHECKING

from kohort.errors import KohortError

if TYPE_CHECKING:
    from kohort.project import Project
    from kohort.rules.python import (
        anniversary,
        consent_to,
        count,
        days_since_first,
        days_since_last,
        did,
        distance_to,
        distinct_of,
        event_property,
        everyone,
        first_of,
        from_to,
        in_cell,
        in_month,
        in_period,
        in_segment,
        last_of,
        max_of,
        mean,
        mean_of,
        median,
        min_of,
        quantile,
        score,
        since,
        std,
        sum_of,
        this_month,
        this_week,
        this_year,
        today,
        trait,
        within_polygon,
        yesterday,
    )

__version__ = "0.1.0"
__all__ = [
    "KohortError",
    "Project",
    "__version__",
    "anniversary",
    "consent_to",
    "count",
    "days_since_first",
    "days_since_last",
    "did",
    "distance_to",
    "distinct_of",
    "event_property",
    "everyone",
    "first_of",
    "from_to",
    "in_cell",
    "in_month",
    "in_period",
    "in_segment",
    "last_of",
    "max_of",
    "mean",
    "mean_of",
    "median",
    "min_of",
    "quantile",
    "score",
    "since",
    "std",
    "sum_of",
    "this_month",
    "this_week",
    "this_year",
    "today",
    "trait",
    "within_polygon",
    "yesterday",
]


def __getattr__(name: str) -> object:
    """Import the facade, or a word of the rule language, when it is first asked for: `kohort --help` waits for none."""
    if name == "Project":
        from kohort.project import Project

        return Project
    if name in __all__:
        from kohort.rules import python

        return getattr(python, name)
    raise AttributeError(f'module "kohort" has no attribute "{name}"; it offers {", ".join(__all__)}')
