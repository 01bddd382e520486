"""Categories, such as age bands or regions, that are more or less frequent in a cluster than elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kohort.learning.clustering.kmeans import Labels
from kohort.stats.comparisons import compare_proportions, holm
from kohort.stats.intervals import Interval, relative_lift, wilson_interval

_LEVEL: Final = 0.05


@dataclass(frozen=True)
class CategoricalTrait:
    """A trait without order: one category per person, None where it is unknown."""

    name: str
    categories: tuple[str | None, ...]


@dataclass(frozen=True)
class CategoryDifference:
    """A category whose share among the people of a cluster differs from that elsewhere, unknowns left out.

    `lift` is the ratio of the two shares: above 1 the category is over-represented. `p_value` is adjusted by Holm
    for all categories looked at in the cluster.
    """

    trait: str
    category: str
    here: Interval
    elsewhere: Interval
    lift: Interval
    p_value: float


@dataclass(frozen=True)
class _Count:
    trait: str
    category: str
    here: int
    known_here: int
    elsewhere: int
    known_elsewhere: int

    def p_value(self) -> float:
        return compare_proportions(self.here, self.known_here, self.elsewhere, self.known_elsewhere).p_value

    def difference(self, p_value: float) -> CategoryDifference:
        here = wilson_interval(self.here, self.known_here)
        elsewhere = wilson_interval(self.elsewhere, self.known_elsewhere)
        lift = relative_lift(self.here, self.known_here, self.elsewhere, self.known_elsewhere)
        return CategoryDifference(self.trait, self.category, here, elsewhere, lift, p_value)


def category_differences(
    traits: Sequence[CategoricalTrait], labels: Labels, cluster: int
) -> tuple[CategoryDifference, ...]:
    """Return the categories that are significantly more or less frequent in `cluster` than elsewhere, surest first.

    >>> gender = CategoricalTrait("gender", ("f",) * 30 + ("m",) * 30 + (None,))
    >>> import numpy as np
    >>> [found] = category_differences([gender], np.array([0] * 30 + [1] * 31), 0)[:1]
    >>> found.category, found.lift.estimate > 1
    ('f', True)
    """
    inside = labels == cluster
    counts = [count for trait in traits for count in _counts(trait, inside.tolist())]
    adjusted = holm([count.p_value() for count in counts])
    significant = [(p, count) for p, count in zip(adjusted.tolist(), counts, strict=True) if p < _LEVEL]
    significant.sort(key=lambda pair: (pair[0], pair[1].trait, pair[1].category))
    return tuple(count.difference(p) for p, count in significant)


def _counts(trait: CategoricalTrait, inside: list[bool]) -> list[_Count]:
    here, elsewhere = Counter[str](), Counter[str]()
    for category, is_inside in zip(trait.categories, inside, strict=True):
        if category is not None:
            (here if is_inside else elsewhere)[category] += 1
    known_here, known_elsewhere = here.total(), elsewhere.total()
    if not known_here or not known_elsewhere:
        return []
    return [
        _Count(trait.name, category, here[category], known_here, elsewhere[category], known_elsewhere)
        for category in sorted(here | elsewhere)
    ]
