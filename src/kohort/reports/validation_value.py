"""Whether what people were to be worth came true on time that the forecast did not know."""

from collections.abc import Iterator
from typing import Final

from kohort.learning.value.results import CalibrationRow, Foreteller, Holdout, Judged, ValueStudy
from kohort.learning.wording import SEMICOLON, Bilingual, number, percent
from kohort.reports.checks import Check, Detail, Measured, held
from kohort.reports.value import foreteller_name
from kohort.stats.intervals import Interval

_MOST_OFF: Final = 2
"""Of ten intervals of 95 % more than two miss a right forecast once in ninety (binomial distribution)."""


def value_checks(study: ValueStudy) -> Iterator[Check]:
    """Yield whether the forecast of value beats a plain rule and is right on average; nothing without held-out time."""
    held_out = study.holdout
    if held_out is None:
        return
    if held_out.over_same_rate is not None:
        yield _beats_a_rule(held_out, held_out.over_same_rate)
    if any(one.spent > 0 for one in held_out.by_decile):
        yield _calibrated(held_out)


def _beats_a_rule(found: Holdout, skill: Interval) -> Check:
    chosen, rule = _judged(found, found.chosen), _judged(found, Foreteller.SAME_RATE)
    name, plain = foreteller_name(found.chosen), foreteller_name(Foreteller.SAME_RATE)
    weeks, spent, foretold = number(found.weeks), number(found.spent), number(chosen.spent)
    less, low, high = percent(skill.estimate), percent(skill.low), percent(skill.high)
    its = number(rule.spent)
    figures = [Measured(plain, skill)]
    if found.over_last_period is not None:
        figures.append(Measured(foreteller_name(Foreteller.LAST_PERIOD), found.over_last_period))
    said = Bilingual("", "")
    if chosen.correlation is not None:
        alike = number(chosen.correlation, 2)
        said = Bilingual(
            f" Purchases foretold and made go together (correlation {alike.en}).",
            f" Les achats prévus et faits vont ensemble (corrélation {alike.fr}).",
        )
    return Check(
        "value",
        Bilingual(
            "Does the forecast of value come nearer than a plain rule?",
            "La prévision de valeur est-elle plus juste qu'une règle simple ?",
        ),
        Bilingual(
            f"Of {weeks.en} weeks that it did not know, {name.en} foretold {foretold.en} of the {spent.en} spent; "
            f"“{plain.en}” foretold {its.en}. Its squared error a person is {less.en} less ({low.en} to "
            f"{high.en}).{said.en}",
            f"Sur {weeks.fr} semaines inconnues de lui, {name.fr} prévoyait {foretold.fr} pour {spent.fr} dépensés"
            f"{SEMICOLON} «\u202f{plain.fr}\u202f» prévoyait {its.fr}. Son erreur quadratique par personne est "
            f"moindre de "
            f"{less.fr} ({low.fr} à {high.fr}).{said.fr}",
        ),
        held(skill.low > 0),
        Bilingual(
            "less squared error than that rule, with the whole interval",
            "une erreur quadratique moindre que cette règle, avec tout l'intervalle",
        ),
        Bilingual(
            "Share of the squared error in what people spent that the forecast does without (Gneiting 2011), on "
            "held-out time; interval of a ratio of means.",
            "Part de l'erreur quadratique des dépenses que la prévision évite (Gneiting 2011), sur une période mise de "
            f"côté{SEMICOLON} intervalle d'un rapport de moyennes.",
        ),
        tuple(figures),
        0.0,
        is_share=True,
        details=Detail.VALUE,
        decisive=skill,
    )


def _calibrated(found: Holdout) -> Check:
    rows = [one for one in found.by_decile if one.spent > 0]
    figures = tuple(Measured(_tenth(one), _ratio(one)) for one in rows)
    off = sum(not one.value.low <= 1 <= one.value.high for one in figures)
    many, ratio = number(len(rows)), percent(found.spent / _judged(found, found.chosen).spent)
    return Check(
        "value-calibration",
        Bilingual(
            "Do people spend what was foretold of them?", "Les personnes dépensent-elles ce qui était prévu d'elles ?"
        ),
        Bilingual(
            f"All together spent {ratio.en} of what was foretold. By tenths of the forecast, {number(off).en} of "
            f"{many.en} are off by more than chance.",
            f"Toutes ensemble ont dépensé {ratio.fr} de ce qui était prévu. Par dixièmes de la prévision, "
            f"{number(off).fr} sur {many.fr} s'en écartent plus que par hasard.",
        ),
        held(off <= _MOST_OFF),
        Bilingual(f"at most {_MOST_OFF} tenths off", f"au plus {_MOST_OFF} dixièmes qui s'écartent"),
        Bilingual(
            "What each tenth of people spent over what was foretold of it, with the interval of 95 % of the "
            "mean; of ten "
            "such intervals a right forecast misses more than two once in ninety.",
            "Dépense de chaque dixième rapportée à la prévision, avec l'intervalle à 95 % de la moyenne"
            f"{SEMICOLON} sur dix, une prévision juste en manque plus de deux une fois sur quatre-vingt-dix.",
        ),
        figures,
        1.0,
        is_share=True,
        details=Detail.VALUE,
        decisive=max((one.value for one in figures), key=lambda one: abs(one.estimate - 1)),
    )


def _judged(found: Holdout, key: Foreteller) -> Judged:
    return next(one for one in found.judged if one.key is key)


def _tenth(row: CalibrationRow) -> Bilingual:
    return Bilingual(f"tenth {row.first} of 10", f"dixième {row.first} sur 10")


def _ratio(row: CalibrationRow) -> Interval:
    made = row.spent_made
    return Interval(made.estimate / row.spent, made.low / row.spent, made.high / row.spent, row.people)
