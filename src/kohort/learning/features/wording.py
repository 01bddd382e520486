"""What a preparation did, in words: which features it left out and why, and what warns of trouble."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from scipy.stats import skew

from kohort.learning.features.preparation import Preparation
from kohort.learning.features.scaling import DroppedColumn
from kohort.learning.features.table import FeatureTable
from kohort.learning.traits import TraitLabel, label_of
from kohort.learning.wording import COLON, Bilingual, number, percent

SKEWED: Final = 2.0
"""The skewness (that of an exponential distribution) beyond which a scaled feature makes clusters of a handful."""

_REASONS: Final[Mapping[str, Bilingual]] = {
    "empty": Bilingual("nobody has a value", "personne n'a de valeur"),
    "constant": Bilingual("it does not tell people apart", "elle ne distingue personne"),
    "identifier": Bilingual(
        "it is another for nearly everybody: it tells who somebody is, not what they are like",
        "elle est autre pour presque chacun, elle dit qui est quelqu'un et non comment il est",
    ),
    "missing": Bilingual("{} of people have no value", "{} des personnes n'ont pas de valeur"),
    "nearly_constant": Bilingual("{} of people have the same value", "{} des personnes ont la même valeur"),
    "correlated": Bilingual(
        "it says the same as {beside} (rank correlation {})",
        "elle dit la même chose que {beside} (corrélation de rang {})",
    ),
    "noise": Bilingual(
        "it has one mode and goes with no other feature (rank correlations up to {})",
        "elle n'a qu'un mode et ne va avec aucune autre (corrélations de rang jusqu'à {})",
    ),
}
_SHARES: Final = ("missing", "nearly_constant")


def dropped_words(dropped: DroppedColumn, labels: Mapping[str, TraitLabel]) -> Bilingual:
    r"""Say that a feature was left out, and why.

    >>> dropped_words(DroppedColumn("spend", "correlated", 0.98, "orders"), {}).en
    'spend is left out: it says the same as orders (rank correlation 0.98)'
    >>> dropped_words(DroppedColumn("age", "missing", 0.75), {}).fr
    "age est écartée\u202f: 75\u202f% des personnes n'ont pas de valeur"
    """
    own, beside = label_of(dropped.name, labels), label_of(dropped.beside, labels)
    figure = dropped.figure or 0.0
    written = percent(figure) if dropped.reason in _SHARES else number(figure, 2)
    reason = _REASONS[dropped.reason]
    return Bilingual(
        f"{own.en} is left out: {reason.en.format(written.en, beside=beside.en)}",
        f"{own.fr} est écartée{COLON} {reason.fr.format(written.fr, beside=beside.fr)}",
    )


def skew_warnings(
    preparation: Preparation, table: FeatureTable, labels: Mapping[str, TraitLabel]
) -> tuple[Bilingual, ...]:
    """Warn of each feature that is skewed beyond `SKEWED` even when scaled: clusters of a handful will come of it.

    >>> from kohort.definitions.preparation import PreparationDefinition, Scaling
    >>> from kohort.learning.features.preparation import fit_preparation
    >>> money = np.exp(np.random.default_rng(1).normal(4, 1.2, 500))[:, None]
    >>> table = FeatureTable(tuple(map(str, range(500))), ("spend",), money)
    >>> raw = fit_preparation(table, PreparationDefinition(Scaling.STANDARD))
    >>> len(skew_warnings(raw, table, {})), len(skew_warnings(fit_preparation(table), table, {}))
    (1, 0)
    """
    scaled = preparation.scaled(table)[:, : len(preparation.columns)]
    warnings = []
    for column, skewness in zip(preparation.columns, np.atleast_1d(skew(scaled)), strict=True):
        if abs(skewness) > SKEWED:
            label, written = label_of(column.name, labels), number(float(skewness), 1)
            warnings.append(
                Bilingual(
                    f"{label.en} is very uneven as it is scaled ({column.method}, skewness {written.en}): a handful of "
                    f"people with the most of it may become clusters of their own. Scale it as automatic or log.",
                    f"{label.fr} est très inégale telle qu'elle est mise à l'échelle ({column.method}, asymétrie "
                    f"{written.fr}){COLON} une poignée de personnes qui en ont le plus peut former des groupes à elle "
                    f"seule. Mettez-la à l'échelle par automatic ou log.",
                )
            )
    return tuple(warnings)
