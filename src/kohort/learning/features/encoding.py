"""Bring texts, such as a country or a tier, among numbers, so that none of them outweighs a number.

A text of many levels is many one-hot columns, and k-means would see little else. So the columns of one text are
divided by one number that gives them together the variance of one standardised feature: the weighting of groups of
variables by their whole variance, as in factor analysis of mixed data (Pagès 2004, Rev. Statistique Appliquée 52:93).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kohort.definitions.preparation import Encoding, EncodingDefinition
from kohort.errors import UsageError
from kohort.learning.features.scaling import DroppedColumn, Values
from kohort.learning.features.table import Points, Texts

RARE: Final = 0.01
"""Levels of a smaller share of people are joined into one."""
OTHER: Final = "(other)"
_IDENTIFYING: Final = 0.5
_FEWEST_LEVELS: Final = 10


@dataclass(frozen=True)
class OneHot:
    """One column for each of `levels`, minus its `shares` of people, over `spread`.

    The level `OTHER`, if it is among them, takes the rare ones and whatever was never seen. Without it, and for a
    missing text, all columns are 0: the person counts as average.

    >>> encoded = fit_one_hot("tier", ("gold", "gold", "blue", None))
    >>> encoded.names
    ('tier=blue', 'tier=gold')
    >>> encoded.apply(("gold", "red", None)).round(2).tolist()
    [[-0.58, 0.58], [0.0, 0.0], [0.0, 0.0]]
    """

    name: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    spread: float

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    def apply(self, texts: Texts) -> Points:
        """Return the columns, shape (people, levels)."""
        places = {level: place for place, level in enumerate(self.levels)}
        other = places.get(OTHER, -1)
        rows = np.array([-1 if text is None else places.get(text, other) for text in texts], dtype=np.int64)
        indicators = (rows[:, None] == np.arange(len(self.levels))) - np.array(self.shares)
        encoded: Points = np.where(rows[:, None] < 0, 0.0, indicators / self.spread)
        return encoded

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "OneHot":
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        return cls(**{**record, "levels": tuple(record["levels"]), "shares": tuple(record["shares"])})


@dataclass(frozen=True)
class LevelCodes:
    """A number for each level of a text: its place in a declared order, or the share of people who have it.

    `unseen` is that of a level that was never seen, None for missing.

    >>> LevelCodes("tier", ("blue", "gold"), (0.0, 1.0), None).apply(("gold", "red", None)).tolist()
    [1.0, nan, nan]
    """

    name: str
    levels: tuple[str, ...]
    codes: tuple[float, ...]
    unseen: float | None

    def apply(self, texts: Texts) -> Values:
        """Return the numbers, shape (people,), NaN for missing."""
        numbers: dict[str | None, float] = dict(zip(self.levels, self.codes, strict=True))
        unseen = np.nan if self.unseen is None else self.unseen
        return np.array([np.nan if text is None else numbers.get(text, unseen) for text in texts], dtype=np.float64)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "LevelCodes":
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        return cls(**{**record, "levels": tuple(record["levels"]), "codes": tuple(record["codes"])})


def fit_encoding(name: str, texts: Texts, definition: EncodingDefinition) -> OneHot | LevelCodes | DroppedColumn:
    """Fit how one text feature becomes numbers.

    A text that is another for every second person, of those who have one, is an identifier: it is dropped, for it
    tells who somebody is and not what they are like. So are an empty and a constant one.

    Raises UsageError for an ordinal text with a level outside its declared order.

    >>> fit_encoding("email", tuple(f"{n}@example.org" for n in range(99)), EncodingDefinition()).reason
    'identifier'
    """
    counts = Counter(text for text in texts if text is not None)
    if len(counts) <= 1:
        return DroppedColumn(name, "constant" if counts else "empty")
    if definition.method is Encoding.ORDINAL:
        return _ordinal(name, counts, definition.order)
    if len(counts) > max(_FEWEST_LEVELS, _IDENTIFYING * counts.total()):
        return DroppedColumn(name, "identifier")
    if definition.method is Encoding.FREQUENCY:
        levels = tuple(sorted(counts))
        return LevelCodes(name, levels, tuple(counts[level] / counts.total() for level in levels), 0.0)
    return fit_one_hot(name, texts)


def fit_one_hot(name: str, texts: Texts) -> OneHot | DroppedColumn:
    """Fit one column for each level that 1 % of people have, and one for all others if there are any."""
    counts = Counter(text for text in texts if text is not None)
    common = {level: count for level, count in counts.items() if count >= RARE * counts.total()}
    rare = counts.total() - sum(common.values())
    if rare:
        common[OTHER] = common.get(OTHER, 0) + rare
    if len(common) <= 1:
        return DroppedColumn(name, "identifier" if rare else "constant")
    levels = tuple(sorted(common))
    shares = tuple(common[level] / counts.total() for level in levels)
    known = counts.total() / len(texts)
    return OneHot(name, levels, shares, float(np.sqrt(known * (1 - sum(share * share for share in shares)))))


def _ordinal(name: str, counts: Counter[str], order: tuple[str, ...]) -> LevelCodes:
    strange = sorted(set(counts) - set(order))
    if strange:
        raise UsageError(
            f'the feature {name} has the level "{strange[0]}", which its declared order ({", ".join(order)}) has not; '
            f"add it to the order"
        )
    return LevelCodes(name, order, tuple(float(place) for place in range(len(order))), None)
