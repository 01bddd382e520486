"""What charts say: in English unless they are given other words, and how they write values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kohort.learning.wording import Bilingual
from kohort.reports.formatting import NARROW_SPACE, count, decimal, percent

_THIN_SPACES: Final = {
    "number": {
        "decimal": ".",
        "thousands": NARROW_SPACE,
        "grouping": [3],
        "currency": ["", ""],
        "percent": f"{NARROW_SPACE}%",
    }
}


@dataclass(frozen=True)
class Writing:
    """How a chart writes numbers, and which language of a text that has two; `locale` is for the axes, as Vega has it.

    >>> Writing().count(1200).replace(NARROW_SPACE, "_"), Writing().spoken(Bilingual("orders", "commandes"))
    ('1_200', 'orders')
    """

    count: Callable[[int], str] = count
    percent: Callable[[float], str] = percent
    decimal: Callable[[float, int], str] = decimal
    spoken: Callable[[Bilingual], str] = lambda text: text.en
    locale: Mapping[str, Any] = field(default_factory=lambda: _THIN_SPACES, hash=False)


@dataclass(frozen=True)
class RfmWords:
    """The words of the grid of recency and frequency; `mean` stands before a mean value."""

    recency: str = "recency: 1 long ago → 5 just now"
    frequency: str = "frequency: 1 rarely → 5 often"
    mean: str = "ø"


@dataclass(frozen=True)
class CurveWords:
    """The words of the curves by which the number of clusters is chosen."""

    clusters: str = "number of clusters"
    elbow: str = "elbow"
    mean_cluster: str = "mean cluster"
    weakest_cluster: str = "weakest cluster"
    ellipse: str = "than one ellipse"
    chance: str = "than chance"


@dataclass(frozen=True)
class MapWords:
    """The words of the axes of the map: "more orders, less fuel, 40 % of variance"; without the last if it is empty."""

    more: str = "more"
    less: str = "less"
    of_variance: str = "of variance"


@dataclass(frozen=True)
class SizeWords:
    """The words of a segment's size over time: by its rule of today, and as it was recorded."""

    people: str = "people"
    computed: str = "by today’s rule"
    recorded: str = "recorded then"


@dataclass(frozen=True)
class MoveWords:
    """The words of those who entered and left."""

    people: str = "people"
    entered: str = "entered"
    left: str = "left"


@dataclass(frozen=True)
class EffectWords:
    """The words of what sets people apart: the two ends of the axis of effects."""

    less: str = "← less"
    more: str = "more →"


@dataclass(frozen=True)
class DendrogramWords:
    """The words of a tree of merges; `cut` stands on the line at which it is cut, empty where it is not."""

    height: str = "height at which branches meet"
    people: str = "people"
    cut: str = "cut"


@dataclass(frozen=True)
class DistanceWords:
    """The words of the curve of distances to a neighbour; `radius` stands on the line at the distance chosen."""

    people: str = "share of people"
    distance: str = "distance to the neighbour"
    radius: str = "radius"
