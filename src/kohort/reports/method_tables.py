"""The numbers of compared methods, and how features became points, as tables of the report."""

from collections.abc import Sequence
from typing import Final

from kohort.learning.wording import Bilingual
from kohort.reports.dendrograms import cuts
from kohort.reports.formatting import count, decimal, percent
from kohort.reports.method_data import DendrogramTop, MethodRow, NeighbourDistances
from kohort.reports.preparation_data import PreparationSummary
from kohort.reports.tables import Table

_ABSENT: Final = "–"
_CUTS: Final = 8


def methods_table(methods: Sequence[MethodRow]) -> Table:
    """Return each method's best clustering, and how it fared in words; the one taken is named so."""
    return Table(
        "Methods compared on the same people",
        (
            "Method",
            "Clusters",
            "In none",
            "Silhouette ± SE",
            "Weakest stability",
            "Beyond chance (SE)",
            "Density validity",
            "How it fared",
        ),
        tuple(
            (
                _named(one),
                count(one.k) if one.k else _ABSENT,
                percent(one.outside) if one.k else _ABSENT,
                _with_error(one.silhouette, one.silhouette_error),
                _written(one.weakest),
                _written(one.beyond_chance, 1),
                _written(one.density),
                one.words,
            )
            for one in methods
        ),
        frozenset({0, 7}),
    )


def cuts_table(top: DendrogramTop, groups: int) -> Table:
    """Return what each number of groups divides, as far as a little beyond the cut.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> tree = DendrogramTop("ward", (3, 2), (DendrogramMerge(0, 1, 4.0, 5),), 5, 0.9, 5)
    >>> cuts_table(tree, 2).rows
    (('2 (cut)', '4.00', '3 + 2'),)
    """
    return Table(
        "What each cut divides",
        ("Groups", "Height", "People divided"),
        tuple(
            (
                f"{one.groups}{' (cut)' if one.groups == groups else ''}",
                decimal(one.height),
                f"{count(one.one)} + {count(one.other)}",
            )
            for one in cuts(top)[: max(groups + 1, _CUTS)]
        ),
    )


def distances_table(curve: NeighbourDistances) -> Table:
    """Return within what distance shares of the people have their neighbour.

    >>> distances_table(NeighbourDistances(5, (0.1, 0.2, 0.9), 0.2)).rows[2][1]
    '0.20'
    """
    return Table(
        "Distance to the neighbour",
        ("Share of people", "Within"),
        tuple((percent(share, 0), decimal(distance)) for share, distance in curve.by_share),
    )


def preparation_table(preparation: PreparationSummary) -> Table:
    """Return how each feature came onto the common scale, and why so."""
    return Table(
        "How features became points",
        ("Feature", "How", "Why", "Skewness before", "Skewness on the scale", "No value"),
        tuple(
            (
                one.label,
                one.how,
                _ABSENT if one.why is None else one.why,
                _written(one.skewness_before),
                _written(one.skewness),
                _ABSENT if one.missing is None else percent(one.missing),
            )
            for one in preparation.features
        ),
        frozenset({0, 1, 2}),
    )


def _named(one: MethodRow) -> Bilingual:
    return Bilingual(f"{one.name.en} (chosen)", f"{one.name.fr} (choisie)") if one.taken else one.name


def _written(value: float | None, places: int = 2) -> str:
    return _ABSENT if value is None else decimal(value, places)


def _with_error(value: float | None, error: float | None) -> str:
    return _ABSENT if value is None else f"{decimal(value)} ± {decimal(error or 0.0)}"
