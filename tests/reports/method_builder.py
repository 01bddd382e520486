"""A tree, a curve and rows of compared methods, small, with figures that tests know."""

from kohort.learning.wording import Bilingual
from kohort.reports.method_data import DendrogramMerge, DendrogramTop, MethodRow, NeighbourDistances
from kohort.reports.preparation_data import PreparationSummary, PreparedFeature


def tree() -> DendrogramTop:
    """Return the top of a tree of ten people: leaves of 4, 3, 2 and 1."""
    merges = (DendrogramMerge(2, 3, 1.0, 3), DendrogramMerge(0, 4, 4.0, 7), DendrogramMerge(1, 5, 9.0, 10))
    return DendrogramTop("ward", (4, 3, 2, 1), merges, 10, 0.87, 10)


def distances() -> NeighbourDistances:
    """Return a curve that bends after three quarters of the people."""
    return NeighbourDistances(5, (0.1, 0.2, 0.3, 0.4, 2.0), 0.4)


def row(method: str, k: int, *stability: float, taken: bool = False, words: str = "holds") -> MethodRow:
    """Return what a method found; without stability it was not run."""
    return MethodRow(
        method=method,
        name=Bilingual(f"{method} method", f"méthode {method}"),
        taken=taken,
        k=k,
        outside=0.125 if k else 0.0,
        sizes=(),
        silhouette=0.5 if k else None,
        silhouette_error=0.01 if k else None,
        silhouette_squared=None,
        stability=stability,
        gap=0.3 if k else None,
        gap_error=0.05 if k else None,
        valley=None,
        density=None,
        certainty=None,
        better=None,
        better_error=None,
        same=(),
        holds=bool(k),
        words=Bilingual(words, f"{words} (fr)"),
        seconds=0.1,
    )


def preparation() -> PreparationSummary:
    """Return one number that was bent, one text, and a trait that was left out."""
    return PreparationSummary(
        (
            PreparedFeature(
                Bilingual("orders", "commandes"), Bilingual("bent", "redressée"), 0.1,
                Bilingual("skewed", "asymétrique"), 2.5, 0.25,
            ),
            PreparedFeature(Bilingual("town", "ville"), Bilingual("9 levels", "9 niveaux")),
        ),
        (Bilingual("spend is left out: it says the same as orders", "spend est écartée"),),
        (),
        None,
        "digest",
        2.0,
    )  # fmt: skip
