"""What predictions, look-alikes and their traits are called in the studio."""

from collections.abc import Mapping

from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.prediction import PredictionDefinition, Target
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.values import MICRO
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations


def prediction_names(score: PredictionDefinition, language: Language) -> Mapping[str, str]:
    """Return what each trait of a prediction is called.

    >>> churn = PredictionDefinition("churn", Target.LAPSE, "order_completed", within=9)
    >>> prediction_names(churn, Language.FR)["churn"]
    'Risque de ne plus revenir'
    """
    gettext = translations(language).gettext
    said = {
        Target.LAPSE: gettext("Chance to stop"),
        Target.BUYS: gettext("Chance to do it"),
        Target.REACTS: gettext("Chance to react"),
    }
    middle, low, high = score.moments
    return {
        score.name: said[score.target],
        f"{score.name}_band": gettext("Band of the chance"),
        middle: gettext("Next time, as half of such people"),
        low: gettext("Next time, at the earliest (eight in ten)"),
        high: gettext("Next time, at the latest (eight in ten)"),
    }


def about_prediction(score: PredictionDefinition, formats: Formats) -> str:
    """Return what a prediction tells, in a sentence."""
    gettext = translations(formats.language).gettext
    said = {
        Target.LAPSE: gettext("The chance that %(event)s does not come within %(within)s, learnt from the past."),
        Target.BUYS: gettext("The chance of %(event)s within %(within)s, learnt from the past."),
        Target.REACTS: gettext("The chance of %(event)s within %(within)s, of people with %(among)s before."),
    }
    values = {"event": score.event, "within": formats.lasting(score.within / MICRO), "among": score.among}
    return said[score.target] % values


def chosen_names(score: LookalikeDefinition | SupervisedDefinition, language: Language) -> Mapping[str, str]:
    """Return what each trait of look-alikes, or of a supervised segment, is called.

    >>> chosen_names(LookalikeDefinition("like_vip", "vip"), Language.FR)["like_vip"]
    'Ressemblance avec « vip »'
    """
    gettext = translations(language).gettext
    chance, chosen = score.traits
    if isinstance(score, SupervisedDefinition):
        return {
            chance: gettext("Chance to be as the examples"),
            chosen: gettext("Chosen as like the examples"),
        }
    return {
        chance: gettext("Likeness to “%(segment)s”") % {"segment": score.seed},
        chosen: gettext("Chosen as like “%(segment)s”") % {"segment": score.seed},
    }


def about_chosen(score: LookalikeDefinition | SupervisedDefinition, language: Language) -> str:
    """Return what look-alikes, or a supervised segment, tell, in a sentence."""
    gettext = translations(language).gettext
    if isinstance(score, SupervisedDefinition):
        return gettext("The chance to be as those of whom the examples say yes.")
    return gettext("How like the members of “%(segment)s” people outside it are.") % {"segment": score.seed}
