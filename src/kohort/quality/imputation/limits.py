"""What imputation would cost, known before it begins; what would take too long or too much memory is refused."""

from typing import Final

from kohort.errors import UsageError

MOST_COMPARISONS: Final = 200_000_000_000
"""People who lack something × donors × columns: 100,000 people by 20 columns, within a minute on two cores."""

MOST_CELLS: Final = 25_000_000
"""People × columns of chained equations: about 1 GB, since a handful of copies are held at once."""

MOST_DRAWN: Final = 100_000_000
"""Missing values × draws that are kept: 800 MB."""


def refuse_neighbours(receivers: int, donors: int, columns: int) -> None:
    """Raise UsageError if finding the nearest neighbours would compare more than `MOST_COMPARISONS`.

    >>> refuse_neighbours(88_000, 100_000, 20)
    """
    comparisons = receivers * donors * columns
    if comparisons > MOST_COMPARISONS:
        possible = max(1, MOST_COMPARISONS // (receivers * columns))
        raise UsageError(
            f"the nearest neighbours of {receivers:,} people among {donors:,} donors by {columns} columns are "
            f"{comparisons:.1e} comparisons, of which at most {MOST_COMPARISONS:.0e} are made; take fewer donors "
            f"(donors: {possible}), fewer columns, or the method mice"
        )


def refuse_chains(people: int, columns: int, missing: int, draws: int) -> None:
    """Raise UsageError if chained equations would hold more than `MOST_CELLS`, or draw more than `MOST_DRAWN`.

    >>> refuse_chains(1_000_000, 20, 2_000_000, 10)
    """
    if people * columns > MOST_CELLS:
        raise UsageError(
            f"chained equations of {people:,} people by {columns} columns hold {people * columns:,} values at once, "
            f"of at most {MOST_CELLS:,}; take fewer columns (at most {MOST_CELLS // people}), or the median"
        )
    if missing * draws > MOST_DRAWN:
        raise UsageError(
            f"{draws} draws of {missing:,} missing values are {missing * draws:,}, of at most {MOST_DRAWN:,}; "
            f"take fewer draws (at most {MOST_DRAWN // missing}) or fewer traits"
        )
