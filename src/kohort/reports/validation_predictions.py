"""Whether a prediction keeps its word: bands, the obvious rule, features that know, and drift."""

from collections.abc import Sequence
from typing import Final

from kohort.learning.auc import TELLING
from kohort.learning.prediction.results import FoldKind, PredictionStudy
from kohort.learning.prediction.thresholds import BandRow
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent
from kohort.reports.checks import Check, Measured, alone, held
from kohort.reports.predictions_data import PredictionShown
from kohort.reports.validation_drift import drift_checks

MODEL: Final = Bilingual("the model", "le modèle")
"""What a figure of the model itself is of."""


def prediction_checks(found: PredictionShown) -> tuple[Check, ...]:
    """Return what was checked of a prediction: by people of a later time, whom it did not learn from, and since."""
    foretells = found.study.folds is FoldKind.IN_TIME
    drift = drift_checks(f"prediction-drift-{found.score}", found.score, found.drift, foretells=foretells)
    return (_bands(found), beats_the_rule(found.score, found.study), _nothing_knows(found), *drift)


def _bands(found: PredictionShown) -> Check:
    told = [one for one in found.study.bands if not one.is_empty]
    off = [one for one in told if not one.is_kept]
    figures = tuple(Measured(_band(one), one.observed) for one in told if one.observed is not None)
    many, wrong = number(len(told)), number(len(off))
    in_time = found.study.folds is FoldKind.IN_TIME
    later = Bilingual(" of a later time", " d'une période postérieure,") if in_time else Bilingual("", "")
    return Check(
        f"prediction-bands-{found.score}",
        Bilingual(
            f"{found.score}: do as many do it as were told to?",
            f"{found.score}{COLON} sont-ils autant à le faire qu'annoncé\u202f?",
        ),
        Bilingual(
            f"Of {many.en} bands with people, {wrong.en} {'is' if len(off) == 1 else 'are'} off by more than chance"
            f"{_named(off, 'en')}.",
            f"Sur {many.fr} tranches occupées, {wrong.fr} s'en {'écarte' if len(off) < 2 else 'écartent'} plus que par "  # noqa: PLR2004 - French: less than two is singular
            f"hasard{_named(off, 'fr')}.",
        ),
        held(not off),
        Bilingual("every band within two standard errors", "chaque tranche à moins de deux erreurs types"),
        Bilingual(
            f"The share of each band that reached the goal, with Wilson's interval, on people{later.en} that the "
            "model did not learn from; beside it the mean chance told.",
            "Part de chaque tranche qui a atteint l'objectif, avec l'intervalle de Wilson, sur des personnes"
            f"{later.fr} inconnues du modèle{SEMICOLON} à côté, la probabilité moyenne annoncée.",
        ),
        figures,
        is_share=True,
        decisive=max(
            (one.observed for one in told if one.observed is not None),
            key=lambda one: one.n,
            default=None,
        ),
    )


def _band(band: BandRow) -> Bilingual:
    low, high, told = percent(band.low, 0), percent(band.high, 0), percent(band.chance or 0)
    return Bilingual(f"{low.en} to {high.en}, told {told.en}", f"de {low.fr} à {high.fr}, {told.fr} annoncés")


def _named(bands: Sequence[BandRow], language: str) -> str:
    return "".join(f" ({getattr(_band(one), language)})" for one in bands)


def beats_the_rule(score: str, study: PredictionStudy) -> Check:
    """Return whether the model of a score ranks people better than one feature alone."""
    rule = study.rule
    gained, low, high = (number(one, 3) for one in (rule.gained.estimate, rule.gained.low, rule.gained.high))
    alone_said = Bilingual(f"{rule.name} alone", f"{rule.name} seule")
    advice = Bilingual("", "") if rule.is_beaten else Bilingual(" Take the rule.", " Prenez la règle.")
    return Check(
        f"prediction-rule-{score}",
        Bilingual(
            f"{score}: does it beat the obvious rule?",
            f"{score}{COLON} fait-il mieux que la règle évidente\u202f?",
        ),
        Bilingual(
            f"Its AUC is {gained.en} greater than that of {alone_said.en} ({low.en} to {high.en}).{advice.en}",
            f"Son AUC dépasse de {gained.fr} celle de {alone_said.fr} (de {low.fr} à {high.fr}).{advice.fr}",
        ),
        held(rule.is_beaten),
        Bilingual("a greater AUC, with the whole interval", "une AUC supérieure, avec tout l'intervalle"),
        Bilingual(
            "The difference of two areas under the curve on the same people (DeLong, DeLong and Clarke-Pearson 1988).",
            "Différence de deux aires sous la courbe sur les mêmes personnes (DeLong, DeLong et Clarke-Pearson 1988).",
        ),
        (Measured(MODEL, study.measures.auc), Measured(alone_said, rule.auc)),
        decisive=rule.gained,
    )


def _nothing_knows(found: PredictionShown) -> Check:
    study, bar = found.study, number(TELLING, 2)
    names = ", ".join(one.name for one in found.alarms)
    area = number(study.measures.auc.estimate, 3)
    if found.alarms:
        said = Bilingual(
            f"Looked at alone, these tell so well who does it that they most likely know: {names}.",
            f"Prises seules, celles-ci prédisent si bien l'objectif qu'elles le connaissent sans doute{COLON} {names}.",
        )
    elif study.is_telling:
        said = Bilingual(
            f"An AUC of {area.en} is rarely honest: look for a feature that knows what happened.",
            f"Une AUC de {area.fr} est rarement honnête{COLON} cherchez une variable qui connaît déjà le résultat.",
        )
    else:
        said = Bilingual(
            f"The AUC is {area.en}, and no feature alone comes near {bar.en}.",
            f"L'AUC est de {area.fr}, et aucune variable seule n'approche {bar.fr}.",
        )
    figures = [Measured(MODEL, study.measures.auc)]
    figures += [Measured(Bilingual(one.name, one.name), alone(one.value)) for one in found.alarms]
    return Check(
        f"prediction-leaks-{found.score}",
        Bilingual(
            f"{found.score}: does nothing it reads know the answer?",
            f"{found.score}{COLON} rien de ce qu'il lit ne connaît-il la réponse\u202f?",
        ),
        said,
        held(not found.alarms and not study.is_telling),
        Bilingual(f"no AUC of {bar.en} or more", f"aucune AUC de {bar.fr} ou plus"),
        Bilingual(
            "The area under the curve of the model, and of each feature alone where it is an alarm.",
            "Aire sous la courbe du modèle, et de chaque variable seule lorsqu'elle alerte.",
        ),
        tuple(figures),
        TELLING,
        decisive=study.measures.auc,
    )
