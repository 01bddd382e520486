"""What a study of value comes to, in words."""

from collections.abc import Iterator, Mapping
from typing import Final

from kohort.learning.value.results import Foreteller, Reason, ValueStudy
from kohort.learning.wording import Bilingual, number, percent
from kohort.stats.intervals import Interval

_NAMES: Final[Mapping[Foreteller, Bilingual]] = {
    Foreteller.BG_NBD: Bilingual("BG/NBD", "BG/NBD"),
    Foreteller.MBG_NBD: Bilingual("MBG/NBD", "MBG/NBD"),
    Foreteller.PARETO_NBD: Bilingual("Pareto/NBD", "Pareto/NBD"),
    Foreteller.SUPERVISED: Bilingual("learnt from examples", "appris sur des exemples"),
    Foreteller.SAME_RATE: Bilingual("goes on at the same rate", "continue au même rythme"),
    Foreteller.LAST_PERIOD: Bilingual("as in the last period", "comme à la période précédente"),
}


def foreteller_name(key: Foreteller) -> Bilingual:
    """Return what a model, or a plain rule, is called.

    >>> foreteller_name(Foreteller.SAME_RATE).fr
    'continue au même rythme'
    """
    return _NAMES[key]


def value_words(study: ValueStudy) -> tuple[Bilingual, ...]:
    """Return what was found, in sentences: the choice and why, the held-out time, and what to beware of."""
    return (_choice(study), *_held_out(study), *_warnings(study))


def _choice(study: ValueStudy) -> Bilingual:
    name, gap = _NAMES[study.chosen], study.difference
    match study.reason:
        case Reason.ASKED:
            return Bilingual(f"{name.en} was asked for.", f"{name.fr} a été demandé.")
        case Reason.LIKELIER if gap:
            en, fr = _range(gap)
            return Bilingual(
                f"{name.en} was taken: what happened in the held-out time was likelier by it than by any other model "
                f"(difference of the logarithmic score a person {en}).",
                f"{name.fr} a été retenu : ce qui s’est passé dans la période mise de côté était plus probable selon "
                f"lui que selon tout autre modèle (différence du score logarithmique par personne {fr}).",
            )
        case Reason.ALIKE if gap:
            en, fr = _range(gap)
            return Bilingual(
                f"{name.en} was taken, the plainest of those that foretold the held-out time alike (the best two "
                f"differ by {en} of logarithmic score a person, which may be chance).",
                f"{name.fr} a été retenu, le plus simple de ceux qui prévoient aussi bien la période mise de côté (les "
                f"deux meilleurs diffèrent de {fr} de score logarithmique par personne, ce qui peut être un hasard).",
            )
        case Reason.NEARER if gap:
            en, fr = _range(gap)
            return Bilingual(
                f"What was learnt from examples was taken: it came nearer to what was spent than the best model of "
                f"purchases (difference of deviance a person {en}).",
                f"L’apprentissage sur des exemples a été retenu : il s’approche plus des dépenses que le meilleur "
                f"modèle d’achats (différence de déviance par personne {fr}).",
            )
        case _:
            return Bilingual(
                f"{name.en} was taken untried: there is too little time to hold any of it out.",
                f"{name.fr} a été retenu sans essai : la période est trop courte pour en mettre une part de côté.",
            )


def _held_out(study: ValueStudy) -> Iterator[Bilingual]:
    held = study.holdout
    if held is None:
        return
    chosen = next(one for one in held.judged if one.key is held.chosen)
    weeks, spent, foretold = number(held.weeks), number(held.spent), number(chosen.spent)
    yield Bilingual(
        f"Held out: {weeks.en} weeks, in which {number(held.people).en} people spent {spent.en}; {foretold.en} was "
        "foretold.",
        f"Mis de côté : {weeks.fr} semaines, pendant lesquelles {number(held.people).fr} personnes ont dépensé "
        f"{spent.fr} ; {foretold.fr} étaient prévus.",
    )
    rule = min((one for one in held.judged if one.key in (Foreteller.SAME_RATE, Foreteller.LAST_PERIOD)),
               key=lambda one: one.spent_error.estimate)  # fmt: skip
    if rule.captured > chosen.captured:
        plain, ours = percent(rule.captured), percent(chosen.captured)
        yield Bilingual(
            f"Mind that a plain rule ({_NAMES[rule.key].en}) finds the best tenth of people as well: {plain.en} of "
            f"what was spent came from it, {ours.en} from the model's.",
            f"Attention : une règle simple ({_NAMES[rule.key].fr}) trouve aussi bien le meilleur dixième : {plain.fr} "
            f"des dépenses en viennent, {ours.fr} de celui du modèle.",
        )


def _warnings(study: ValueStudy) -> Iterator[Bilingual]:
    told = study.told
    if told.returns:
        yield Bilingual(
            f"{number(told.returns).en} returns (amounts below zero) are no purchases and were left out.",
            f"{number(told.returns).fr} retours (montants négatifs) ne sont pas des achats et ont été laissés de côté.",
        )
    if told.free or told.unknown:
        free, unknown = number(told.free), number(told.unknown)
        yield Bilingual(
            f"{free.en} purchases were free and {unknown.en} have no amount: they count as purchases, and say nothing "
            "of what one is worth.",
            f"{free.fr} achats étaient gratuits et {unknown.fr} sont sans montant : ils comptent comme achats et ne "
            "disent rien de la valeur d’un achat.",
        )
    for model in (study.model, study.values):
        if model is not None and not model.has_converged:
            yield Bilingual(
                f"The likelihood of {model.key} has no peak: its parameters are not known, though what it foretells "
                "may be right.",
                f"La vraisemblance de {model.key} n’a pas de maximum : ses paramètres ne sont pas connus, même si ses "
                "prévisions peuvent être justes.",
            )
    for sampled in study.posterior:
        if not sampled.has_converged:
            yield Bilingual(
                f"The chains of the posterior of {sampled.key} do not agree: do not rest anything on its limits.",
                f"Les chaînes de la loi a posteriori de {sampled.key} ne s’accordent pas : ne fondez rien sur ses "
                "bornes.",
            )
    if study.is_dependent and study.ranks is not None and study.model is not None:
        found = number(study.ranks.estimate, 2)
        yield Bilingual(
            f"Who buys often spends differently each time (rank correlation {found.en}), which gamma-gamma rules out: "
            "worth is biased; try the model learnt from examples.",
            f"Qui achète souvent dépense autrement à chaque fois (corrélation des rangs {found.fr}), ce que "
            "gamma-gamma exclut : la valeur est biaisée ; essayez l’apprentissage sur des exemples.",
        )


def _range(found: Interval) -> tuple[str, str]:
    parts = [number(one, 3) for one in (found.estimate, found.low, found.high)]
    return (f"{parts[0].en} [{parts[1].en}; {parts[2].en}]", f"{parts[0].fr} [{parts[1].fr} ; {parts[2].fr}]")
