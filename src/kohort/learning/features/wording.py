"""What a preparation did, in words: which features it left out and why, and what warns of trouble."""

from collections.abc import Mapping
from typing import Final

from kohort.definitions.preparation import Scaling
from kohort.learning.features.autoencoder import AutoEncoder
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.scaling import DroppedColumn
from kohort.learning.features.table import FeatureTable
from kohort.learning.traits import TraitLabel, label_of
from kohort.learning.wording import COLON, NARROW_SPACE, Bilingual, number, percent

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
_EVEN: Final = Bilingual(
    "clipped at its 0.5 % and 99.5 % quantiles, standardised",
    f"bornée à ses quantiles de 0,5{NARROW_SPACE}% et 99,5{NARROW_SPACE}%, centrée réduite",
)
_SCALINGS: Final[Mapping[str, Bilingual]] = {
    Scaling.AUTOMATIC: Bilingual(
        "clipped at its 0.5 % and 99.5 % quantiles, bent by a power for it is skewed, standardised",
        f"bornée à ses quantiles de 0,5{NARROW_SPACE}% et 99,5{NARROW_SPACE}%, redressée par une puissance "
        "car elle est asymétrique, centrée réduite",
    ),
    Scaling.LOG: Bilingual("its logarithm, standardised", "son logarithme, centré réduit"),
    Scaling.YEO_JOHNSON: Bilingual("bent by a power, standardised", "redressée par une puissance, centrée réduite"),
    Scaling.ROBUST: Bilingual(
        "minus its median, over the range of the middle half", "moins sa médiane, divisée par l'écart interquartile"
    ),
    Scaling.STANDARD: Bilingual("standardised", "centrée réduite"),
    Scaling.MIN_MAX: Bilingual("from 0 for the least to 1 for the most", "de 0 pour le moins à 1 pour le plus"),
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


def prepared_words(preparation: Preparation) -> tuple[tuple[str, Bilingual], ...]:
    """Say of each feature that is used how it came among the points.

    >>> import numpy as np
    >>> from kohort.learning.features.preparation import fit_preparation
    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [3.0]]))
    >>> [(name, how.en) for name, how in prepared_words(fit_preparation(table))]
    [('orders', 'clipped at its 0.5 % and 99.5 % quantiles, standardised')]
    """
    coded = {code.name for code in preparation.codes}
    found = []
    for column in preparation.columns:
        how = _SCALINGS[column.method] if column.power != 1 or column.method != Scaling.AUTOMATIC else _EVEN
        if column.name in coded:
            how = Bilingual(f"a number for each level, {how.en}", f"un nombre par niveau, {how.fr}")
        found.append((column.name, how))
    for one_hot in preparation.one_hots:
        count = len(one_hot.levels)
        found.append(
            (
                one_hot.name,
                Bilingual(
                    f"{count} levels, which weigh together as one number",
                    f"{count} niveaux, qui pèsent ensemble autant qu'un nombre",
                ),
            )
        )
    return tuple(found)


def reduction_words(preparation: Preparation) -> Bilingual | None:
    """Say into how few columns the features were brought, and what share of people's differences these keep."""
    reduction = preparation.reduction
    if reduction is None:
        return None
    kept = reduction.explained if isinstance(reduction, AutoEncoder) else sum(reduction.explained)
    count, share = reduction.components, percent(kept)
    if isinstance(reduction, AutoEncoder):
        return Bilingual(
            f"An auto-encoder brings all columns into {count}, which give back {share.en} of how people differ.",
            f"Un auto-encodeur ramène toutes les colonnes à {count}, qui restituent {share.fr} de ce qui distingue les "
            f"personnes.",
        )
    return Bilingual(
        f"Principal components: {count}, which keep {share.en} of how people differ.",
        f"Composantes principales{COLON} {count}, qui gardent {share.fr} de ce qui distingue les personnes.",
    )


def scaled_skewness(preparation: Preparation, table: FeatureTable) -> dict[str, float]:
    """Return the skewness of each number as it is scaled, by name: how much longer one tail still is than the other.

    >>> import numpy as np
    >>> from kohort.learning.features.preparation import fit_preparation
    >>> table = FeatureTable(("a", "b", "c", "d"), ("orders",), np.array([[0.0], [0.0], [2.0], [2.0]]))
    >>> scaled_skewness(fit_preparation(table), table)
    {'orders': 0.0}
    """
    from scipy.stats import skew  # noqa: PLC0415 - a second to load, which reading a model need not wait for

    scaled = preparation.scaled(table)
    return {column.name: float(skew(scaled[:, place])) for place, column in enumerate(preparation.columns)}


def skew_warnings(
    preparation: Preparation, table: FeatureTable, labels: Mapping[str, TraitLabel]
) -> tuple[Bilingual, ...]:
    """Warn of each feature that is skewed beyond `SKEWED` even when scaled: clusters of a handful will come of it.

    >>> import numpy as np
    >>> from kohort.definitions.preparation import PreparationDefinition, Scaling
    >>> from kohort.learning.features.preparation import fit_preparation
    >>> money = np.exp(np.random.default_rng(1).normal(4, 1.2, 500))[:, None]
    >>> table = FeatureTable(tuple(map(str, range(500))), ("spend",), money)
    >>> raw = fit_preparation(table, PreparationDefinition(Scaling.STANDARD))
    >>> len(skew_warnings(raw, table, {})), len(skew_warnings(fit_preparation(table), table, {}))
    (1, 0)
    """
    skewed = scaled_skewness(preparation, table)
    warnings = []
    for column in preparation.columns:
        skewness = skewed[column.name]
        if abs(skewness) > SKEWED:
            label, written = label_of(column.name, labels), number(skewness, 1)
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
