"""Compared methods of clustering as rows of a listing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kohort.reports.method_data import MethodRow

METHOD_COLUMNS: Final = ("method", "clusters", "outside", "stability", "beyond chance", "silhouette", "verdict")


def method_listing(methods: "Sequence[MethodRow]") -> list[dict[str, object]]:
    """Return one row a method, columns as `METHOD_COLUMNS`.

    `outside` is the share of people in no cluster, `stability` that of the least stable cluster, `beyond chance` the
    gap in standard errors.
    """
    return [
        {
            "method": one.name.en,
            "clusters": one.k,
            "outside": one.outside,
            "stability": one.weakest,
            "beyond chance": None if one.beyond_chance is None else round(one.beyond_chance, 1),
            "silhouette": one.silhouette,
            "verdict": one.words.en,
        }
        for one in methods
    ]
