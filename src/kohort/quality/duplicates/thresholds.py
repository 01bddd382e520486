"""The least probability of a link: chosen where labelled pairs show what it costs, else a stated default."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kohort.definitions.duplicates import THRESHOLD
from kohort.errors import InputError
from kohort.stats.intervals import Interval, wilson_interval

_FEWEST: Final = 1


@dataclass(frozen=True)
class CurvePoint:
    """What a threshold makes of the labelled pairs; intervals are Wilson's, 95 %."""

    threshold: float
    precision: Interval
    recall: Interval
    f1: float


@dataclass(frozen=True)
class Threshold:
    """The threshold that is used, why, and the curve of precision and recall it was chosen on, the lowest first."""

    value: float
    why: str
    curve: tuple[CurvePoint, ...] = ()

    @property
    def chosen(self) -> CurvePoint | None:
        """The point of the curve that holds at the threshold."""
        return next((point for point in self.curve if point.threshold >= self.value), None)


def told_threshold(value: float | None) -> Threshold:
    """Return a threshold that was told, or the default."""
    return Threshold(THRESHOLD, "the default") if value is None else Threshold(value, "told")


def precision_recall(probabilities: Sequence[float], labels: Sequence[bool]) -> list[CurvePoint]:
    """Return a point for each distinct probability of labelled pairs, taken as the threshold, the lowest first.

    Pairs that were never compared have probability 0: they lower recall, and no threshold links them.

    >>> points = precision_recall([0.99, 0.8, 0.8, 0.0], [True, True, False, True])
    >>> [(one.threshold, round(one.precision.estimate, 2), round(one.recall.estimate, 2)) for one in points]
    [(0.8, 0.67, 0.67), (0.99, 1.0, 0.33)]
    """
    true = sum(labels)
    points = []
    for threshold in sorted({one for one in probabilities if one > 0}):
        linked = [label for probability, label in zip(probabilities, labels, strict=True) if probability >= threshold]
        right = sum(linked)
        precision, recall = wilson_interval(right, len(linked)), wilson_interval(right, true)
        points.append(CurvePoint(threshold, precision, recall, 2 * right / (len(linked) + true)))
    return points


def choose_threshold(probabilities: Sequence[float], labels: Sequence[bool]) -> Threshold:
    """Return the threshold with the best F1 on labelled pairs, of equal ones the highest.

    Lipton, Elkan and Naryanaswamy 2014, Optimal thresholding of classifiers to maximize F1. It lies half way to the
    next lower probability, so that a pair a little less sure than the labelled ones is not lost.

    Raises InputError if the labels lack duplicates, or pairs that are none, or none of them was compared.

    >>> choose_threshold([0.99, 0.9, 0.5, 0.1], [True, True, False, False]).value
    0.7
    """
    if len(labels) == sum(labels) or sum(labels) < _FEWEST:
        raise InputError("a threshold is chosen between labelled pairs that are duplicates (1) and such as are not (0)")
    points = precision_recall(probabilities, labels)
    if not points:
        raise InputError(
            "none of the labelled pairs agrees in anything that is compared; label pairs of the review list"
        )
    best = max(points, key=lambda one: (one.f1, one.threshold))
    below = max((one.threshold for one in points if one.threshold < best.threshold), default=0.0)
    why = f"the best F1 on {len(labels)} labelled pairs"
    return Threshold((below + best.threshold) / 2, why, tuple(points))
