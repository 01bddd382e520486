"""Whether look-alikes keep their word: hidden members, the obvious rule, copies of the seed's rule, and drift."""

from kohort.learning.auc import TELLING
from kohort.learning.wording import COLON, Bilingual, number, percent
from kohort.reports.checks import Check, Measured, held
from kohort.reports.predictions_data import LookalikesShown
from kohort.reports.validation_drift import drift_checks
from kohort.reports.validation_predictions import MODEL, beats_the_rule


def lookalike_checks(found: LookalikesShown) -> tuple[Check, ...]:
    """Return what was checked of look-alikes, by members that were hidden among the others, and since."""
    drift = drift_checks(f"lookalike-drift-{found.score}", found.score, found.drift, foretells=False)
    return (_found_again(found), beats_the_rule(found.score, found.study), _copies_nothing(found), *drift)


def _found_again(found: LookalikesShown) -> Check:
    quality = found.quality
    tenth = quality.first[1]
    recall, lift, high = percent(tenth.recall.estimate), number(tenth.lift.estimate, 1), percent(quality.hidden.high)
    figures = [
        Measured(Bilingual(f"first {percent(one.share).en}", f"{percent(one.share).fr} premiers"), one.recall)
        for one in quality.first
    ]
    return Check(
        f"lookalike-hidden-{found.score}",
        Bilingual(
            f"{found.score}: are hidden members found again?",
            f"{found.score}{COLON} les membres cachés sont-ils retrouvés\u202f?",
        ),
        Bilingual(
            f"{recall.en} of them stand as high as the first tenth outside, {lift.en} times as many as by lot. At most "
            f"{high.en} of those outside are alike, and it may be none.",
            f"{recall.fr} d'entre eux se classent aussi haut que le premier dixième des autres, {lift.fr} fois plus "
            f"que par tirage au sort. Parmi les autres, {high.fr} au plus sont semblables, et peut-être personne.",
        ),
        held(quality.is_better_than_lot),
        Bilingual(
            "an AUC above one half, with the whole interval", "une AUC supérieure à un demi, avec tout l'intervalle"
        ),
        Bilingual(
            "The part of hidden members that stands as high as so many of the others, by models that did not know "
            "them, with bootstrap intervals; by lot it is that share.",
            "Part des membres cachés qui se classent aussi haut que tant des autres, par des modèles qui ne les "
            "connaissaient pas, avec intervalles par bootstrap\u202f; par tirage au sort, c'est cette part.",
        ),
        tuple(figures),
        is_share=True,
        decisive=quality.area,
    )


def _copies_nothing(found: LookalikesShown) -> Check:
    area, bar = number(found.quality.area.estimate, 3), number(TELLING, 2)
    return Check(
        f"lookalike-copies-{found.score}",
        Bilingual(
            f"{found.score}: is it more than a copy of the segment's rule?",
            f"{found.score}{COLON} est-ce plus qu'une copie de la règle du segment\u202f?",
        ),
        Bilingual(f"The AUC is {area.en}.", f"L'AUC est de {area.fr}."),
        held(not found.study.is_telling),
        Bilingual(f"no AUC of {bar.en} or more", f"aucune AUC de {bar.fr} ou plus"),
        Bilingual(
            "What the rule is made of, and what alone tells the seed apart, is not learnt from; together features may.",
            "Ce dont la règle est faite, et ce qui seul distingue les membres, n'est pas appris\u202f; ensemble, des "
            "variables le peuvent.",
        ),
        (Measured(MODEL, found.quality.area),),
        TELLING,
        decisive=found.quality.area,
    )
