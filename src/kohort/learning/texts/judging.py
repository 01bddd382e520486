"""How well texts are read: macro-F1, its interval, and the interval of a difference on the same texts."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.stats.intervals import Interval

Labels = npt.NDArray[np.bool_]
"""Which labels a text has, of shape (texts, labels)."""

RESAMPLES: Final = 2_000


def one_hot(names: Sequence[str], labels: Sequence[str]) -> Labels:
    """Return one label a text as an array of (texts, labels).

    >>> one_hot(["b", "a"], ["a", "b"]).astype(int).tolist()
    [[0, 1], [1, 0]]
    """
    return np.array([[name == label for label in labels] for name in names]).reshape(len(names), len(labels))


def macro_f1(truth: Labels, read: Labels) -> float:
    """Return the mean over labels of F1 = 2·TP / (2·TP + FP + FN), of labels that are in the truth or were read.

    0 where there are none.

    >>> truth = one_hot(["a", "b", "b"], ["a", "b"])
    >>> round(macro_f1(truth, one_hot(["a", "b", "a"], ["a", "b"])), 4)
    0.6667
    """
    return float(_scores(truth[None], read[None])[0])


def macro_f1_interval(truth: Labels, read: Labels, *, seed: int = 0, confidence: float = 0.95) -> Interval:
    """Return macro-F1 with the percentile bootstrap interval over texts (Efron & Tibshirani 1993, chapter 13)."""
    draws = _draws(len(truth), seed)
    return _interval(macro_f1(truth, read), _scores(truth[draws], read[draws]), len(truth), confidence)


def macro_f1_difference(
    truth: Labels, read: Labels, other: Labels, *, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """Return how much higher macro-F1 is of `read` than of `other`: both on each resample of the same texts."""
    draws = _draws(len(truth), seed)
    point = macro_f1(truth, read) - macro_f1(truth, other)
    return _interval(
        point, _scores(truth[draws], read[draws]) - _scores(truth[draws], other[draws]), len(truth), confidence
    )


def _draws(texts: int, seed: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, texts, (RESAMPLES, texts))


def _scores(truth: Labels, read: Labels) -> npt.NDArray[np.float64]:
    """Return macro-F1 for each sample: arrays of shape (samples, texts, labels)."""
    hits, either = (truth & read).sum(axis=1), truth.sum(axis=1) + read.sum(axis=1)
    known = either > 0
    found = np.divide(2.0 * hits, either, out=np.zeros(hits.shape), where=known)
    scores: npt.NDArray[np.float64] = found.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return scores


def _interval(point: float, resampled: npt.NDArray[np.float64], texts: int, confidence: float) -> Interval:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(resampled, [tail, 1.0 - tail])
    return Interval(point, float(low), float(high), texts)
