"""Bins that a reference defines once, so that every later window is counted by the same ones.

Numbers fall into quantiles of the reference, texts into its commonest words. Who has no value is in a bin of their
own, and so is a word that the reference never had: both are ways to drift.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.divergences import Counts, Values

QUANTILES: Final = 10
_MOST_WORDS: Final = 30
_MISSING: Final = "(missing)"
_NEW: Final = "(new)"
_OTHER: Final = "(other)"


@dataclass(frozen=True)
class NumberBins:
    """Bins of a number by `edges`, rising; a value at an edge is below it. The last bin is of who has no value.

    >>> NumberBins((1.0, 5.0)).counts(np.array([0.0, 1.0, 2.0, 9.0, np.nan])).tolist()
    [2, 1, 1, 1]
    """

    edges: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each bin holds, in words: "≤ 1"."""
        ends = [f"{one:g}" for one in self.edges]
        between = [f"{low} to {high}" for low, high in pairwise(ends)]
        return (f"≤ {ends[0]}", *between, f"> {ends[-1]}", _MISSING)

    def counts(self, values: Values) -> Counts:
        """Return how many of `values`, shape (people,), are in each bin; NaN is missing."""
        known = values[~np.isnan(values)]
        places = np.searchsorted(np.array(self.edges), known, side="left")
        found = np.bincount(places, minlength=len(self.edges) + 1)
        return np.append(found, len(values) - len(known)).astype(np.int64)


@dataclass(frozen=True)
class WordBins:
    """A bin for each of `words`; if `others` one for rarer words of the reference, `rare`; then new ones; then missing.

    >>> bins = WordBins(("Lyon", "Paris"), ("Brest",))
    >>> dict(zip(bins.names, bins.counts(["Lyon", "Brest", "Rome", None, "Lyon"]).tolist(), strict=True))
    {'Lyon': 2, 'Paris': 0, '(other)': 1, '(new)': 1, '(missing)': 1}
    """

    words: tuple[str, ...]
    rare: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What each bin holds."""
        return (*self.words, *([_OTHER] if self.rare else []), _NEW, _MISSING)

    def counts(self, texts: Sequence[str | None]) -> Counts:
        """Return how many of `texts` are in each bin; None is missing."""
        place = {name: number for number, name in enumerate(self.words)}
        place |= dict.fromkeys(self.rare, len(self.words))
        new = len(self.names) - 2
        places = [new + 1 if one is None else place.get(one, new) for one in texts]
        return np.bincount(np.array(places, dtype=np.int64), minlength=len(self.names)).astype(np.int64)


Bins = NumberBins | WordBins


def number_bins(values: npt.NDArray[np.float64], quantiles: int = QUANTILES) -> NumberBins:
    """Return the bins between the quantiles of a reference, shape (people,); equal quantiles are one edge.

    Where very many have the least value, what is below it has a bin of its own, as what is above has where many have
    the greatest: so that a feature that everybody had alike cannot change unseen. Raises UsageError if no value is
    known.

    >>> number_bins(np.array([1.0, 2.0, 3.0, 4.0, np.nan]), 2).edges
    (2.0,)
    >>> number_bins(np.zeros(5)).counts(np.array([-1.0, 0.0, 0.0, 7.0])).tolist()
    [1, 2, 1, 0]
    """
    known = values[np.isfinite(values)]
    if not known.size:
        raise UsageError("a reference without any value gives no bins; leave the feature out")
    edges = np.unique(np.quantile(known, np.linspace(0, 1, quantiles + 1)[1:-1], method="inverted_cdf"))
    below = [np.nextafter(known.min(), -np.inf)] if edges[0] == known.min() else []
    return NumberBins((*map(float, below), *map(float, edges)))


def word_bins(texts: Sequence[str | None], most: int = _MOST_WORDS) -> WordBins:
    """Return a bin for each of the `most` commonest words of a reference, and one for its others.

    >>> word_bins(["b", "a", "b", None, "c"], 2)
    WordBins(words=('b', 'a'), rare=('c',))
    """
    counted = sorted(Counter(one for one in texts if one is not None).items(), key=lambda pair: (-pair[1], pair[0]))
    words = [name for name, _ in counted]
    return WordBins(tuple(words[:most]), tuple(words[most:]))
