"""Why each feature came onto the common scale as it did, and what was lacking of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.definitions.preparation import Scaling
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.scaling import ColumnScaling
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import COLON, Bilingual

_ASKED: Final = Bilingual("the score asks for it", "le score le demande")
_SKEWED: Final = Bilingual(
    "skewed: left as it is, a few people would weigh most",
    f"asymétrique{COLON} telle quelle, quelques personnes pèseraient le plus",
)
_EVEN: Final = Bilingual("even enough without bending", "assez régulière sans redressement")
_ORDERED: Final = Bilingual("a text whose levels have an order", "un texte dont les niveaux ont un ordre")
_COMMON: Final = Bilingual(
    "a text of which only matters how common a value is", "un texte dont ne compte que la fréquence des valeurs"
)
_UNORDERED: Final = Bilingual("a text whose levels have no order", "un texte dont les niveaux n'ont pas d'ordre")


@dataclass(frozen=True)
class FeatureReason:
    """Why one feature was brought onto the scale as it was.

    `skewness` is that within the limits before any bending, None of a text; `missing` the share of people without a
    value, who take the median or, of a text without order, count as average.
    """

    why: Bilingual
    skewness: float | None
    missing: float


def scaling_reasons(preparation: Preparation, table: FeatureTable) -> dict[str, FeatureReason]:
    """Return the reason for each feature that is used, by name, as the people of `table` have it.

    >>> from kohort.learning.features.preparation import fit_preparation
    >>> orders = np.array([[1.0], [1.0], [2.0], [2.0], [3.0], [90.0], [np.nan], [np.nan]])
    >>> table = FeatureTable(tuple("abcdefgh"), ("orders",), orders)
    >>> found = scaling_reasons(fit_preparation(table), table)["orders"]
    >>> found.why.en, round(found.skewness or 0.0, 1), found.missing
    ('skewed: left as it is, a few people would weigh most', 1.8, 0.25)
    """
    from scipy.stats import skew  # noqa: PLC0415 - a second to load, which reading a model need not wait for

    orders = {code.name: code.unseen is None for code in preparation.codes}
    found = {}
    for column in preparation.columns:
        if column.name in orders:
            why = _ORDERED if orders[column.name] else _COMMON
            found[column.name] = FeatureReason(why, None, _lacking(table, column.name))
        else:
            values = table.column(column.name)
            known = values[~np.isnan(values)]
            missing = 1 - len(known) / max(len(values), 1)
            skewness = float(skew(column.clipped(known))) if len(known) else None
            found[column.name] = FeatureReason(_why(column), skewness, missing)
    for one_hot in preparation.one_hots:
        found[one_hot.name] = FeatureReason(_UNORDERED, None, _lacking(table, one_hot.name))
    return found


def _why(column: ColumnScaling) -> Bilingual:
    if column.method != Scaling.AUTOMATIC:
        return _ASKED
    return _EVEN if column.power == 1 else _SKEWED


def _lacking(table: FeatureTable, name: str) -> float:
    texts = table.text(name)
    return sum(text is None for text in texts) / max(len(texts), 1)
