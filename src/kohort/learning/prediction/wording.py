"""What was found of a prediction, in words: the same in the terminal, the document and the studio."""

from collections.abc import Iterator

from kohort.learning.prediction.results import FoldKind, PredictionStudy, Reason
from kohort.learning.prediction.thresholds import BandRow
from kohort.learning.wording import Bilingual, number, percent, sentence_case
from kohort.stats.intervals import Interval, wilson_interval

_FAMILIES = {
    "logistic": Bilingual("logistic regression", "régression logistique"),
    "random_forest": Bilingual("random forest", "forêt aléatoire"),
    "gradient_boosting": Bilingual("gradient boosting", "gradient boosting"),
    "lightgbm": Bilingual("LightGBM", "LightGBM"),
    "xgboost": Bilingual("XGBoost", "XGBoost"),
    "svm": Bilingual("support vector machine", "machine à vecteurs de support"),
    "neural_network": Bilingual("neural network", "réseau de neurones"),
}


def family_words(family: str) -> Bilingual:
    """Return what a family is called.

    >>> family_words("svm").fr
    'machine à vecteurs de support'
    """
    return _FAMILIES[family]


def study_words(study: PredictionStudy) -> Iterator[Bilingual]:
    """Yield the sentences that say what was found: the model, how good, against the obvious rule, and what is wrong."""
    yield _chosen(study)
    yield _good(study)
    yield _beside_the_rule(study)
    yield from _bands(study)
    yield from _level(study)
    if study.is_telling:
        yield Bilingual(
            f"An AUC of {study.measures.auc.estimate:.3f} is rarely honest: look for a feature that knows what "
            f"happened.",
            f"Une AUC de {number(study.measures.auc.estimate, 3).fr} est rarement honnête\u202f: cherchez une variable "
            f"qui connaît déjà le résultat.",
        )


def _chosen(study: PredictionStudy) -> Bilingual:
    family = family_words(study.chosen)
    match study.reason:
        case Reason.ONLY:
            return Bilingual(f"The model is a {family.en}.", f"Modèle\u202f: {family.fr}.")
        case Reason.BEST:
            return Bilingual(
                f"{sentence_case(family.en)} was taken: none of the plainer ones does as well.",
                f"{sentence_case(family.fr)}\u202f: aucun modèle plus simple ne fait aussi bien.",
            )
        case _:
            return Bilingual(
                f"{sentence_case(family.en)} was taken, the plainest of those that do as well as the best.",
                f"{sentence_case(family.fr)}\u202f: le plus simple de ceux qui font aussi bien que le meilleur.",
            )


def _good(study: PredictionStudy) -> Bilingual:
    area, lift = study.measures.auc, study.measures.lift
    held = (
        Bilingual("people of a later time", "les personnes d'une période postérieure")
        if study.folds is FoldKind.IN_TIME
        else Bilingual("people it did not learn from", "des personnes jamais vues")
    )
    return Bilingual(
        f"On {held.en} it has an AUC of {area.estimate:.3f} ({area.low:.3f} to {area.high:.3f}); the first 20 % reach "
        f"the goal {lift.estimate:.1f} times as often as all.",
        f"Sur {held.fr}, l'AUC est de {number(area.estimate, 3).fr} "
        f"({number(area.low, 3).fr} à {number(area.high, 3).fr})\u202f; les 20\u202f% "
        f"premiers atteignent l'objectif {number(lift.estimate, 1).fr} fois plus que l'ensemble.",
    )


def _beside_the_rule(study: PredictionStudy) -> Bilingual:
    rule = study.rule
    gained = f"{rule.gained.estimate:+.3f}, {rule.gained.low:+.3f} to {rule.gained.high:+.3f}"
    gained_fr = (
        f"{number(rule.gained.estimate, 3).fr}, de {number(rule.gained.low, 3).fr} à {number(rule.gained.high, 3).fr}"
    )
    area_fr = number(rule.auc.estimate, 3).fr
    if rule.is_beaten:
        return Bilingual(
            f"It beats the obvious rule, {rule.name} alone (AUC {rule.auc.estimate:.3f}; {gained}).",
            f"Il bat la règle évidente, {rule.name} seule (AUC {area_fr}\u202f; {gained_fr}).",
        )
    return Bilingual(
        f"It does not beat the obvious rule, {rule.name} alone (AUC {rule.auc.estimate:.3f}; {gained}): take the rule.",
        f"Il ne bat pas la règle évidente, {rule.name} seule (AUC {area_fr}\u202f; {gained_fr})\u202f: "
        f"prenez la règle.",
    )


def _level(study: PredictionStudy) -> Iterator[Bilingual]:
    """Yield whether people were told too much or too little on average, beyond what chance allows."""
    told = sum(one.people * (one.chance or 0.0) for one in study.bands) / study.measures.n
    reached = round(study.measures.base_rate * study.measures.n)
    happened = wilson_interval(reached, study.measures.n)
    if happened.low <= told <= happened.high:
        return
    much, much_fr = ("small", "faible") if told < happened.low else ("great", "élevée")
    yield Bilingual(
        f"Chances are too {much}: {told:.1%} was told on average, and {happened.estimate:.1%} reached the goal. Take "
        f"them as an order, and not as frequencies.",
        f"La probabilité est trop {much_fr}\u202f: {percent(told, 1).fr} annoncés en moyenne, "
        f"{percent(happened.estimate, 1).fr} constatés. Retenez l'ordre, et non le niveau.",
    )


def _bands(study: PredictionStudy) -> Iterator[Bilingual]:
    empty = [one for one in study.bands if one.is_empty]
    if empty:
        told = ", ".join(f"{one.low:.0%}–{one.high:.0%}" for one in empty)
        french = ", ".join(f"{one.low * 100:.0f}–{one.high * 100:.0f}\u202f%" for one in empty)
        yield Bilingual(f"Nobody has a chance of {told}.", f"Personne n'a une probabilité de {french}.")
    for one in study.bands:
        if not one.is_kept and one.chance is not None and one.observed is not None:
            yield _missed(one, one.chance, one.observed)


def _missed(band: BandRow, chance: float, observed: Interval) -> Bilingual:
    """Say that a band was told another share than reached the goal, beyond two standard errors."""
    told, happened, low, high = (percent(one, 1) for one in (chance, observed.estimate, observed.low, observed.high))
    people = number(band.people)
    return Bilingual(
        f"The band {band.low:.0%}–{band.high:.0%} does not hold: {told.en} was told, and {happened.en} reached the "
        f"goal ({low.en} to {high.en}, of {people.en} people).",
        f"La tranche {band.low * 100:.0f}–{band.high * 100:.0f}\u202f% ne tient pas\u202f: {told.fr} annoncés, "
        f"{happened.fr} constatés (de {low.fr} à {high.fr}, sur {people.fr} personnes).",
    )
