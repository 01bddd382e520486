"""Recency, frequency, monetary value: scores of 1 to 5 or as declared per axis, a weighted composite, a named cell.

Hughes 1994, Strategic Database Marketing. Scores are ntiles in which equal values get equal scores, so that a
hundred one-time buyers are never spread over several levels by accident.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.definitions.rfm import LEVELS, Levels
from kohort.errors import DefinitionError, UsageError
from kohort.learning.wording import Bilingual
from kohort.stats.population import ntile_scores

Scores = npt.NDArray[np.int64]
Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]

FIVE: Final[Levels] = (LEVELS, LEVELS, LEVELS)


@dataclass(frozen=True)
class ScoreRange:
    """A box of scores; each pair is the lowest and the highest score, both included."""

    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int] = (1, 5)


@dataclass(frozen=True)
class RfmCell:
    """A named part of the cube of scores, made of one or several boxes."""

    key: str
    label: Bilingual
    ranges: tuple[ScoreRange, ...]


DEFAULT_CELLS: Final = (
    RfmCell("champions", Bilingual("Champions", "Champions"), (ScoreRange((4, 5), (4, 5), (4, 5)),)),
    RfmCell("loyal", Bilingual("Loyal", "Fidèles"), (ScoreRange((4, 5), (4, 5), (1, 3)), ScoreRange((3, 3), (4, 5)))),
    RfmCell("promising", Bilingual("Promising", "Prometteurs"), (ScoreRange((4, 5), (2, 3)),)),
    RfmCell("new", Bilingual("New", "Nouveaux"), (ScoreRange((4, 5), (1, 1)),)),
    RfmCell("need_attention", Bilingual("Need attention", "À solliciter"), (ScoreRange((3, 3), (2, 3)),)),
    RfmCell("about_to_sleep", Bilingual("About to sleep", "Bientôt endormis"), (ScoreRange((3, 3), (1, 1)),)),
    RfmCell("cannot_lose", Bilingual("Cannot lose", "À ne pas perdre"), (ScoreRange((1, 2), (4, 5), (4, 5)),)),
    RfmCell(
        "at_risk", Bilingual("At risk", "À risque"), (ScoreRange((1, 2), (4, 5), (1, 3)), ScoreRange((1, 2), (3, 3)))
    ),
    RfmCell(
        "hibernating", Bilingual("Hibernating", "Endormis"), (ScoreRange((2, 2), (1, 2)), ScoreRange((1, 1), (2, 2)))
    ),
    RfmCell("lost", Bilingual("Lost", "Perdus"), (ScoreRange((1, 1), (1, 1)),)),
)


@dataclass(frozen=True, eq=False)
class RfmScores:
    """Scores of everyone, each of shape (people,), in the order of the input.

    `recency`, `frequency` and `monetary` are int64 from 1 (worst) to the levels of the axis; `composite` is their
    weighted mean, float64, on the scale of the axis with the most levels; `cells` holds the keys of the cells.
    """

    recency: Scores
    frequency: Scores
    monetary: Scores
    composite: npt.NDArray[np.float64]
    cells: tuple[str, ...]


def score_rfm(
    recency: Values,
    frequency: Values,
    monetary: Values,
    *,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    levels: Levels = FIVE,
    cells: Sequence[RfmCell] = DEFAULT_CELLS,
    limits: Mapping[str, Sequence[float]] | None = None,
) -> RfmScores:
    """Score people by time since their last order (less is better), number of orders, and money spent.

    Each argument has shape (people,); the units do not matter, only the order of the values. `limits` gives thresholds
    for the axes `recency`, `frequency` or `monetary`, rising, in the units of the values: recency up to the first limit
    has the highest score, frequency and monetary from the last limit on. `levels` are those of recency, frequency and
    monetary value; where they differ, the composite spreads each score evenly from 1 to the largest number of levels,
    so that an axis of three levels weighs as much as one of ten.

    Raises UsageError if the arrays differ in length, hold NaN, or the weights are no shares of something positive;
    DefinitionError if the cells do not cover every combination of scores exactly once.

    >>> scores = score_rfm(np.array([1, 300, 20]), np.array([9, 1, 4]), np.array([900, 20, 350]))
    >>> scores.recency.tolist(), scores.frequency.tolist(), scores.cells
    ([4, 1, 2], [4, 1, 2], ('champions', 'lost', 'hibernating'))
    """
    if not len(recency) == len(frequency) == len(monetary):
        raise UsageError("recency, frequency and monetary value must be of the same people")
    if any(np.isnan(values).any() for values in (recency, frequency, monetary)):
        raise UsageError("RFM needs a value on each axis; leave out people without orders first")
    if min(weights) < 0 or sum(weights) <= 0:
        raise UsageError(f"RFM weights must be zero or more, and not all zero; got {weights}")
    grid = cell_grid(cells, levels)
    known = limits or {}
    scores = [
        _between(values, known[axis], less_is_better=less_is_better)
        if axis in known
        else ntile_scores(_ranks(values), count, reversed=less_is_better)
        for axis, values, count, less_is_better in (
            ("recency", recency, levels[0], True),
            ("frequency", frequency, levels[1], False),
            ("monetary", monetary, levels[2], False),
        )
    ]
    composite = np.average(np.stack(_spread_alike(scores, levels)), axis=0, weights=weights)
    found = grid[tuple(axis - 1 for axis in scores)]
    return RfmScores(scores[0], scores[1], scores[2], composite, tuple(cells[index].key for index in found))


def cell_grid(cells: Sequence[RfmCell], levels: Levels) -> npt.NDArray[np.int64]:
    """Return the index in `cells` of each combination of scores, shape `levels`: r, f, m from 1.

    Raises DefinitionError if a combination falls in no cell or in two.

    >>> cells = [RfmCell("all", Bilingual("All", "Tous"), (ScoreRange((1, 2), (1, 2), (1, 2)),))]
    >>> cell_grid(cells, (2, 2, 2)).tolist()
    [[[0, 0], [0, 0]], [[0, 0], [0, 0]]]
    """
    grid = np.full(levels, -1, dtype=np.int64)
    for index, cell in enumerate(cells):
        for box in cell.ranges:
            sides = (box.recency, box.frequency, box.monetary)
            for (low, high), highest in zip(sides, levels, strict=True):
                if not 1 <= low <= high <= highest:
                    raise DefinitionError(f'RFM cell "{cell.key}" has scores outside 1 to {highest}: {box}')
            part = grid[tuple(slice(low - 1, high) for low, high in sides)]
            if (part >= 0).any():
                other = cells[int(part.max())].key
                raise DefinitionError(
                    f'RFM cells "{other}" and "{cell.key}" overlap in {box}; give each score one cell'
                )
            part[:] = index
    if (grid < 0).any():
        r, f, m = (int(axis[0]) + 1 for axis in np.nonzero(grid < 0))
        raise DefinitionError(f"no RFM cell covers recency {r}, frequency {f}, monetary {m}; widen a cell to hold it")
    return grid


def _spread_alike(scores: Sequence[Scores], levels: Levels) -> list[npt.NDArray[np.float64]]:
    """Return scores on one scale, from 1 to the largest number of levels."""
    most = max(levels)
    return [
        np.asarray(score if count == most else 1 + (score - 1) * ((most - 1) / (count - 1)), dtype=np.float64)
        for score, count in zip(scores, levels, strict=True)
    ]


def _between(values: Values, limits: Sequence[float], *, less_is_better: bool) -> Scores:
    """Return scores from 1 by thresholds."""
    if less_is_better:
        return (len(limits) + 1 - np.searchsorted(limits, values, side="left")).astype(np.int64)
    return (1 + np.searchsorted(limits, values, side="right")).astype(np.int64)


def _ranks(values: Values) -> Scores:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
